/**
 * The reference: the kit's rules on two Maps, synchronous, without an index or a cache, so that one look shows that it is right. It shares
 * nothing with the bases that stores stand on, so it can disagree with them. A copy costs a few references, which the search for a legal order needs.
 */
import { admit, apply, beat, byClaimOrder, holds, take } from '../../kit.js'
import type { EventRecord, JobRecord, Ms } from '../../record.js'
import type {
  Beat,
  Change,
  ChangeResult,
  Claim,
  ClaimFrom,
  Count,
  InsertResult,
  JobRef,
  ListQuery,
  NewJob,
  Removal,
  Setting,
  SettingResult,
  SettingWrite,
} from '../../store.js'
import { isTerminal } from '../../transitions.js'

/** A job with its trail; never changed, only replaced. */
export interface Kept {
  readonly job: JobRecord
  readonly events: readonly EventRecord[]
  /** How often the id was inserted anew, after a removal. */
  readonly life: number
}

/** What the contract leaves to a store while others write (ORDER-4, BATCH-1, PAUSE-1). */
export interface Leeway {
  /** Jobs that another call is writing: a claim may pass over them, and then owes a `nextDueInMs` of 0. */
  readonly written: ReadonlySet<string>
  /** Those of them that it put into the line, or back: the claim may not have seen them yet, and owes nothing. */
  readonly putIn: ReadonlySet<string>
  /** Jobs that the claim's own batch put in or back: it may pass over them. */
  readonly own: ReadonlySet<string>
  /** Of jobs that another call is writing, the entry of the claim by which they were in line: an earlier one may have passed over them. */
  readonly fromEntry?: ReadonlyMap<string, number> | undefined
  /** Lanes that another call is pausing or resuming: whether the claim saw them paused; others are as they are. */
  readonly paused: ReadonlyMap<string, boolean>
}

export interface ModelClaim {
  readonly jobs: readonly JobRecord[]
  /** A store's answer may be earlier, never later; null: none is known. */
  readonly dueInMs: number | null
  /** An earlier call had taken them under this token. */
  readonly isHeld: boolean
}

export class ModelStore {
  #kept = new Map<string, Kept>()
  #settings = new Map<string, Setting>()
  #lives = new Map<string, number>()

  copy(): ModelStore {
    const copy = new ModelStore()
    copy.#kept = new Map(this.#kept)
    copy.#settings = new Map(this.#settings)
    copy.#lives = new Map(this.#lives)
    return copy
  }

  /** Takes the place of this one: a way that was tried, and fits. */
  become(tried: ModelStore): void {
    this.#kept = tried.#kept
    this.#settings = tried.#settings
    this.#lives = tried.#lives
  }

  // ---- writes -------------------------------------------------------------------------------------------------------

