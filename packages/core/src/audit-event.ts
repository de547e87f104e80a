import type { JobFailure, JobState } from './job.js'
import type { Json } from './json.js'

export type AuditEventType =
  | 'enqueued'
  | 'leased'
  | 'started'
  | 'succeeded'
  | 'failed'
  | 'snoozed'
  | 'released'
  | 'lease_expired'
  | 'cancelled'
  | 'retried'
  | 'rescheduled'
  | 'reprioritised'
  /** `ifExists: 'replace'`. */
  | 'edited'
  /** Only where the queue's settings ask for them; tracked: `progressed` always. */
  | 'heartbeat'
  | 'progressed'

export interface AuditEvent {
  readonly jobId: string
  readonly queue: string
  /** 1, 2, 3 … per job, without gaps. */
  readonly seq: number
  readonly type: AuditEventType
  /** By the store's clock; never decreasing in `seq`. */
  readonly at: Date
  readonly from: JobState | null
  readonly to: JobState
  readonly attempt: number
  /** As `attempt`: of the lease before the event, else of the one it made. */
  readonly fence: number | null
  readonly workerId: string | null
  /** Who: a worker's id, the `actor` given with an action, `'sweep'`, or null. */
  readonly actor: string | null
  readonly reason: string | null
  readonly error: JobFailure | null
  /** Old values and the like. */
  readonly detail: { readonly [key: string]: Json } | null
}

/** An event of `feed()`. */
export interface FeedEvent extends AuditEvent {
  /** The place just behind it in the whole feed; opaque. */
  readonly cursor: string
}
