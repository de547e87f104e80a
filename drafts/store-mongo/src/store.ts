import type {
  Batch,
  BatchResult,
  CallOptions,
  Capabilities,
  Count,
  EventRecord,
  EventsQuery,
  FeedPage,
  FeedQuery,
  JobRecord,
  JobRef,
  ListPage,
  ListQuery,
  Ms,
  Removal,
  Restored,
  Setting,
  SettingResult,
  SettingWrite,
  StintError,
} from '@stint/core'
import { LivingStore } from '@stint/core/store'
import { configure } from './commands/configure.js'
import { events, feed } from './commands/events.js'
import { exchange } from './commands/exchange.js'
import { list } from './commands/list.js'
import { publish } from './commands/publish.js'
import { get, settings, stats } from './commands/read.js'
import { remove } from './commands/remove.js'
import { restore } from './commands/restore.js'
import { Session } from './commands/session.js'
import { Step, timeOf } from './commands/step.js'
import { Budget, Connections, type Tally } from './connection.js'
import { failedBehind, failureOf, unavailable, unknown } from './failures.js'
import { type MongoStoreOptions, type MongoTx, settle } from './options.js'
import { migrate } from './schema.js'
import { exchangeInside } from './transaction.js'
import { Turns } from './turns.js'

const CAPABILITIES: Capabilities = {
  survivesProcessCrash: true,
  survivesPowerLoss: true,
  survivesFailover: false,
  sharedByProcesses: true,
  ownClock: true,
  atomicBatches: false,
  transactions: 'none',
  hintsAcrossProcesses: false,
  restorable: true,
}

/** A server that stands alone has no transactions, and nobody takes over from it. */
const capabilitiesOf = (isReplicaSet: boolean): Capabilities => ({
  ...CAPABILITIES,
  survivesFailover: isReplicaSet,
  transactions: isReplicaSet ? 'async' : 'none',
})

/** For the suite: what may be known before the store is open. */
interface Known {
  readonly tally?: Tally
  readonly isReplicaSet?: boolean
}

/** After so many written batches the documents with long trails are looked for: nobody may be there who sweeps or reads the feed. */
const TIDY_EVERY = 100
/** What a sweep publishes at most. */
const PLANS_OF_SWEEP = 4

export class MongoStore extends LivingStore<MongoTx, false> {
  readonly name = 'mongo'
  /** What depends on the kind of server is known once the store is open. */
  override capabilities: Capabilities
  readonly #connections: Connections
  readonly #prefix: string
  readonly #turns = new Turns()
  #batches = 0

  constructor(options: MongoStoreOptions, { tally, isReplicaSet = false }: Known = {}) {
    super(options)
    const settled = settle(options)
    this.#prefix = settled.prefix
    this.#connections = new Connections(settled, this.deadlineMs, tally)
    this.capabilities = capabilitiesOf(isReplicaSet)
  }

  protected override async opened(): Promise<void> {
    this.#connections.check()
    // Sixteen processes wait for one another here, so this may take longer than a call.
    const session = this.#session(Math.max(this.deadlineMs, 60_000))
    try {
      const hello = await this.#connections.db.command({ hello: 1 })
      const isReplicaSet = typeof hello['setName'] === 'string' || hello['msg'] === 'isdbgrid'
      this.capabilities = capabilitiesOf(isReplicaSet)
      await migrate(session)
    } catch (error) {
      throw failureOf(error, false)
    }
  }

  protected override async closed(): Promise<void> {
    await this.#connections.close()
  }

  override async now(): Promise<Ms> {
    if (this.clock !== null) return super.now()
    return this.#read(async (session) => (await timeOf(session)).now)
  }

