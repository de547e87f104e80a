import { randomUUID } from 'node:crypto'
import type {
  Batch,
  BatchResult,
  CallOptions,
  Capabilities,
  ChangeResult,
  Count,
  EventRecord,
  EventsQuery,
  FeedPage,
  FeedQuery,
  InsertResult,
  JobRecord,
  JobRef,
  ListPage,
  ListQuery,
  Ms,
  NewJob,
  Removal,
  Restored,
  Setting,
  SettingResult,
  SettingWrite,
} from '@stint/core'
import { Budget, LivingStore } from '@stint/core/store'
import {
  type AtOnce,
  answerOf,
  atOnce,
  type Done,
  hintsOf,
  mostOf,
  refusalsOf,
  runAtOnce,
  sharesOf,
} from './commands/at-once.js'
import { configure } from './commands/configure.js'
import { events, feed } from './commands/events.js'
import { exchange, putsInLine } from './commands/exchange.js'
import { insert, insertAtOnce, isInsertAtOnce, presentOf } from './commands/insert.js'
import { list } from './commands/list.js'
import { get, settings, stats } from './commands/read.js'
import { remove } from './commands/remove.js'
import { restore } from './commands/restore.js'
import { Session } from './commands/session.js'
import type { Held } from './commands/settle.js'
import { ENGINE_MS, Step } from './commands/step.js'
import type { Share } from './commands/take.js'
import { type ClientClass, Connections, type Link } from './connection.js'
import { failedBehind, unavailable, unknown } from './failures.js'
import { type PostgresStoreOptions, type PostgresTx, type Settled, settle } from './options.js'
import { Others } from './others.js'
import { checkServer, isMigrated, migrate } from './schema.js'
import { Guests } from './transaction.js'
import { Upkeep, vacuum } from './upkeep.js'
import { channelOf, payloadOf } from './wake.js'

const CAPABILITIES: Omit<Capabilities, 'hintsAcrossProcesses'> = {
  survivesProcessCrash: true,
  survivesPowerLoss: true,
  survivesFailover: false,
  sharedByProcesses: true,
  ownClock: true,
  atomicBatches: true,
  transactions: 'async',
  restorable: true,
}

const OWN_TRANSACTION =
  ' This process itself holds a transaction open: use withTx(client) for calls inside it, and end it before you await others.'

export class PostgresStore extends LivingStore<PostgresTx, false> {
  readonly name = 'postgres'
  override readonly capabilities: Capabilities
  readonly #settled: Settled
  readonly #connections: Connections
  readonly #guests: Guests
  readonly #id = randomUUID()
  readonly #upkeep = new Upkeep()
  readonly #others: Others
  #vacuuming: Promise<void> = Promise.resolve()

