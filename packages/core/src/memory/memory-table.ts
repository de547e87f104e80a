import type { EventRecord, JobRecord, Ms, State } from '../record.js'
import type { Count, IdWalk, ListQuery, Setting } from '../store.js'
import type { Place, Positioned, Table } from '../table.js'
import { isTerminal } from '../transitions.js'
import { EventLog } from './event-log.js'
import { JobIndex } from './job-index.js'

type Step = (from: JobRecord | null, to: JobRecord | null) => void

/**
 * A table of Maps and ordered sets. Each step of a write leaves behind what undoes it, so a throw at any point, in the middle of a record
 * as well, leaves nothing (ATOM-1, ATOM-5).
 */
export class MemoryTable implements Table {
  readonly #jobs = new Map<string, JobRecord>()
  readonly #holders = new Map<string, string>()
  readonly #index = new JobIndex()
  readonly #counts = new Map<string, Map<State, number>>()
  readonly #log = new EventLog()
  readonly #settings = new Map<string, Map<string, Setting>>()
  readonly #failpoint: (name: string) => void
  #undo: (() => void)[] = []

  constructor(failpoint: (name: string) => void) {
    this.#failpoint = failpoint
  }

  commit(): void {
    this.#undo = []
    this.#log.compact()
  }

  rollback(): void {
    for (const undo of this.#undo.reverse()) undo()
    this.#undo = []
  }

  job(id: string): JobRecord | null {
    return this.#jobs.get(id) ?? null
  }

  holder(queue: string, key: string): string | null {
    return this.#holders.get(holding(queue, key)) ?? null
  }

  put(after: JobRecord, before: JobRecord | null, event: EventRecord | null): void {
    this.#replace(before, after)
    if (!event) return
    this.#log.append(event)
    this.#done('event', () => this.#log.unappend())
  }

  drop(job: JobRecord): void {
    this.#replace(job, null)
    this.#done('event', this.#log.drop(job.id))
  }

  walk(query: ListQuery, after: Place | null, now: Ms): Iterable<JobRecord> {
    switch (query.walk) {
      case 'id':
        return this.#byId(query, after)
      case 'claim':
        return this.#index.byClaim(query, after, now)
      case 'lease':
        return this.#index.byLease(query, after, now)
      case 'finished':
        return this.#index.byFinish(query, after)
    }
  }

  nextDue(queue: string, types: readonly string[] | undefined): Ms | null {
    return this.#index.nextDue(queue, types)
  }

  events(jobId: string, afterSeq: number, limit: number): EventRecord[] {
    return this.#log.ofJob(jobId, afterSeq, limit)
  }

  feed(after: number, limit: number): Positioned[] {
    return this.#log.after(after, limit)
  }

  end(): number {
    return this.#log.end
  }

  counts(): Count[] {
    return Array.from(this.#counts, ([queue, states]) =>
      Array.from(states, ([state, count]) => ({ queue, state, count })),
    ).flat()
  }

  setting(kind: string, name: string): Setting | null {
    return this.#settings.get(kind)?.get(name) ?? null
  }

  settings(kind: string): Setting[] {
    return [...(this.#settings.get(kind)?.values() ?? [])]
  }

  write(kind: string, name: string, setting: Setting | null): void {
    const before = this.setting(kind, name)
    this.#keep(kind, name, setting)
    this.#done('setting', () => this.#keep(kind, name, before))
  }

  *#byId(query: IdWalk, after: Place | null): Generator<JobRecord, void, undefined> {
    for (const id of this.#index.byId(query, after)) {
      const job = this.#jobs.get(id)
      if (job) yield job
    }
  }

  /** Each step is its own inverse with the records turned round. */
  #replace(before: JobRecord | null, after: JobRecord | null): void {
    const step = (name: string, run: Step): void => {
      run(before, after)
      this.#done(name, () => run(after, before))
    }
    step('record', this.#moveRecord)
    step('key', this.#moveKey)
    step('index', this.#moveIndex)
    step('count', this.#moveCount)
  }

  #done(name: string, undo: () => void): void {
    this.#undo.push(undo)
    this.#failpoint(name)
  }

  readonly #moveRecord: Step = (from, to) => {
    if (to) this.#jobs.set(to.id, to)
    else if (from) this.#jobs.delete(from.id)
  }

  readonly #moveKey: Step = (from, to) => {
    const left = from && heldBy(from)
    const entered = to && heldBy(to)
    if (left === entered) return
    if (left) this.#holders.delete(left)
    if (to && entered) this.#holders.set(entered, to.id)
  }

  readonly #moveIndex: Step = (from, to) => this.#index.move(from, to)

  readonly #moveCount: Step = (from, to) => {
    if (from && to && from.state === to.state) return
    if (from) this.#count(from, -1)
    if (to) this.#count(to, 1)
  }

  #count({ queue, state }: JobRecord, difference: number): void {
    const states = this.#counts.get(queue) ?? new Map<State, number>()
    const count = (states.get(state) ?? 0) + difference
    if (count > 0) states.set(state, count)
    else states.delete(state)
    if (states.size > 0) this.#counts.set(queue, states)
    else this.#counts.delete(queue)
  }

  #keep(kind: string, name: string, setting: Setting | null): void {
    const named = this.#settings.get(kind) ?? new Map<string, Setting>()
    if (setting) named.set(name, setting)
    else named.delete(name)
    if (named.size > 0) this.#settings.set(kind, named)
    else this.#settings.delete(kind)
  }
}

/** Neither a queue's name nor a key has control characters, so no two pairs meet. */
const holding = (queue: string, key: string): string => `${queue}\n${key}`

/** The key that the job holds; null when it has none, or is over. */
const heldBy = (job: JobRecord): string | null =>
  job.key === null || isTerminal(job.state) ? null : holding(job.queue, job.key)
