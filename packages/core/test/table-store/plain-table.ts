/** The least that is a table: Maps and arrays without any index. Slow on purpose, so that one look shows that it is right. */
import { byClaimOrder } from '../../src/kit.js'
import type { EventRecord, JobRecord } from '../../src/record.js'
import type { Count, ListQuery, Setting, StoreOptions } from '../../src/store.js'
import { comparePlaces, type Place, type Positioned, placeOf, type Table } from '../../src/table.js'
import { TableStore } from '../../src/table-store.js'
import { isTerminal } from '../../src/transitions.js'

export class PlainTable implements Table {
  readonly #jobs = new Map<string, JobRecord>()
  readonly #settings = new Map<string, Setting>()
  #feed: Positioned[] = []
  #end = 0

  job = (id: string): JobRecord | null => this.#jobs.get(id) ?? null

  holder = (queue: string, key: string): string | null =>
    this.#all().find((job) => job.queue === queue && job.key === key && !isTerminal(job.state))?.id ?? null

  put(after: JobRecord, _before: JobRecord | null, event: EventRecord | null): void {
    this.#jobs.set(after.id, after)
    if (event) this.#feed.push({ event, position: ++this.#end })
  }

  drop(job: JobRecord): void {
    this.#jobs.delete(job.id)
    this.#feed = this.#feed.filter(({ event }) => event.jobId !== job.id)
  }

  walk(query: ListQuery, after: Place | null): JobRecord[] {
    const order = (a: JobRecord, b: JobRecord): number => comparePlaces(placeOf(query.walk, a), placeOf(query.walk, b))
    const isOnIt = (job: JobRecord): boolean =>
      query.walk === 'id' ||
      (query.walk === 'claim' && job.state === 'queued') ||
      (query.walk === 'lease' && job.lease !== null) ||
      (query.walk === 'finished' && job.state === query.state)
    const sign = 'direction' in query && query.direction === 'desc' ? -1 : 1
    return this.#all()
      .filter((job) => isOnIt(job) && (after === null || sign * comparePlaces(placeOf(query.walk, job), after) > 0))
      .sort((a, b) => sign * order(a, b))
  }

  nextDue(queue: string, types: readonly string[] | undefined): number | null {
    const queued = this.#all().filter(
      (job) => job.state === 'queued' && job.queue === queue && (types?.includes(job.type) ?? true),
    )
    return queued.length === 0 ? null : Math.min(...queued.map((job) => job.runAt))
  }

  events = (jobId: string, afterSeq: number, limit: number): EventRecord[] =>
    this.#feed
      .map(({ event }) => event)
      .filter((event) => event.jobId === jobId && event.seq > afterSeq)
      .slice(0, limit)

  feed = (after: number, limit: number): Positioned[] =>
    this.#feed.filter(({ position }) => position > after).slice(0, limit)

  end = (): number => this.#end

  counts(): Count[] {
    const groups = Map.groupBy(this.#all(), ({ queue, state }) => JSON.stringify({ queue, state }))
    return Array.from(groups, ([group, jobs]) => ({ ...JSON.parse(group), count: jobs.length }))
  }

  setting = (kind: string, name: string): Setting | null => this.#settings.get(JSON.stringify([kind, name])) ?? null

  settings = (kind: string): Setting[] => [...this.#settings.values()].filter((setting) => setting.kind === kind)

  write(kind: string, name: string, setting: Setting | null): void {
    if (setting) this.#settings.set(JSON.stringify([kind, name]), setting)
    else this.#settings.delete(JSON.stringify([kind, name]))
  }

  #all = (): JobRecord[] => [...this.#jobs.values()].sort(byClaimOrder)
}

/** Undoes nothing, so it is for tests in which no work throws. */
export class PlainStore extends TableStore {
  readonly name = 'plain'
  protected readonly table = new PlainTable()

  constructor(options: StoreOptions = {}) {
    super(options)
  }

  protected async transact<T>(work: (table: Table) => T): Promise<T> {
    return work(this.table)
  }
}
