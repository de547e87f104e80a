/** What a store keeps: the nouns of the contract. Users see `Job` and `AuditEvent` (job.ts, audit-event.ts), made from these. */

/** The output of `JSON.stringify`: opaque to stores, never parsed, stored byte for byte. */
export type JsonText = string
/** An instant: whole milliseconds since 1970, 0 … 2^45−1, always by the store's clock. */
export type Ms = number
/** Opaque, made by a store, valid for ever on the same data. */
export type Cursor = string

export type Live = 'waiting' | 'queued' | 'leased' | 'running'
export type Terminal = 'succeeded' | 'failed' | 'dead' | 'cancelled'
export type State = Live | Terminal

/** `inMs` is added to the store's clock; `at` is an instant that a user wrote. */
export type When = { readonly inMs: number } | { readonly at: Ms }

export interface LeaseRecord {
  /** Proof of the lease: unguessable, never shown outside `JobRecord.lease`. */
  readonly token: string
  /** The version that the claim wrote: grows for ever. */
  readonly fence: number
  readonly workerId: string
  readonly until: Ms
}

export interface JobRecord {
  readonly id: string
  readonly queue: string
  readonly type: string
  readonly state: State
  /** The number of the job's events, which is the `seq` of the last one. */
  readonly version: number
  readonly priority: number
  readonly runAt: Ms
  /** Runs since enqueue or retry; snooze and release give theirs back. */
  readonly attempt: number
  readonly maxAttempts: number
  readonly key: string | null
  /** When the key is free again: at the first claim, or when the job is over. */
  readonly keyUntil: 'claimed' | 'finished'
  /** Unused until limits come; stored from day one. */
  readonly group: string | null
  readonly tags: readonly string[]
  readonly createdAt: Ms
  readonly updatedAt: Ms
  readonly startedAt: Ms | null
  readonly finishedAt: Ms | null
  readonly lease: LeaseRecord | null
  readonly progress: JsonText | null
  readonly error: JsonText | null
  /** Core's own: backoff, timeout, meta (ext.ts). */
  readonly ext: JsonText | null
  // The four bodies: null in lists unless `bodies: true`.
  readonly payload: JsonText | null
  readonly result: JsonText | null
  readonly checkpoint: JsonText | null
  readonly log: JsonText | null
}

export interface EventRecord {
  readonly jobId: string
  readonly queue: string
  /** 1, 2, 3 … per job, without gap or repeat. */
  readonly seq: number
  readonly at: Ms
  readonly type: string
  readonly from: State | null
  readonly to: State
  /** `attempt`, `fence` and `workerId`: of the lease in force before this event, else of the one it made. */
  readonly attempt: number
  readonly fence: number | null
  readonly workerId: string | null
  readonly actor: string | null
  /** Error, reason, old values: core's words (detail.ts). */
  readonly detail: JsonText | null
}
