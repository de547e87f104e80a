/** The verbs of whoever holds a job: the same in a handler, on a pulled lease and on a tracked job. */
import type { Duration } from './duration.js'
import { isMarked } from './errors.js'
import type { Job } from './job.js'
import type { Json } from './json.js'

declare const settled: unique symbol
/** Answer of a settle. A handler may return it in place of a result: `return snooze('10m')`. */
export interface Settled {
  readonly [settled]: true
  readonly job: Job
}

/**
 * With a lease every verb is fenced: after it is lost it rejects with `LEASE_LOST` and changes nothing.
 * An unawaited call never becomes an unhandled rejection.
 */
export interface Hold<ResultInput = unknown> {
  readonly jobId: string
  /** Any small JSON: `40`, or `{ done: 40, of: 100, message: 'Uploading' }`. At most 8 KiB; the latest wins; joined with the next write under the lease. */
  progress(value: Json): Promise<void>
  /** Appends a line to the job's log: 64 KiB a job by default; beyond it the oldest lines go and a marker says how many. */
  log(message: string): Promise<void>
  /** Ends the job well. */
  succeed(result: ResultInput): Promise<Settled>
  /** Ends the attempt. `retry`: true (default) by the job's backoff, a `Duration` for "again after", false for "never". */
  fail(error: unknown, options?: FailOptions): Promise<Settled>
}

export interface FailOptions {
  readonly retry?: boolean | Duration | undefined
}

/** A hold with a lease: it ends by itself unless prolonged. */
export interface LeasedHold<ResultInput = unknown> extends Hold<ResultInput> {
  /** Proof of the lease: the store's token and the fence. Keep it secret. */
  readonly token: string
  /** Kept with the job and given to the next attempt. At most 64 KiB. */
  saveCheckpoint(value: Json): Promise<void>
  /** Back to the queue, due after `delay`; the attempt is not counted. */
  snooze(delay: Duration): Promise<Settled>
  /** Back to its old place in the queue; the attempt is not counted. */
  release(): Promise<Settled>
}

const SETTLED = Symbol.for('stint.settled')

export const settledAs = (job: Job): Settled => Object.freeze({ [SETTLED]: true, job }) as unknown as Settled

export const isSettled = (value: unknown): value is Settled => isMarked(value, SETTLED)

/** A promise that its caller may leave alone: whoever awaits it still sees what became of it. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
