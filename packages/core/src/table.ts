/** What a store keeps, as `TableStore` sees it: plain synchronous steps inside one atomic function. Write this and `transact`, and a store is done. */
import type { EventRecord, JobRecord, Ms } from './record.js'
import type { Count, ListQuery, Setting } from './store.js'

/**
 * Where a walk stands: just behind the record that had this sort key. Every walk is ordered by priority (higher first), `at`, id;
 * a field that it is not ordered by is 0.
 */
export interface Place {
  readonly priority: number
  /** claim: `runAt` · lease: the lease's end · finished: `finishedAt`. */
  readonly at: Ms
  readonly id: string
}

export interface Positioned {
  readonly event: EventRecord
  readonly position: number
}

/** `TableStore` copies what comes in and what goes out, so a table may keep and hand out its own objects. */
export interface Table {
  job(id: string): JobRecord | null
  /** The id of the live job that holds the key. */
  holder(queue: string, key: string): string | null
  /**
   * The record with all its indexes, and its event at the end of the feed. `before`: what `job` answers now. Without an event it is a beat;
   * a restored job is put once for each of its events, with `before` and `after` the same but for the first.
   */
  put(after: JobRecord, before: JobRecord | null, event: EventRecord | null): void
  /** The record with its events; their positions in the feed stay used (FEED-3). */
  drop(job: JobRecord): void
  /**
   * The records of the walk behind `after`, in its order, lazily: the caller stops when it has enough, and changes nothing before.
   * It may yield records that a filter of the query rules out, the store looks again; but the cost of a claim rests on the walk `claim`
   * passing over other types and, with `dueOnly`, from one priority to the next over all that is not due (CLAIM-7).
   */
  walk(query: ListQuery, after: Place | null, now: Ms): Iterable<JobRecord>
  /** The earliest `runAt` among the queued jobs of the queue, of all types or of these. */
  nextDue(queue: string, types: readonly string[] | undefined): Ms | null
  /** The events of the job with a greater `seq`, by it. */
  events(jobId: string, afterSeq: number, limit: number): readonly EventRecord[]
  /** The events at greater positions, by them. Positions begin at 1. */
  feed(after: number, limit: number): readonly Positioned[]
  /** The last position ever given. */
  end(): number
  counts(): readonly Count[]
  setting(kind: string, name: string): Setting | null
  /** In any order. */
  settings(kind: string): readonly Setting[]
  /** null removes. */
  write(kind: string, name: string, setting: Setting | null): void
}

export function placeOf(walk: ListQuery['walk'], job: JobRecord): Place {
  switch (walk) {
    case 'id':
      return { priority: 0, at: 0, id: job.id }
    case 'claim':
      return { priority: job.priority, at: job.runAt, id: job.id }
    case 'lease':
      return { priority: 0, at: job.lease?.until ?? 0, id: job.id }
    case 'finished':
      return { priority: 0, at: job.finishedAt ?? 0, id: job.id }
  }
}

export const comparePlaces = (a: Place, b: Place): number =>
  b.priority - a.priority || a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
