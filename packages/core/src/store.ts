/**
 * The Store contract: types only, in contract order. Core decides, a store judges a guard and commits.
 *
 * An implementor may rely on: arguments checked by core, complete and within the limits of DATA-2; at most 500 items and 4 MiB a batch,
 * 500 jobs a claim, 1,000 a page; no id twice in a batch (inserts, changes and beats together); no call before `open` resolved or after
 * `close` began. Answers stand in the order of their questions. The numbered clauses (ATOM-1, FENCE-1 …) are in `docs/store-contract.md`.
 */
import type { Capabilities } from './capabilities.js'
import type { Clock } from './clock.js'
import type { Duration } from './duration.js'
import type { Cursor, EventRecord, JobRecord, JsonText, Ms, State, Terminal, When } from './record.js'

// ---- writes ---------------------------------------------------------------------------------------------------------

export interface EventDraft {
  readonly type: string
  readonly actor: string | null
  readonly detail: JsonText | null
}

export interface NewJob {
  readonly id: string
  readonly queue: string
  readonly type: string
  /** null: the payload is `undefined`. */
  readonly payload: JsonText | null
  readonly priority: number
  readonly run: When
  readonly maxAttempts: number
  readonly key: string | null
  readonly keyUntil: 'claimed' | 'finished'
  readonly group: string | null
  readonly tags: readonly string[]
  readonly ext: JsonText | null
  readonly state: 'queued' | 'waiting'
  readonly event: EventDraft
}

/** At least one part; all must hold on the record at the moment of the write. */
export interface Guard {
  readonly token?: string
  readonly states?: readonly State[]
  readonly version?: number
  readonly leaseOver?: true
}

/** Absent: unchanged. null: cleared. */
export interface Patch {
  readonly state?: State
  readonly run?: When
  readonly leaseMs?: number
  readonly priority?: number
  readonly attempt?: number
  readonly maxAttempts?: number
  readonly tags?: readonly string[]
  readonly payload?: JsonText | null
  readonly progress?: JsonText | null
  readonly result?: JsonText | null
  readonly error?: JsonText | null
  readonly checkpoint?: JsonText | null
  readonly log?: JsonText | null
  readonly ext?: JsonText | null
}

export interface Change {
  readonly id: string
  readonly guard: Guard
  readonly set: Patch
  readonly event: EventDraft
  /** Answer with the job as it became. */
  readonly returning?: boolean
}

/** The only write without an event: prolongs a lease and reports under it. */
export interface Beat {
  readonly id: string
  readonly token: string
  readonly leaseMs?: number
  readonly progress?: JsonText
  readonly checkpoint?: JsonText
  readonly log?: JsonText
  readonly returning?: boolean
}

export type ClaimFrom =
  | { readonly queue: string; readonly types?: readonly string[]; readonly limit: number }
  | { readonly ids: readonly string[] }

export interface Claim {
  readonly token: string
  readonly workerId: string
  readonly leaseMs: number
  readonly to: 'leased' | 'running'
  readonly max: number
  readonly event: EventDraft
  readonly from: readonly ClaimFrom[]
  /** "I may have sent this before": answer with what the token still holds, and only if that is nothing take more. */
  readonly again?: boolean
}

export interface Batch {
  readonly inserts?: readonly NewJob[]
  readonly changes?: readonly Change[]
  readonly beats?: readonly Beat[]
  readonly claims?: readonly Claim[]
}

/** The job whole, bodies included; with `isNew` false, the one that was there. */
export interface InsertResult {
  readonly isNew: boolean
  readonly job: JobRecord
}
export type ChangeResult =
  /** The job when `returning`. */
  | { readonly ok: true; readonly job: JobRecord | null }
  | { readonly ok: false; readonly why: 'missing'; readonly job: null }
  /** The job as it is: the guard fails on this very record. */
  | { readonly ok: false; readonly why: 'guard'; readonly job: JobRecord }
  | { readonly ok: false; readonly why: 'key'; readonly job: JobRecord; readonly holder: string }
export interface ClaimResult {
  readonly jobs: readonly JobRecord[]
  /** 0: more may be due now. null: nothing known to come. May be early, never late. */
  readonly nextDueInMs: number | null
}
export interface BatchResult {
  readonly inserts: readonly InsertResult[]
  readonly changes: readonly ChangeResult[]
  readonly beats: readonly ChangeResult[]
  readonly claims: readonly ClaimResult[]
}

// ---- reads ----------------------------------------------------------------------------------------------------------

/** By key: the live holder. */
export type JobRef = string | { readonly queue: string; readonly key: string }

