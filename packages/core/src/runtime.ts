import type { Capacity } from './capacity.js'
import type { Coalescer } from './coalescer.js'
import type { JobLines } from './job-lines.js'
import type { KnownDefinitions } from './known-definitions.js'
import type { Lanes } from './lanes.js'
import type { LocalEvents } from './local-events.js'
import type { Logger } from './logger.js'
import type { Metrics } from './metrics.js'
import type { JobPolicy } from './policy.js'
import type { Seam } from './seam.js'
import type { StoreDoor } from './store-door.js'
import type { Wakeups } from './wake.js'
import type { Watch } from './watch.js'

/** What comes with the open store and is asked for by others: kept by rooms that are loaded while it opens. */
export interface Late {
  readonly watch: Watch
  readonly retention: {
    /** A job of that lane is over. */
    finished(queue: string): void
    purge(pages?: number): Promise<number>
    stop(): Promise<void>
  }
}

/** What the rooms of one queue share. Made by `JobQueue`; every room takes it as its first argument and keeps no other state of the queue. */
export interface Runtime {
  readonly door: StoreDoor
  readonly seam: Seam
  /** The only way to write jobs. */
  readonly send: Coalescer
  readonly lines: JobLines
  readonly known: KnownDefinitions
  readonly defaults: JobPolicy | undefined
  readonly maxPayloadBytes: number
  readonly lanes: Lanes
  readonly capacity: Capacity
  readonly wake: Wakeups
  readonly sweeper: {
    /** From now on, leases that ran out are looked for. */
    start(): void
    /** Expires what is over: of those ids, or a page of all. Answers whether anything came back. */
    takeOver(ids: readonly string[] | null): Promise<boolean>
    stop(): Promise<void>
  }
  readonly events: LocalEvents
  readonly metrics: Metrics
  readonly logger: Logger
  /** Host and process, for the names of workers. */
  readonly host: string
  /** What came with the open store; asked for only by calls that have reached it. */
  late(): Late
  /** True once `close` began. */
  isClosing(): boolean
}

const RUNTIME = Symbol.for('stint.runtime')

/** For the test tools, which look inside a queue; a registered symbol, since they may come from another copy of the package. */
export const shareRuntime = (queue: object, rt: Runtime): void =>
  void Object.defineProperty(queue, RUNTIME, { value: rt })

export function runtimeIn(queue: object): Runtime {
  const rt = (queue as { [RUNTIME]?: Runtime })[RUNTIME]
  if (rt) return rt
  throw new TypeError('expected a JobQueue')
}