  constructor(options: PostgresStoreOptions, Client?: ClientClass) {
    super(options)
    this.#settled = settle(options)
    this.#guests = new Guests(this.#settled, this.#id)
    this.#connections = new Connections(
      this.#settled,
      this.deadlineMs,
      () => (this.#guests.isOpen ? OWN_TRANSACTION : ''),
      Client,
    )
    this.#others = new Others(this.#id, this.#settled, this.deadlineMs, this.#connections, (hint) => this.hint(hint))
    this.capabilities = { ...CAPABILITIES, hintsAcrossProcesses: this.#settled.listen }
  }

  protected override async opened(): Promise<void> {
    const isReady = await this.#connections.call(new Budget(this.deadlineMs), async (link) => {
      const session = this.#session(link)
      await checkServer(session, this.#settled.prepared)
      return isMigrated(session)
    })
    // Sixteen processes wait for one another here, so this may take longer than a call.
    if (!isReady)
      await this.#connections.call(new Budget(Math.max(this.deadlineMs, 60_000)), async (link) => {
        await link.begin()
        await migrate(this.#session(link), this.#settled.schema)
        await link.commit('select 1')
      })
    const end = await this.#read((session) => feed(session, { after: 'end', limit: 1 }))
    this.#others.open(end.cursor.split('.')[0] ?? '0')
    this.listened()
  }

  protected override async closed(): Promise<void> {
    await this.#vacuuming
    await this.#others.close()
    await this.#connections.close()
  }

  override async now(): Promise<Ms> {
    if (this.clock !== null) return super.now()
    return this.#read((session) => session.value<number | string>(`select ${ENGINE_MS} as now`).then(Number))
  }

  override async exchange(batch: Batch, options?: CallOptions<PostgresTx>): Promise<BatchResult> {
    if (options?.tx !== undefined) return this.#exchangeInside(batch, options.tx, options.signal)
    const plan = atOnce(batch)
    const answer =
      (plan === null ? null : await this.#atOnce(batch, plan, options?.signal)) ??
      (isInsertAtOnce(batch) ? await this.#insertAtOnce(batch.inserts ?? [], options?.signal) : null) ??
      (await this.#write((step) => exchange(step, batch), options?.signal))
    this.#upkeep.took(answer.claims.reduce((sum, { jobs }) => sum + jobs.length, 0))
    if (answer.claims.length === 0 || !putsInLine(batch)) return answer
    return { ...answer, claims: answer.claims.map((claim) => ({ ...claim, nextDueInMs: 0 })) }
  }

  async remove(jobs: readonly Removal[]): Promise<boolean[]> {
    return this.#write((step) => remove(step, jobs))
  }

  async get(refs: readonly JobRef[]): Promise<(JobRecord | null)[]> {
    return this.#read((session) => get(session, refs))
  }

  async list(query: ListQuery): Promise<ListPage> {
    return this.#read(async (session) => {
      const now = this.clock === null ? await this.#engineNow(session) : this.#clockNow()
      if (query.walk === 'lease' && query.overOnly) {
        await this.#upkeep.sweep(session, now)
        if (this.#upkeep.isVacuumDue) this.#vacuum()
      }
      return list(session, query, now)
    })
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

  /** Other processes are heard only while somebody listens. */
  protected override listened(): void {
    if (this.isListenedTo) this.#others.hear()
  }

  protected override unlistened(): void {
    this.#others.hearNoMore()
  }

  // ---- how a call runs ------------------------------------------------------------------------------------------------

  #read<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.during(() => this.#connections.call(new Budget(this.deadlineMs), (link) => work(this.#session(link))))
  }

  #write<T>(work: (step: Step) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.during(async () => {
      const budget = new Budget(this.deadlineMs, signal)
      const { answer, step, isHeard } = await this.#connections.call(budget, async (link) => {
        const engineNow = await link.begin()
        const now = this.clock === null ? engineNow : this.#clockNow()
        const step = new Step(this.#session(link, now), now, (name) => this.point(name, unavailable))
        const answer = await work(step)
        this.point('commit', unavailable)
        return { answer, step, isHeard: await this.#commit(link, budget) }
      })
      this.point('committed', unknown)
      const hints = step.hints()
      for (const hint of hints) this.hint(hint)
      if (isHeard) this.#others.tell(hints)
      return answer
    }, signal)
  }

  /** One statement that commits by itself; null: it asks for too much. Items that were refused and would not be now are sent again. */
  async #atOnce(batch: Batch, { held, claims, from }: AtOnce, signal?: AbortSignal): Promise<BatchResult | null> {
    const shares = from === null ? [] : sharesOf(claims, mostOf)
    if (shares === null) return null
    return this.during(async () => {
      const budget = new Budget(this.deadlineMs, signal)
      const refusals = new Map<string, ChangeResult>()
      let first: Done | null = null
      for (let open = held; first === null || open.length > 0; ) {
        const isFirst: boolean = first === null
        const { done, rest } = await this.#connections
          .call(budget, (link) => this.#statement(link, budget, open, from, isFirst ? shares : []))
          .catch((error: unknown) => {
            throw isFirst ? error : failedBehind(error)
          })
        this.point('committed', unknown)
        const hints = hintsOf(done, open)
        for (const hint of hints) this.hint(hint)
        if (done.isHeard) this.#others.tell(hints)
        for (const [id, answer] of rest.answers) refusals.set(id, answer)
        first ??= done
        open = rest.again
      }
      return answerOf(batch, first, refusals)
    }, signal)
  }

  async #statement(link: Link, budget: Budget, held: readonly Held[], from: AtOnce['from'], shares: readonly Share[]) {
    this.point('exchange', unavailable)
    const session = this.#session(
      link,
      this.clock === null ? null : this.#clockNow(),
      this.#connections.notAfter(budget),
    )
    const done = await link.write(() => runAtOnce(session, held, shares.length === 0 ? null : from, shares))
    this.#connections.learn(done.engineMs)
    return { done, rest: await refusalsOf(session, done, held) }
  }

  /** Inserts that one statement does. What it finds taken is read; what is gone again by then is inserted like any other. */
  async #insertAtOnce(given: readonly NewJob[], signal?: AbortSignal): Promise<BatchResult> {
    const { answers, left } = await this.during(async () => {
      const budget = new Budget(this.deadlineMs, signal)
      const done = await this.#connections.call(budget, async (link) => {
        this.point('exchange', unavailable)
        const session = this.#session(
          link,
          this.clock === null ? null : this.#clockNow(),
          this.#connections.notAfter(budget),
        )
        const done = await link.write(() => insertAtOnce(session, given))
        this.#connections.learn(done.engineMs)
        return { ...done, ...(await presentOf(session, done.taken)) }
      })
      this.point('committed', unknown)
      for (const hint of done.hints) this.hint(hint)
      if (done.isHeard) this.#others.tell(done.hints)
      for (const [id, answer] of done.done) done.answers.set(id, answer)
      return done
    }, signal)
    if (left.length > 0) {
      const rest = await this.#write((step) => insert(step, left), signal).catch((error: unknown) => {
        throw left.length === given.length ? error : failedBehind(error)
      })
      for (const [i, { id }] of left.entries()) answers.set(id, rest[i] as InsertResult)
    }
    return { inserts: given.map(({ id }) => answers.get(id) as InsertResult), changes: [], beats: [], claims: [] }
  }

  /** Answers whether others want to hear of it. */
  async #commit(link: Link, budget: Budget): Promise<boolean> {
    const notAfter = this.#connections.notAfter(budget)
    const schema = `"${this.#settled.schema}".`
    const row = await link.commit(
      `select ${schema}must_be_by(${notAfter}), exists (select from ${schema}sleeper where until > clock_timestamp() and id <> '${this.#id}') as heard`,
    )
    return (row as { heard: boolean }).heard
  }

  #exchangeInside(batch: Batch, tx: PostgresTx, signal?: AbortSignal): Promise<BatchResult> {
    if (batch.claims !== undefined && batch.claims.length > 0)
      return Promise.reject(new TypeError('Claims never join a transaction: take jobs with exchange.'))
    const now = this.clock === null ? null : this.#clockNow()
    return this.during(
      () =>
        this.#guests.exchange(batch, tx, now, this.deadlineMs, (step) => {
          const hints = step.hints()
          if (hints.length === 0 || !this.#settled.listen) return null
          return { channel: channelOf(this.#settled.schema), payload: payloadOf(null, hints) }
        }),
      signal,
    )
  }

  #session(link: Link, now: Ms | null = null, notAfter: Ms | null = null): Session {
    return new Session(link, this.#settled.schema, {
      now,
      notAfter,
      sleeper: this.#id,
    })
  }

  #clockNow(): Ms {
    return Math.floor(this.clock?.now() ?? 0)
  }

  async #engineNow(session: Session): Promise<Ms> {
    const now = Number(await session.value<number | string>(`select ${ENGINE_MS} as now`))
    this.#connections.learn(now)
    return now
  }

  /** Outside of a transaction, and in nobody's way: the sweep does not wait for it. */
  #vacuum(): void {
    this.#vacuuming = this.#connections
      .call(new Budget(this.deadlineMs), (link) => vacuum(this.#session(link)))
      .then(
        () => {},
        () => {},
      )
  }
}
