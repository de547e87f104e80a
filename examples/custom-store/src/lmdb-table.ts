import type { ClaimWalk, Count, EventRecord, FinishedWalk, JobRecord, ListQuery, Ms, Setting } from '@stint/core'
import { byClaimOrder, type Place, placeOf, type Table } from '@stint/core/store'
import type { Database } from 'lmdb'
import { finishedKey, indexKeys, type Key, LAST, leaseKey, readyKey } from './keys.js'

/** An event as it is kept: with its position in the feed. */
type Kept = ReturnType<Table['feed']>[number]

/** The entries between two keys, neither of them included. */
interface Range {
  readonly low: Key
  /** Default: the end of all keys that begin with `low`. */
  readonly high?: Key
  /** Where a walk goes on: behind this key, in its direction. */
  readonly after?: Key | null
  readonly direction?: 'asc' | 'desc'
  readonly limit?: number
}

/** What a store keeps, in LMDB. Every method runs inside the transaction that `LmdbStore` has begun. */
export class LmdbTable implements Table {
  readonly #db: Database<unknown, Key>
  readonly #failpoint: (name: string) => void

  constructor(db: Database<unknown, Key>, failpoint: (name: string) => void) {
    this.#db = db
    this.#failpoint = failpoint
  }

  // ---- records and events -----------------------------------------------------------------------------------------------

  job(id: string): JobRecord | null {
    return this.#get<JobRecord>(['job', id])
  }

  holder(queue: string, key: string): string | null {
    return this.#get<string>(['holder', queue, key])
  }

  put(after: JobRecord, before: JobRecord | null, event: EventRecord | null): void {
    if (before) this.#leave(before)
    this.#set(['job', after.id], after)
    for (const key of indexKeys(after)) this.#set(key, after.id)
    this.#count(after, 1)
    if (event) this.#append(event)
  }

  drop(job: JobRecord): void {
    this.#leave(job)
    this.#set(['job', job.id], null)
    // Read to the end first: nothing is removed under a walk.
    for (const { event, position } of [...this.#between<Kept>({ low: ['event', job.id] })]) {
      this.#set(['event', job.id, event.seq], null)
      this.#set(['feed', position], null)
    }
  }

  events(jobId: string, afterSeq: number, limit: number): EventRecord[] {
    const range = { low: ['event', jobId], after: ['event', jobId, afterSeq], limit }
    return Array.from(this.#between<Kept>(range), ({ event }) => event)
  }

  feed(after: number, limit: number): readonly Kept[] {
    const range = { low: ['feed'], after: ['feed', after], limit }
    return Array.from(this.#between<Key>(range), (key) => this.#get<Kept>(key) as Kept)
  }

  end(): number {
    return this.#get<number>(['end']) ?? 0
  }

  // ---- walks ------------------------------------------------------------------------------------------------------------

  walk(query: ListQuery, after: Place | null, now: Ms): Iterable<JobRecord> {
    switch (query.walk) {
      case 'id':
        return this.#between({ low: ['job'], after: after && ['job', after.id], direction: query.direction })
      case 'claim':
        return this.#byClaim(query, after, now)
      case 'lease': {
        const high = ['lease', query.overOnly ? now + 1 : LAST]
        return this.#jobs({ low: ['lease'], high, after: after && leaseKey(after) })
      }
      case 'finished':
        return this.#byFinish(query, after)
    }
  }

  #byFinish({ state, direction, finishedFrom = 0, finishedTo = Infinity }: FinishedWalk, after: Place | null) {
    const [low, high] = [
      ['finished', state, finishedFrom],
      ['finished', state, finishedTo],
    ]
    return this.#jobs({ low, high, after: after && finishedKey(state, after), direction })
  }

  /** The next job of each type is at hand, the first of those is next of all; types are few. */
  *#byClaim({ queue, types, dueOnly }: ClaimWalk, after: Place | null, now: Ms): Generator<JobRecord> {
    const runs = [...new Set(types ?? this.#types(queue))].map((type) => {
      const next = (place: Place | null) => this.#nextOf(queue, type, place, dueOnly ? now : Infinity)
      return { next, job: next(after) }
    })
    for (;;) {
      const [first] = runs.flatMap(({ job }) => job ?? []).sort(byClaimOrder)
      if (!first) return
      yield first
      for (const run of runs) if (run.job === first) run.job = run.next(placeOf('claim', first))
    }
  }

  /** Priority by priority: what is not due yet at a high one is jumped over, however much it is (CLAIM-7). */
  #nextOf(queue: string, type: string, after: Place | null, dueBy: Ms): JobRecord | null {
    const lane = ['ready', queue, type]
    for (const [, , , , runAt, id] of this.#heads(lane, after ? readyKey(queue, type, after) : lane)) {
      if (Number(runAt) <= dueBy) return this.job(String(id))
    }
    return null
  }