  insert(given: NewJob, now: Ms): InsertResult {
    const there = this.get(given.id) ?? (given.key === null ? null : this.get({ queue: given.queue, key: given.key }))
    if (there) return { isNew: false, job: there }
    const { job, event } = admit(given, now)
    const life = (this.#lives.get(job.id) ?? 0) + 1
    this.#lives.set(job.id, life)
    this.#kept.set(job.id, { job, events: [event], life })
    return { isNew: true, job }
  }

  change(change: Change, now: Ms): ChangeResult {
    const kept = this.#kept.get(change.id)
    if (!kept) return { ok: false, why: 'missing', job: null }
    const { job } = kept
    if (!holds(change.guard, job, now)) return { ok: false, why: 'guard', job }
    const written = apply(change, job, now)
    if (isTerminal(job.state) && !isTerminal(written.job.state) && job.key !== null) {
      const holder = this.get({ queue: job.queue, key: job.key })
      if (holder) return { ok: false, why: 'key', job, holder: holder.id }
    }
    this.#write(kept, written.job, written.event)
    return { ok: true, job: change.returning ? written.job : null }
  }

  beat(given: Beat, now: Ms): ChangeResult {
    const kept = this.#kept.get(given.id)
    if (!kept) return { ok: false, why: 'missing', job: null }
    if (!holds({ token: given.token }, kept.job, now)) return { ok: false, why: 'guard', job: kept.job }
    const after = beat(given, kept.job, now)
    this.#write(kept, after, null)
    return { ok: true, job: given.returning ? after : null }
  }

  /** What a claim that runs alone takes, but for what it passes over by the leeway. */
  claim(claim: Claim, now: Ms, passedOver: ReadonlySet<string>, leeway: Leeway): ModelClaim {
    const isPaused = (queue: string): boolean => leeway.paused.get(queue) ?? this.#settings.has(named('paused', queue))
    const mayDue = (from: ClaimFrom): JobRecord[] =>
      this.#line(from, isPaused).filter(({ id }) => !leeway.own.has(id) && !leeway.written.has(id))
    const held = claim.again ? this.#all().filter((job) => job.lease?.token === claim.token) : []
    if (held.length > 0) return { jobs: held, dueInMs: dueIn(claim.from.flatMap(mayDue), now), isHeld: true }
    const jobs: JobRecord[] = []
    const contended = new Set<string>()
    for (const [entry, from] of claim.from.entries()) {
      let room = Math.min('ids' in from ? claim.max : from.limit, claim.max - jobs.length)
      for (const job of this.#line(from, isPaused)) {
        if (job.runAt > now || room === 0 || jobs.some(({ id }) => id === job.id)) continue
        if (passedOver.has(job.id) || (leeway.fromEntry?.get(job.id) ?? 0) > entry) {
          if (!leeway.own.has(job.id) && !leeway.putIn.has(job.id)) contended.add(job.id)
        } else {
          jobs.push(this.#take(claim, job, now))
          room -= 1
        }
      }
    }
    // What a later entry took after all leaves nothing to come again for.
    for (const { id } of jobs) contended.delete(id)
    return { jobs, dueInMs: contended.size > 0 ? 0 : dueIn(claim.from.flatMap(mayDue), now), isHeld: false }
  }

  remove({ id, version }: Removal): boolean {
    const job = this.get(id)
    if (!job || !isTerminal(job.state) || job.version !== version) return false
    return this.#kept.delete(id)
  }

  configure({ kind, name, value, ifVersion }: SettingWrite, now: Ms): SettingResult {
    const current = this.#settings.get(named(kind, name)) ?? null
    const version = current?.version ?? 0
    if (ifVersion !== undefined && ifVersion !== version) return { ok: false, current }
    if (value === null) this.#settings.delete(named(kind, name))
    else this.#settings.set(named(kind, name), { kind, name, value, version: version + 1, updatedAt: now })
    return { ok: true, version: value === null ? 0 : version + 1 }
  }

  // ---- reads --------------------------------------------------------------------------------------------------------

  get(ref: JobRef): JobRecord | null {
    if (typeof ref === 'string') return this.#kept.get(ref)?.job ?? null
    return this.#all().find((job) => job.queue === ref.queue && job.key === ref.key && !isTerminal(job.state)) ?? null
  }

  /** Every job of the walk, in its order; with their bodies. */
  list(query: ListQuery, now: Ms): JobRecord[] {
    const sign = 'direction' in query && query.direction === 'desc' ? -1 : 1
    const jobs = this.#all().filter(
      (job) =>
        (query.queue === undefined || job.queue === query.queue) &&
        (query.types?.includes(job.type) ?? true) &&
        (query.tag === undefined || job.tags.includes(query.tag)),
    )
    const by = (at: (job: JobRecord) => number) => (a: JobRecord, b: JobRecord) => sign * (at(a) - at(b) || byId(a, b))
    switch (query.walk) {
      case 'id':
        return jobs.filter((job) => query.states?.includes(job.state) ?? true).sort(by(() => 0))
      case 'claim':
        return jobs.filter((job) => job.state === 'queued' && (!query.dueOnly || job.runAt <= now)).sort(byClaimOrder)
      case 'lease':
        return jobs
          .filter(({ lease }) => lease !== null && (!query.overOnly || lease.until <= now))
          .sort(by((job) => job.lease?.until ?? 0))
      case 'finished':
        return jobs.filter((job) => job.state === query.state).sort(by((job) => job.finishedAt ?? 0))
    }
  }

  events(id: string): readonly EventRecord[] {
    return this.#kept.get(id)?.events ?? []
  }

  /** Each job with its events, and which life of its id it is. */
  trails(): readonly Kept[] {
    return [...this.#kept.values()]
  }

  /** By queue and state, without zeros, in one order. */
  stats(): Count[] {
    const groups = Map.groupBy(this.#all(), ({ queue, state }) => `${queue}\n${state}`)
    return Array.from(groups.values(), (jobs) => {
      const [{ queue, state }] = jobs as [JobRecord]
      return { queue, state, count: jobs.length }
    }).sort(byQueueAndState)
  }

  settings(kind: string): Setting[] {
    return [...this.#settings.values()]
      .filter((setting) => setting.kind === kind)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Equal texts: the same jobs with the same trails and settings. */
  fingerprint(): string {
    const jobs = [...this.#kept.values()].sort((a, b) => byId(a.job, b.job))
    return JSON.stringify([jobs, this.settings('paused')])
  }

  // ---- inside -------------------------------------------------------------------------------------------------------

  #all(): JobRecord[] {
    return Array.from(this.#kept.values(), ({ job }) => job)
  }

  /** What an entry asks for, in the order in which it is served: due or not, paused lanes aside. */
  #line(from: ClaimFrom, isPaused: (queue: string) => boolean): JobRecord[] {
    const asked =
      'ids' in from
        ? from.ids.flatMap((id) => this.get(id) ?? [])
        : this.#all()
            .filter((job) => job.queue === from.queue && (from.types?.includes(job.type) ?? true))
            .sort(byClaimOrder)
    return asked.filter((job) => job.state === 'queued' && !isPaused(job.queue))
  }

  #take(claim: Claim, job: JobRecord, now: Ms): JobRecord {
    const written = take(claim, job, now)
    this.#write(this.#kept.get(job.id), written.job, written.event)
    return written.job
  }

  #write(before: Kept | undefined, job: JobRecord, event: EventRecord | null): void {
    if (!before) return
    this.#kept.set(job.id, { ...before, job, events: event ? [...before.events, event] : before.events })
  }
}

const named = (kind: string, name: string): string => `${kind}\n${name}`
const byId = (a: JobRecord, b: JobRecord): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

export const byQueueAndState = (a: Count, b: Count): number =>
  a.queue < b.queue ? -1 : a.queue > b.queue ? 1 : a.state < b.state ? -1 : a.state > b.state ? 1 : 0

function dueIn(jobs: readonly JobRecord[], now: Ms): number | null {
  return jobs.length === 0 ? null : Math.max(0, Math.min(...jobs.map(({ runAt }) => runAt)) - now)
}
