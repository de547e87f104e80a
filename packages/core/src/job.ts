/** What users see of a job: frozen plain data, made by core from the contract's `JobRecord` (present.ts). */
import type { JobDefinition } from './define.js'
import type { Json } from './json.js'

/** `waiting`: not claimable until something outside the queue moves it (a tracked job; later a parent job). */
export type JobState = 'waiting' | 'queued' | 'leased' | 'running' | FinishedState
export type FinishedState = 'succeeded' | 'failed' | 'dead' | 'cancelled'

/**
 * A job as it was when the store answered. Frozen plain data; `JSON.stringify` gives ISO 8601 instants.
 * The lease token, the log and the checkpoint stay inside.
 */
export interface Job<Payload = unknown, Result = unknown> {
  readonly id: string
  readonly type: string
  readonly queue: string
  readonly state: JobState
  /** As enqueued (the schema's input); `undefined` where none was given. */
  readonly payload: Payload
  readonly priority: number
  /** Runs since enqueue or retry, without snoozed and released ones. */
  readonly attempt: number
  readonly maxAttempts: number
  /** When it became or becomes due. */
  readonly runAt: Date
  readonly createdAt: Date
  readonly updatedAt: Date
  /** Start of the latest attempt. */
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  /** Who holds it and until when. The token is not shown here. */
  readonly lease: { readonly workerId: string; readonly expiresAt: Date } | null
  readonly progress: Json | null
  readonly result: Result | null
  /** The latest failure, kept while a retry waits. */
  readonly error: JobFailure | null
  /** Null also when the claim has freed it. */
  readonly uniqueKey: string | null
  readonly tags: readonly string[]
  /** Yours: `createdBy`, `traceparent`, … Not part of the payload, never checked by a schema. At most 8 KiB. */
  readonly meta: { readonly [key: string]: Json }
  /** Number of its audit events. */
  readonly version: number
}

/** What is kept of a failure. */
export interface JobFailure {
  readonly name: string
  readonly message: string
  /** From the error's own `code` where it has one. */
  readonly code: string | null
  /** At most 8 KiB. Never sent over HTTP. */
  readonly stack: string | null
  readonly attempt: number
  /** By the reporting process's clock, like `LogLine.at`. */
  readonly at: Date
}

/** The job that `enqueue` wrote, or the one that was there already (same id, or same live unique key): then `isNew` is false. */
export type EnqueuedJob<Payload = unknown, Result = unknown> = Job<Payload, Result> & { readonly isNew: boolean }

/** A job that is over: `switch (job.state)` narrows `result` and `error`. */
export type FinishedJob<Payload = unknown, Result = unknown> =
  | (Job<Payload, Result> & { readonly state: 'succeeded'; readonly result: Result; readonly finishedAt: Date })
  | (Job<Payload, Result> & {
      readonly state: 'failed' | 'dead'
      readonly result: null
      readonly error: JobFailure
      readonly finishedAt: Date
    })
  | (Job<Payload, Result> & { readonly state: 'cancelled'; readonly result: null; readonly finishedAt: Date })

/** Dropped lines leave a marker in front that says how many. */
export interface LogLine {
  readonly at: Date
  readonly attempt: number
  readonly message: string
}

/** True when the job is of that type; narrows payload and result. Does not run the schema. */
export function isJobOf<P, R, PI, RI>(job: Job, definition: JobDefinition<P, R, PI, RI>): job is Job<PI, R> {
  return job.type === definition.type
}
