import type { Engine, Fault } from './engines/engine.ts'
import type { WorkOrder } from './process/orders.ts'
import type { Scene } from './scene.ts'

export type WorkerSettings = Pick<WorkOrder, 'concurrency' | 'leaseMs' | 'pollMs' | 'sweepMs' | 'handlerMs'> & {
  readonly clockOffMs: number
}

export interface Load {
  readonly perSecond: number
  readonly payloadBytes: number
  /** Enqueued at the beginning, due over the first seconds. */
  readonly ahead: number
}

/** One kind of fault under load. What it does is in `play`; what must hold behind it is the same for all (judge.ts). */
export interface Scenario {
  readonly name: string
  /** What is done, in a line. */
  readonly says: string
  readonly needs?: Fault
  /** Part of `--short`. */
  readonly isShort?: boolean
  /** Each entry is a process that works. Default: two, as `WORKER` says. */
  readonly workers?: readonly Partial<WorkerSettings>[]
  readonly clockOffOfProducerMs?: number
  readonly load?: Partial<Load>
  /** On a disk of its own, of so many MB. */
  readonly smallDiskMb?: Readonly<Record<string, number>>
  /** Who has to work again. `any`: one of them, where not each can be asked for. Default `each`. */
  readonly back?: (engine: Engine) => 'each' | 'any'
  play(scene: Scene): Promise<void>
}

export const WORKER: WorkerSettings = {
  concurrency: 4,
  leaseMs: 1500,
  pollMs: 500,
  sweepMs: 1000,
  handlerMs: 20,
  clockOffMs: 0,
}
export const LOAD: Load = { perSecond: 80, payloadBytes: 20, ahead: 120 }
