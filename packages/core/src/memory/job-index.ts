/** The four walks: by id, in claim order for each queue and type, by the end of the lease, by the end of the job. */
import { byClaimOrder } from '../kit.js'
import type { JobRecord, Ms, Terminal } from '../record.js'
import type { ClaimWalk, FinishedWalk, IdWalk, LeaseWalk } from '../store.js'
import { comparePlaces, type Place, placeOf } from '../table.js'
import { isTerminal } from '../transitions.js'
import { OrderedSet } from './ordered-set.js'

type Jobs = OrderedSet<JobRecord>
const byLease = (a: JobRecord, b: JobRecord): number => comparePlaces(placeOf('lease', a), placeOf('lease', b))
const byFinish = (a: JobRecord, b: JobRecord): number => comparePlaces(placeOf('finished', a), placeOf('finished', b))

export class JobIndex {
  readonly #ids = new OrderedSet<string>((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  readonly #ready = new Map<string, Map<string, Jobs>>()
  readonly #leases: Jobs = new OrderedSet(byLease)
  readonly #finished: Readonly<Record<Terminal, Jobs>> = {
    succeeded: new OrderedSet(byFinish),
    failed: new OrderedSet(byFinish),
    dead: new OrderedSet(byFinish),
    cancelled: new OrderedSet(byFinish),
  }

  /** From one record of a job to the next; null: it was not there, it is gone. `move(b, a)` undoes `move(a, b)`. */
  move(from: JobRecord | null, to: JobRecord | null): void {
    if (from && !to) this.#ids.delete(from.id)
    if (to && !from) this.#ids.add(to.id)
    if (from) this.#leave(from)
    if (to) this.#enter(to)
  }

  *byId(query: IdWalk, after: Place | null): Generator<string, void, undefined> {
    if (query.direction === 'asc') yield* this.#ids.up((id) => after !== null && id <= after.id)
    else yield* this.#ids.down((id) => after === null || id < after.id)
  }

  byClaim(query: ClaimWalk, after: Place | null, now: Ms): Iterable<JobRecord> {
    const isPassed = passed('claim', after)
    return merge(
      this.#lanes(query.queue, query.types).map((lane) =>
        query.dueOnly ? dueIn(lane, isPassed, now) : lane.up(isPassed),
      ),
    )
  }

  *byLease(query: LeaseWalk, after: Place | null, now: Ms): Generator<JobRecord, void, undefined> {
    for (const job of this.#leases.up(passed('lease', after))) {
      if (query.overOnly && job.lease && job.lease.until > now) return
      yield job
    }
  }

  *byFinish(query: FinishedWalk, after: Place | null): Generator<JobRecord, void, undefined> {
    const { finishedFrom = 0, finishedTo = Number.POSITIVE_INFINITY } = query
    const ended = (job: JobRecord): Ms => job.finishedAt ?? 0
    const jobs = this.#finished[query.state]
    const isPassed = passed('finished', after)
    const isAhead = (job: JobRecord): boolean => after === null || comparePlaces(placeOf('finished', job), after) < 0
    const found =
      query.direction === 'asc'
        ? jobs.up((job) => ended(job) < finishedFrom || isPassed(job))
        : jobs.down((job) => ended(job) < finishedTo && isAhead(job))
    for (const job of found) {
      if (ended(job) < finishedFrom || ended(job) >= finishedTo) return
      yield job
    }
  }

  /** Claim order puts the earliest job of each priority first, so the first of each band is enough. */
  nextDue(queue: string, types: readonly string[] | undefined): Ms | null {
    let next: Ms | null = null
    for (const lane of this.#lanes(queue, types)) {
      for (const { runAt } of bandsOf(lane)) next = next === null ? runAt : Math.min(next, runAt)
    }
    return next
  }

  #lanes(queue: string, types: readonly string[] | undefined): Jobs[] {
    const lanes = this.#ready.get(queue)
    if (!lanes) return []
    return types ? [...new Set(types)].flatMap((type) => lanes.get(type) ?? []) : [...lanes.values()]
  }

  #enter(job: JobRecord): void {
    if (job.state === 'queued') {
      const lanes = this.#ready.get(job.queue) ?? new Map<string, Jobs>()
      const lane = lanes.get(job.type) ?? new OrderedSet(byClaimOrder)
      lane.add(job)
      this.#ready.set(job.queue, lanes.set(job.type, lane))
    } else if (isTerminal(job.state)) this.#finished[job.state].add(job)
    if (job.lease) this.#leases.add(job)
  }

  #leave(job: JobRecord): void {
    if (job.state === 'queued') {
      const lanes = this.#ready.get(job.queue)
      const lane = lanes?.get(job.type)
      lane?.delete(job)
      if (lane?.size === 0) lanes?.delete(job.type)
      if (lanes?.size === 0) this.#ready.delete(job.queue)
    } else if (isTerminal(job.state)) this.#finished[job.state].delete(job)
    if (job.lease) this.#leases.delete(job)
  }
}

const passed =
  (walk: 'claim' | 'lease' | 'finished', after: Place | null) =>
  (job: JobRecord): boolean =>
    after !== null && comparePlaces(placeOf(walk, job), after) <= 0

/** The first job of each priority, from the highest priority down; behind a point, where one is given. */
function* bandsOf(
  lane: Jobs,
  isPassed: (job: JobRecord) => boolean = () => false,
): Generator<JobRecord, void, undefined> {
  let first = lane.first(isPassed)
  while (first) {
    yield first
    const { priority } = first
    first = lane.first((job) => job.priority >= priority)
  }
}

/** Band by band: what is not due yet at a high priority is jumped over, not walked through, however much it is. */
function* dueIn(lane: Jobs, isPassed: (job: JobRecord) => boolean, now: Ms): Generator<JobRecord, void, undefined> {
  for (const { priority } of bandsOf(lane, isPassed)) {
    for (const job of lane.up((other) => other.priority > priority || isPassed(other))) {
      if (job.priority !== priority || job.runAt > now) break
      yield job
    }
  }
}

/** Runs in claim order as one. There are as many as types, so looking at all the heads is cheaper than a heap of them. */
function* merge(runs: readonly Iterable<JobRecord>[]): Generator<JobRecord, void, undefined> {
  const heads: { job: JobRecord; rest: Iterator<JobRecord> }[] = []
  for (const run of runs) {
    const rest = run[Symbol.iterator]()
    const { done, value } = rest.next()
    if (!done) heads.push({ job: value, rest })
  }
  while (heads.length > 0) {
    const first = heads.reduce((best, head) => (byClaimOrder(head.job, best.job) < 0 ? head : best))
    yield first.job
    const { done, value } = first.rest.next()
    if (done) heads.splice(heads.indexOf(first), 1)
    else first.job = value
  }
}