interface ListCommon {
  readonly limit: number
  readonly cursor?: Cursor
  readonly bodies?: boolean
  readonly queue?: string
  readonly types?: readonly string[]
  readonly tag?: string
}
/** `…From` is inclusive, `…To` is not. */
export type IdWalk = ListCommon & {
  readonly walk: 'id'
  readonly direction: 'asc' | 'desc'
  readonly states?: readonly State[]
  readonly createdFrom?: Ms
  readonly createdTo?: Ms
}
/** Queued jobs of one queue in claim order, taking nothing. */
export type ClaimWalk = ListCommon & { readonly walk: 'claim'; readonly queue: string; readonly dueOnly?: boolean }
/** Jobs with a lease, earliest end first: the sweep. */
export type LeaseWalk = ListCommon & { readonly walk: 'lease'; readonly overOnly?: boolean }
/** One terminal state, by the time of its end, then id. */
export type FinishedWalk = ListCommon & {
  readonly walk: 'finished'
  readonly direction: 'asc' | 'desc'
  readonly state: Terminal
  readonly finishedFrom?: Ms
  readonly finishedTo?: Ms
}
export type ListQuery = IdWalk | ClaimWalk | LeaseWalk | FinishedWalk

/** May be short; only a null cursor ends the walk. */
export interface ListPage {
  readonly jobs: readonly JobRecord[]
  readonly cursor: Cursor | null
}

export interface EventsQuery {
  readonly afterSeq?: number
  readonly limit: number
}
export interface FeedQuery {
  readonly after: Cursor | 'start' | 'end'
  readonly limit: number
}
export interface FeedPage {
  /** An event's cursor: the place just behind it. */
  readonly events: readonly (EventRecord & { readonly cursor: Cursor })[]
  readonly cursor: Cursor
  readonly caughtUp: boolean
}
export interface Count {
  readonly queue: string
  readonly state: State
  readonly count: number
}

// ---- settings, removal, hints ---------------------------------------------------------------------------------------

export interface Setting {
  readonly kind: string
  readonly name: string
  readonly value: JsonText
  readonly version: number
  readonly updatedAt: Ms
}
/** A null value removes. `ifVersion` 0: must be absent. */
export interface SettingWrite {
  readonly kind: string
  readonly name: string
  readonly value: JsonText | null
  readonly ifVersion?: number
}
export type SettingResult =
  | { readonly ok: true; readonly version: number }
  | { readonly ok: false; readonly current: Setting | null }

export interface Removal {
  readonly id: string
  readonly version: number
}
export interface Restored {
  readonly job: JobRecord
  readonly events: readonly EventRecord[]
}
export interface Hint {
  readonly queue?: string
  readonly jobId?: string
}

// ---- options and the store ------------------------------------------------------------------------------------------

/** Every opener takes these. The queue runs on its store's clock, so time travel is switched on in one place. */
export interface StoreOptions {
  /** For tests. Default: the engine's own clock. */
  readonly clock?: Clock | undefined
  /** Longest time of one call. Default `'10s'`. */
  readonly deadline?: Duration | undefined
  /** Called between the steps of a write, may throw: for the conformance suite. */
  readonly failpoint?: ((name: string) => void) | undefined
}

export interface CallOptions<Tx = never> {
  readonly tx?: Tx
  readonly signal?: AbortSignal
}

/**
 * What an engine does. `Tx` is the transaction of the user that a call may join (`never`: none) and `Sync` whether such calls must not
 * be awaited. `Store` without parameters is any store.
 */
export interface Store<Tx = never, Sync extends boolean = boolean> extends AsyncDisposable {
  readonly contract: 1
  readonly name: string
  /** Declared, never guessed; final once open. */
  readonly capabilities: Capabilities
  /** The option; null: the engine's own. Core's timers run on it. */
  readonly clock: Clock | null
  open(): Promise<void>
  now(): Promise<Ms>
  exchange(batch: Batch, options?: CallOptions<Tx>): Promise<BatchResult>
  /** There exactly when `capabilities.transactions` is `'sync'`. */
  readonly exchangeSync: Sync extends true ? (batch: Batch, options: { readonly tx: Tx }) => BatchResult : undefined
  remove(jobs: readonly Removal[]): Promise<boolean[]>
  get(refs: readonly JobRef[]): Promise<(JobRecord | null)[]>
  list(query: ListQuery): Promise<ListPage>
  events(jobId: string, query: EventsQuery): Promise<EventRecord[]>
  feed(query: FeedQuery): Promise<FeedPage>
  stats(): Promise<Count[]>
  settings(kind: string): Promise<Setting[]>
  configure(writes: readonly SettingWrite[]): Promise<SettingResult[]>
  restore?(jobs: readonly Restored[]): Promise<boolean[]>
  subscribe(listener: (hint: Hint) => void): () => void
  close(): Promise<void>
}
