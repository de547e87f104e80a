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
} from '@stint/core'
import { isStintError } from '@stint/core'
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
import { engineTime, nowOf, Step } from './commands/step.js'
import { Turns } from './commands/turns.js'
import { Connections, type Tally, WriteBudget } from './connection.js'
import { failedBehind, failureOf, unavailable, unknown } from './failures.js'
import { type MongoStoreOptions, type MongoTx, settle } from './options.js'
import { migrate } from './schema.js'
import { exchangeInside } from './transaction.js'

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

const UNREAD =
  'The read was not over within its deadline. What it has published by the way stays, so the next one has less to do.'
/** After so many written batches the documents with long trails are looked for: nobody may be there who sweeps or reads the feed. */
const TIDY_EVERY = 100
/** What a sweep publishes at most before it answers; the rest it publishes behind its answer. */
const PLANS_OF_SWEEP = 4

export class MongoStore extends LivingStore<MongoTx, false> {
  readonly name = 'mongo'
  /** What depends on the kind of server is known once the store is open. */
  override capabilities: Capabilities
  readonly #connections: Connections
  readonly #prefix: string
  readonly #turns = new Turns()
  #batches = 0
  #isPublishing = false

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
      const { isReplicaSet } = await this.#connections.greet()
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
    return this.#read(engineTime)
  }

  override async exchange(batch: Batch, options?: CallOptions<MongoTx>): Promise<BatchResult> {
    if (options?.tx !== undefined) return this.#exchangeInside(batch, options.tx, options.signal)
    const ids = [...(batch.changes ?? []), ...(batch.beats ?? [])].map(({ id }) => id)
    const answer = await this.#write((step) => this.#turns.run(ids, () => exchange(step, batch)), options?.signal)
    if (++this.#batches % TIDY_EVERY === 0) void this.#publishBehind(true)
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
      const now = await nowOf(session)
      if (query.walk === 'lease' && query.overOnly) {
        const isAll = await publish(session, this.#readPoint, { most: PLANS_OF_SWEEP })
        if (!isAll) void this.#publishBehind(false)
      }
      return list(session, query, now)
    })
  }

  async events(jobId: string, query: EventsQuery): Promise<EventRecord[]> {
    return this.#read((session) => events(session, jobId, query))
  }

  async feed(query: FeedQuery): Promise<FeedPage> {
    return this.#read(async (session) => {
      await nowOf(session)
      return feed(session, query, this.#readPoint)
    })
  }

  async stats(): Promise<Count[]> {
    return this.#read(async (session) => {
      await nowOf(session)
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
        // What a read publishes is nobody's write: its caller has only not been answered.
        throw isStintError(error, 'OUTCOME_UNKNOWN') ? unavailable(UNREAD, error.cause) : failureOf(error, false)
      }
    })
  }

  #write<T>(work: (step: Step) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.during(async () => {
      const session = this.#session(this.deadlineMs)
      const step = new Step(session, (name) => this.point(name, session.hasWritten ? unknown : unavailable))
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
    const budget = new WriteBudget(ms)
    return new Session({
      db: this.#connections.db,
      prefix: this.#prefix,
      budget,
      tx: null,
      meetsTransactions: this.capabilities.transactions !== 'none',
      clock: this.clock === null ? null : Math.floor(this.clock.now()),
      engine: this.#connections.engine,
    })
  }

  /** Plan by plan until nothing is left; nobody waits for it but `close`, and that for one plan only. */
  async #publishBehind(longOnly: boolean): Promise<void> {
    if (this.#isPublishing) return
    this.#isPublishing = true
    try {
      for (let isAll = false; !isAll; )
        isAll = await this.during(async () => {
          const session = this.#session(this.deadlineMs)
          await nowOf(session)
          return publish(session, () => {}, { most: 1, longOnly })
        })
    } catch {
      // The next sweep goes on where this one was.
    } finally {
      this.#isPublishing = false
    }
  }

  readonly #readPoint = (name: string): void => this.point(name, unavailable)
}