  override async exchange(batch: Batch, options?: CallOptions<MongoTx>): Promise<BatchResult> {
    if (options?.tx !== undefined) return this.#exchangeInside(batch, options.tx, options.signal)
    const ids = [...(batch.changes ?? []), ...(batch.beats ?? [])].map(({ id }) => id)
    const answer = await this.#write((step) => this.#turns.run(ids, () => exchange(step, batch)), options?.signal)
    if (++this.#batches % TIDY_EVERY === 0) this.#tidy()
    return answer
  }

  async remove(jobs: readonly Removal[]): Promise<boolean[]> {
    return this.#write((step) => remove(step, jobs))
  }

  async get(refs: readonly JobRef[]): Promise<(JobRecord | null)[]> {
    return this.#read((session) => get(session, refs))
  }

  async list(query: ListQuery): Promise<ListPage> {
    return this.#read(async (session) => {
      const { now } = await timeOf(session)
      if (query.walk === 'lease' && query.overOnly) await publish(session, this.#readPoint, { most: PLANS_OF_SWEEP })
      return list(session, query, now)
    })
  }

  async events(jobId: string, query: EventsQuery): Promise<EventRecord[]> {
    return this.#read((session) => events(session, jobId, query))
  }

  async feed(query: FeedQuery): Promise<FeedPage> {
    return this.#read(async (session) => {
      await timeOf(session)
      return feed(session, query, this.#readPoint)
    })
  }

  async stats(): Promise<Count[]> {
    return this.#read(async (session) => {
      await timeOf(session)
      return stats(session, this.#readPoint)
    })
  }

  async settings(kind: string): Promise<Setting[]> {
    return this.#read((session) => settings(session, kind))
  }

  async configure(writes: readonly SettingWrite[]): Promise<SettingResult[]> {
    return this.#write((step) => configure(step, writes))
  }

  async restore(jobs: readonly Restored[]): Promise<boolean[]> {
    return this.#write((step) => restore(step, jobs))
  }

  // ---- how a call runs ------------------------------------------------------------------------------------------------

  #read<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.during(async () => {
      try {
        return await work(this.#session(this.deadlineMs))
      } catch (error) {
        throw failureOf(error, false)
      }
    })
  }

  #write<T>(work: (step: Step) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.during(async () => {
      const session = this.#session(this.deadlineMs)
      const step = new Step(session, (name) => this.#point(name, session.hasWritten ? unknown : unavailable))
      try {
        return await work(step)
      } catch (error) {
        throw session.hasWritten ? failedBehind(error) : failureOf(error, false)
      } finally {
        // What was written is there, whatever failed behind it.
        for (const hint of step.hints()) this.hint(hint)
      }
    }, signal)
  }

  #exchangeInside(batch: Batch, tx: MongoTx, signal?: AbortSignal): Promise<BatchResult> {
    if (this.capabilities.transactions === 'none') return Promise.reject(this.unsupported('transactions'))
    if (batch.claims !== undefined && batch.claims.length > 0)
      return Promise.reject(new TypeError('Claims never join a transaction: take jobs with exchange.'))
    return this.during(() => exchangeInside(this.#connections, this.#session(this.deadlineMs).scope, batch, tx), signal)
  }

  #session(ms: Ms): Session {
    const budget = new Budget(ms)
    return new Session({
      db: this.#connections.db,
      prefix: this.#prefix,
      budget,
      tx: null,
      clock: this.clock === null ? null : Math.floor(this.clock.now()),
      learn: (engineMs) => this.#connections.learn(engineMs),
      notAfter: () => this.#connections.notAfter(budget),
    })
  }

  /** Nobody waits for it but `close`. */
  #tidy(): void {
    this.during(async () => {
      const session = this.#session(this.deadlineMs)
      await timeOf(session)
      await publish(session, () => {}, { most: 1, longOnly: true })
    }).catch(() => {})
  }

  readonly #readPoint = (name: string): void => this.#point(name, unavailable)

  /** A failpoint that throws: before the first write surely nothing happened, behind it nobody can know. */
  #point(name: string, as: (message: string, cause: unknown) => StintError): void {
    try {
      this.failpoint(name)
    } catch (error) {
      throw as(`A failpoint threw at '${name}'.`, error)
    }
  }
}