  nextDue(queue: string, types: readonly string[] | undefined): Ms | null {
    let next: Ms | null = null
    for (const type of types ?? this.#types(queue)) {
      // The first of a priority is its earliest.
      for (const [, , , , runAt] of this.#heads(['ready', queue, type]))
        next = Math.min(next ?? Infinity, Number(runAt))
    }
    return next
  }

  *#types(queue: string): Generator<string> {
    for (const [, , type] of this.#heads(['ready', queue])) yield String(type)
  }

  // ---- counts and settings ----------------------------------------------------------------------------------------------

  counts(): Count[] {
    return [...this.#between<Count>({ low: ['count'] })]
  }

  setting(kind: string, name: string): Setting | null {
    return this.#get<Setting>(['setting', kind, name])
  }

  settings(kind: string): Setting[] {
    return [...this.#between<Setting>({ low: ['setting', kind] })]
  }

  write(kind: string, name: string, setting: Setting | null): void {
    this.#set(['setting', kind, name], setting)
  }

  // ---- what a write is made of ------------------------------------------------------------------------------------------

  #leave(job: JobRecord): void {
    for (const key of indexKeys(job)) this.#set(key, null)
    this.#count(job, -1)
  }

  /** In the transaction of the record, so counts are exact and cost nothing to read (COUNT-1, COUNT-2). */
  #count({ queue, state }: JobRecord, difference: 1 | -1): void {
    const count = (this.#get<Count>(['count', queue, state])?.count ?? 0) + difference
    this.#set(['count', queue, state], count === 0 ? null : { queue, state, count })
  }

  #append(event: EventRecord): void {
    const position = this.end() + 1
    const key = ['event', event.jobId, event.seq]
    this.#set(['end'], position)
    this.#set(key, { event, position })
    this.#set(['feed', position], key)
  }

  // ---- LMDB -------------------------------------------------------------------------------------------------------------

  #get<T>(key: Key): T | null {
    return (this.#db.get(key) as T | undefined) ?? null
  }

  /** null removes. */
  #set(key: Key, value: unknown): void {
    if (value === null) this.#db.removeSync(key)
    else this.#db.putSync(key, value)
    this.#failpoint(String(key[0]))
  }

  /** Lazily: LMDB reads on while somebody asks, and a loop that is left early closes its cursor. */
  *#between<T>({ low, high = [...low, LAST], after, direction, limit }: Range): Generator<T> {
    const reverse = direction === 'desc'
    const [start, end] = reverse ? [after ?? high, low] : [after ?? low, high]
    const range = { start, end, reverse, exclusiveStart: true, ...(limit !== undefined && { limit }) }
    for (const { value } of this.#db.getRange(range)) yield value as T
  }

  *#jobs(range: Range): Generator<JobRecord> {
    for (const id of this.#between<string>(range)) yield this.job(id) as JobRecord
  }

  /** The first key of each group that the part behind `of` makes: of each type of a queue, of each priority of a type. */
  *#heads(of: Key, from = of): Generator<Key> {
    const end = [...of, LAST]
    for (let start = from; ; ) {
      const [head] = this.#db.getKeys({ start, end, exclusiveStart: true, limit: 1 })
      if (!head) return
      yield head
      start = [...head.slice(0, of.length + 1), LAST]
    }
  }
}
