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
  Hint,
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
  Store,
} from '@stint/core'
import { StintError } from '@stint/core'
import { LivingStore } from '@stint/core/store'
import { configure } from './commands/configure.js'
import { events, feed } from './commands/events.js'
import { exchange } from './commands/exchange.js'
import { list } from './commands/list.js'
import { get, settings, stats } from './commands/read.js'
import { remove } from './commands/remove.js'
import { restore } from './commands/restore.js'
import type { Session } from './commands/session.js'
import { Step } from './commands/step.js'
import { Connection, checkDurability, type OpenDatabase, openDatabase, type Patience } from './connection.js'
import { unavailable, unknown } from './failures.js'
import { type Settled, type SqliteDatabase, type SqliteStoreOptions, settle } from './options.js'
import { migrate } from './schema.js'
import { Guests } from './transaction.js'
import { Wake } from './wake.js'

export class SqliteStore extends LivingStore<SqliteDatabase, true> {
  readonly name = 'sqlite'
  override readonly capabilities: Capabilities
  override readonly exchangeSync: Store<SqliteDatabase, true>['exchangeSync'] = (batch, { tx }) =>
    this.#exchangeInside(batch, tx)
  readonly #settled: Settled
  readonly #guests: Guests
  readonly #driver: OpenDatabase
  #connection: Connection | null = null
  #over = false
  #wake: Wake | null = null

  /** `open`: for the suite, which counts what the driver is asked. */
  constructor(options: SqliteStoreOptions, open: OpenDatabase = openDatabase) {
    super(options)
    this.#driver = open
    this.#settled = settle(options)
    this.#guests = new Guests(this.#settled)
    this.capabilities = abilities(this.#settled)
  }

  protected override async opened(): Promise<void> {
    const connection = await Connection.open(this.#settled, this.#patience(), this.#driver)
    try {
      await connection.write(() => migrate(connection.session, this.#now()), this.#patience())
      checkDurability(connection, this.#settled.synchronous)
    } catch (error) {
      connection.close()
      throw error
    }
    this.#connection = connection
    this.#watch()
  }

  protected override async closed(): Promise<void> {
    this.#over = true
    this.#wake?.stop()
    this.#connection?.close()
    this.#connection = null
  }

  override async exchange(batch: Batch, options?: CallOptions<SqliteDatabase>): Promise<BatchResult> {
    if (options?.tx !== undefined)
      throw new TypeError('A transaction of better-sqlite3 must not be awaited: use exchangeSync (jobs.withTx(db)).')
    return this.#write((step) => exchange(step, batch), options?.signal)
  }

  async remove(jobs: readonly Removal[]): Promise<boolean[]> {
    return this.#write((step) => remove(step, jobs))
  }

  async get(refs: readonly JobRef[]): Promise<(JobRecord | null)[]> {
    return this.#read((session) => get(session, refs))
  }

  async list(query: ListQuery): Promise<ListPage> {
    return this.#read((session) => list(session, query, this.#now()))
  }

  async events(jobId: string, query: EventsQuery): Promise<EventRecord[]> {
    return this.#read((session) => events(session, jobId, query))
  }

  async feed(query: FeedQuery): Promise<FeedPage> {
    return this.#read((session) => feed(session, query))
  }

  async stats(): Promise<Count[]> {
    return this.#read(stats)
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

  /** Other connections are watched only while somebody listens. */
  protected override listened(): void {
    this.#watch()
  }

  protected override unlistened(): void {
    this.#wake?.stop()
    this.#wake = null
  }

  // ---- how a call runs ------------------------------------------------------------------------------------------------

  #read<T>(work: (session: Session) => T): Promise<T> {
    return this.during(async () => {
      const connection = this.#open()
      return connection.read(() => work(connection.session), this.#patience())
    })
  }

  #write<T>(work: (step: Step) => T, signal?: AbortSignal): Promise<T> {
    return this.during(async () => {
      const connection = this.#open()
      const { answer, hints } = await connection.write(
        () => this.#step(connection.session, work),
        this.#patience(signal),
      )
      this.point('committed', unknown)
      this.#hintAll(hints)
      return answer
    }, signal)
  }

  #step<T>(session: Session, work: (step: Step) => T): { answer: T; hints: Hint[] } {
    const step = new Step(session, this.#now(), (name) => this.point(name, unavailable))
    const answer = work(step)
    step.finish()
    return { answer, hints: step.hints() }
  }

  #exchangeInside(batch: Batch, tx: SqliteDatabase): BatchResult {
    if (batch.claims !== undefined && batch.claims.length > 0)
      throw new TypeError('Claims never join a transaction: take jobs with exchange.')
    const { answer, hints } = this.#guests.within(this.#open(), tx, (session) =>
      this.#step(session, (step) => exchange(step, batch)),
    )
    // Nobody tells when the user commits. A synchronous transaction is over by the next turn of the loop; otherwise the poll finds the job.
    setImmediate(() => this.#hintAll(hints)).unref()
    return answer
  }

  #open(): Connection {
    if (this.#connection !== null) return this.#connection
    if (this.#over)
      throw new StintError('STORE_CLOSED', 'The sqlite store is closed; make a new one.', { store: this.name })
    throw new TypeError('The sqlite store is not open: await open() first. A synchronous call cannot wait for it.')
  }

  #now(): Ms {
    return Math.floor(this.clock === null ? Date.now() : this.clock.now())
  }

  #patience(signal?: AbortSignal): Patience {
    return {
      ms: this.deadlineMs,
      signal,
      inVain: () => this.#guests.whyBusy(this.#connection?.name ?? String(this.#settled.file), this.deadlineMs),
    }
  }

  // ---- hints ----------------------------------------------------------------------------------------------------------

  #hintAll(hints: readonly Hint[]): void {
    for (const hint of hints) this.hint(hint)
  }

  #watch(): void {
    const connection = this.#connection
    if (!this.isListenedTo || this.#wake !== null || connection === null || connection.file === null) return
    this.#wake = new Wake(
      `${connection.file}-wal`,
      () => connection.dataVersion(),
      () => this.hint({}),
    )
  }
}

const abilities = ({ file, synchronous }: Settled): Capabilities => ({
  survivesProcessCrash: file !== null,
  survivesPowerLoss: file !== null && synchronous === 'FULL',
  survivesFailover: false,
  sharedByProcesses: file !== null,
  ownClock: false,
  atomicBatches: true,
  transactions: 'sync',
  hintsAcrossProcesses: file !== null,
  restorable: true,
})
