import { type Duration, toMs } from './duration.js'
import type { FinishedJob, JobState } from './job.js'
import type { SchemaIssue } from './schema.js'

/** The one table of codes, for stores too. `docs/errors.md` explains each; a check holds the two equal. */
export interface StintErrorDetails {
  /** No job of that id. */
  JOB_NOT_FOUND: { readonly jobId: string }
  /** The job was there and has been purged while it was waited for. */
  JOB_GONE: { readonly jobId: string }
  /** The id was used before for another type, queue or payload. */
  ID_CONFLICT: { readonly jobId: string }
  /** A unique key that another live job has: at `retry`, or at an enqueue of another type. */
  UNIQUE_CONFLICT: { readonly jobId: string; readonly holder: string }
  /** The command is not legal from the state the job is in. Nothing changed. */
  WRONG_STATE: { readonly jobId: string; readonly state: JobState; readonly command: string }
  /** The token is not the job's current one. Nothing changed. */
  LEASE_LOST: { readonly jobId: string; readonly why: 'cancelled' | 'taken_over' | 'settled' | 'unknown' }
  /** Not JSON-safe, or refused by the schema: at enqueue; at the run the attempt fails with this code and is not retried. */
  PAYLOAD_INVALID: { readonly type: string; readonly issues: readonly SchemaIssue[] }
  RESULT_INVALID: { readonly type: string; readonly issues: readonly SchemaIssue[] }
  /** Payload, result, progress, checkpoint or meta above its limit. */
  TOO_LARGE: { readonly what: string; readonly bytes: number; readonly maxBytes: number }
  /** The lane holds `maxQueued` jobs already. Nothing was written. */
  QUEUE_FULL: { readonly queue: string; readonly maxQueued: number }
  /** The job was not over in time. It goes on. */
  WAIT_TIMEOUT: { readonly jobId: string; readonly state: JobState }
  /** `result()` of a job that ended otherwise. */
  JOB_NOT_SUCCEEDED: { readonly job: FinishedJob }
  /** Nothing was written; safe to repeat. */
  STORE_UNAVAILABLE: { readonly store: string }
  /** The connection broke in mid-write: it may or may not have happened. Safe to repeat with the same id or token. */
  OUTCOME_UNKNOWN: { readonly store: string }
  /** The store declares that it cannot. */
  UNSUPPORTED: { readonly store: string; readonly ability: string }
  /** The schema in the database is newer than this package, or its settings are unsafe. */
  STORE_INCOMPATIBLE: { readonly store: string; readonly found: string; readonly expected: string }
  /** `openStore`: no package for that scheme; the message names what to install. */
  ADAPTER_MISSING: { readonly scheme: string; readonly install: string }
  CURSOR_INVALID: { readonly cursor: string }
  /** Your own signal ended it before anything was sent. */
  ABORTED: { readonly [none: string]: never }
  /** Your transaction is broken or must be run again. */
  TX_FAILED: { readonly store: string }
  /** Data that no store of ours wrote. */
  STORE_BROKEN: { readonly store: string }
  STORE_CLOSED: { readonly store: string }
  QUEUE_CLOSED: { readonly [none: string]: never }
  /** Reasons of a handler's signal; see `AbortCode`. */
  JOB_CANCELLED: { readonly jobId: string; readonly actor: string | null; readonly reason: string | null }
  JOB_TIMEOUT: { readonly jobId: string; readonly timeoutMs: number }
  WORKER_STOPPING: { readonly workerId: string }
}
export type StintErrorCode = keyof StintErrorDetails

const STINT_ERROR = Symbol.for('stint.error')
const JOB_ERROR = Symbol.for('stint.job-error')

/** Every error that Stint throws, but for `TypeError`. Message: what was expected, what came, what to do. */
export class StintError<Code extends StintErrorCode = StintErrorCode> extends Error {
  readonly code: Code
  readonly details: StintErrorDetails[Code]

  constructor(code: Code, message: string, details: StintErrorDetails[Code], options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StintError'
    this.code = code
    this.details = details
  }

  static {
    Object.defineProperty(this.prototype, STINT_ERROR, { value: true })
  }
}

/** Recognises by a registered symbol, not by class: true across package copies, ESM and CommonJS. */
export function isStintError<Code extends StintErrorCode = StintErrorCode>(
  error: unknown,
  code?: Code,
): error is StintError<Code> {
  return isMarked(error, STINT_ERROR) && (code === undefined || (error as StintError).code === code)
}

/**
 * What a *handler* throws to steer its own retry; Stint never throws it. Recognised by a registered symbol.
 * `retry: false` → `failed` at once; `retry: '30s'` → again in 30 s; default: the job's backoff.
 */
export class JobError extends Error {
  readonly retry: boolean | Duration
  readonly code: string | null

  constructor(
    message: string,
    options: { retry?: boolean | Duration | undefined; code?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'JobError'
    this.retry = options.retry ?? true
    this.code = options.code ?? null
    if (typeof this.retry !== 'boolean') toMs(this.retry, 'JobError retry')
  }

  static {
    Object.defineProperty(this.prototype, JOB_ERROR, { value: true })
  }
}

export const isJobError = (error: unknown): error is JobError => isMarked(error, JOB_ERROR)

/** Anything may be thrown or returned, so looking may itself throw: then it is not marked. */
export function isMarked(value: unknown, mark: symbol): boolean {
  try {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[mark] === true
  } catch {
    return false
  }
}
