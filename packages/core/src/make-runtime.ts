import { hostname } from 'node:os'
import { Capacity } from './capacity.js'
import { MAX_BODY_BYTES } from './checked-json.js'
import { Coalescer } from './coalescer.js'
import type { AnyJobDefinition } from './define.js'
import { type Duration, toMs } from './duration.js'
import { JobLines } from './job-lines.js'
import { KnownDefinitions } from './known-definitions.js'
import { Lanes, type QueueSettings } from './lanes.js'
import { LocalEvents } from './local-events.js'
import { type Logger, SILENT } from './logger.js'
import { Metrics } from './metrics.js'
import { checkWhole } from './names.js'
import type { JobPolicy } from './policy.js'
import type { Late, Runtime } from './runtime.js'
import type { Store } from './store.js'
import { type AnyStore, StoreDoor } from './store-door.js'
import { Sweeper } from './sweeper.js'
import { Wakeups } from './wake.js'

export interface JobQueueOptions<Tx, Sync extends boolean> {
  /**
   * Opened on first use; a promise that rejects shows in the first call, never as an unhandled rejection.
   * Closed by `close()`; a store closes only the connections that it opened itself.
   */
  readonly store: Store<Tx, Sync> | Promise<Store<Tx, Sync>>
  /** Definitions to know by their `type`: for payloads that arrive over HTTP or by name. Those used in `enqueue` and `work` are known anyway. */
  readonly jobs?: readonly AnyJobDefinition[] | undefined
  /** Policy for jobs whose definition says nothing. */
  readonly defaults?: JobPolicy | undefined
  /** Written to the store when it opens. */
  readonly queues?: { readonly [name: string]: QueueSettings } | undefined
  /** Payload and result each. Default and most: 1 MiB. */
  readonly maxPayloadBytes?: number | undefined
  /** How often this process looks for leases that ran out and jobs to purge, once it works, claims or serves. false: never. Default `'5s'`. */
  readonly sweep?: Duration | false | undefined
  /** Default silent. */
  readonly logger?: Logger | undefined
}

/** The rooms of one queue, made and wired; nothing is opened. */
export function runtimeOf(
  // biome-ignore lint/suspicious/noExplicitAny: inside, nobody names the transaction of a store
  options: JobQueueOptions<any, any>,
  of: {
    readonly isClosing: () => boolean
    readonly late: () => Late
    readonly opened: (store: AnyStore) => Promise<void>
  },
): Runtime {
  const logger = options.logger ?? SILENT
  const door = new StoreDoor(options.store, of.opened)
  const events = new LocalEvents(logger, () => door.seam.monotonic())
  const trouble = (error: unknown, doing: string): void => events.trouble(error, doing)
  const laneSettings = new Lanes(door, trouble)
  const wake = new Wakeups(door)
  const sweepMs = options.sweep === false ? null : toMs(options.sweep ?? '5s', 'sweep')
  const rt: Runtime = {
    door,
    get seam() {
      return door.seam
    },
    send: new Coalescer({ store: door.forward, ready: door.ready, seam: door.forwardSeam }),
    lines: new JobLines(),
    known: new KnownDefinitions(options.jobs),
    defaults: options.defaults,
    maxPayloadBytes: checkWhole(options.maxPayloadBytes ?? MAX_BODY_BYTES, 1, MAX_BODY_BYTES, 'maxPayloadBytes'),
    lanes: laneSettings,
    capacity: new Capacity(door, laneSettings),
    wake,
    sweeper: new Sweeper(() => rt, sweepMs),
    events,
    metrics: new Metrics(),
    logger,
    host: `${hostname()
      .replace(/[^A-Za-z0-9_.-]/g, '-')
      .slice(0, 100)}:${process.pid}`,
    isClosing: of.isClosing,
    late: of.late,
  }
  return rt
}
