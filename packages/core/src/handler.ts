import type { AnyJobDefinition, JobDefinition } from './define.js'
import { type Duration, toMs } from './duration.js'
import type { StintError } from './errors.js'
import type { LeasedHold, Settled } from './hold.js'
import type { Job } from './job.js'
import type { Json } from './json.js'
import type { Logger } from './logger.js'
import { checkWhole } from './names.js'

/** Why a running attempt should stop. */
export type AbortCode = 'JOB_CANCELLED' | 'LEASE_LOST' | 'JOB_TIMEOUT' | 'WORKER_STOPPING'

/**
 * An ordinary `AbortSignal` whose reason is one of four `StintError`s: `switch (signal.reason.code)`.
 * Once it has aborted, returning or throwing is no outcome any more, so `return` is always safe: the job is cancelled, lost, failed by its
 * timeout or, when the worker stops, released two seconds later; until then `saveCheckpoint` and an explicit `succeed`, `fail` or `snooze` count.
 */
export interface JobSignal extends AbortSignal {
  readonly reason: StintError<AbortCode>
}

/** What a handler receives. In-process workers prolong the lease by themselves. */
export interface JobContext<Payload = unknown, ResultInput = unknown> extends LeasedHold<ResultInput> {
  readonly job: Job
  /** Parsed by the schema. */
  readonly payload: Payload
  /** 1 for the first run. */
  readonly attempt: number
  /** The job's version at the claim: grows for ever. Hand it to other systems that can refuse an older one. */
  readonly fence: number
  /** What an earlier attempt saved, else null. Parse it: another version of the program may have written it. */
  readonly checkpoint: Json | null
  readonly signal: JobSignal
  /** `logger.child({ jobId, type, attempt })`. */
  readonly logger: Logger
}

// biome-ignore lint/suspicious/noConfusingVoidType: a handler that owes no result may end without a return
export type Returned<ResultInput> = ResultInput | Settled | (undefined extends ResultInput ? void : never)

/** A definition bound to its code. Opaque; give it to `work`, or to `runJob` in a test. */
export interface JobHandler<Payload = unknown, Result = unknown, PayloadInput = Payload, ResultInput = Result> {
  readonly job: JobDefinition<Payload, Result, PayloadInput, ResultInput>
}
// biome-ignore lint/suspicious/noExplicitAny: a list of handlers holds them all; their payloads vary in both directions
export type AnyJobHandler = JobHandler<any, any, any, any>

export interface BatchOptions {
  /** Most jobs of one call. 1–500. */
  readonly size: number
  /** Longest time to gather a full batch once one job is there. Default 0: takes what is due. */
  readonly wait?: Duration | undefined
}

/** Returns → succeeded. Throws → failed, and retried by the policy unless it throws `JobError` with `retry: false`. */
export function handle<P, R, PI, RI>(
  job: JobDefinition<P, R, PI, RI>,
  run: (context: JobContext<P, RI>) => Returned<RI> | Promise<Returned<RI>>,
): JobHandler<P, R, PI, RI> {
  return bound(job, run as Run, null)
}

/**
 * One call for many jobs. Settle them one by one by their own verbs; when the call returns, what is left succeeds without a result;
 * when it throws, what is left fails with that error. Takes one slot of the pool, and every job of a batch must be of one type.
 */
export function handleBatch<P, R, PI, RI>(
  job: JobDefinition<P, R, PI, RI>,
  run: (batch: ReadonlyArray<JobContext<P, RI>>) => void | Promise<void>,
  options: BatchOptions,
): JobHandler<P, R, PI, RI> {
  const batch = { size: checkWhole(options?.size, 1, 500, 'size'), waitMs: toMs(options.wait ?? 0, 'wait') }
  return bound(job, run as Run, batch)
}

/** The code behind a handler: called with one context, or with many where `batch` is there. */
export interface BoundHandler {
  readonly job: AnyJobDefinition
  readonly run: Run
  readonly batch: { readonly size: number; readonly waitMs: number } | null
}
export type Run = (given: never) => unknown

const BOUND = Symbol.for('stint.handler')

function bound<P, R, PI, RI>(
  job: JobDefinition<P, R, PI, RI>,
  run: Run,
  batch: BoundHandler['batch'],
): JobHandler<P, R, PI, RI> {
  if (typeof job?.type !== 'string' || typeof job.payload !== 'object')
    throw new TypeError('handle: expected a definition made by defineJob(…)')
  if (typeof run !== 'function') throw new TypeError(`handle: expected a function for "${job.type}", got ${typeof run}`)
  const handler: BoundHandler = { job, run, batch }
  return Object.freeze({ job, [BOUND]: handler })
}

/** What `work` runs of a handler. */
export function boundOf(handler: AnyJobHandler): BoundHandler {
  const inside = (handler as { [BOUND]?: BoundHandler } | null | undefined)?.[BOUND]
  if (inside) return inside
  throw new TypeError('work: expected handlers made by handle(definition, run) or handleBatch(…)')
}
