import { randomUUID } from 'node:crypto'
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
import { Budget, Lingering, LivingStore } from '@stint/core/store'
import {
  answersOfConfigure,
  argumentsOfSettings,
  CONFIGURE,
  type ConfigureAnswer,
  SETTINGS,
  settingsOf,
} from './commands/configure.js'
import {
  argumentsOfEvents,
  argumentsOfFeed,
  EVENTS,
  eventsOf,
  FEED,
  type FeedAnswer,
  feedPageOf,
} from './commands/events.js'
import { answerOfExchange, argumentsOfExchange, type ExchangeAnswer, keptOf, scriptOf } from './commands/exchange.js'
import { argumentsOfList, LIST, type ListAnswer, pageOf } from './commands/list.js'
import { argumentsOfRefs, countsOf, GET, NOW, STATS } from './commands/read.js'
import { argumentsOfRemovals, REMOVE } from './commands/remove.js'
import { argumentsOfRestored, RESTORE } from './commands/restore.js'
import type { Script } from './commands/script.js'
import { type ClientClass, Connections } from './connection.js'
import { failureOf, unavailable, unknown } from './failures.js'
import { type RedisStoreOptions, type Settled, settle } from './options.js'
import { jobOf, type Packed } from './record.js'
import { checkSchema, checkServer, type Durability, PREPARE, readDurability } from './schema.js'
import { hintsOf, Wake } from './wake.js'

/** A call just after the last listener left keeps the listening connection: who waits for results one by one would make one each time. */
const LINGER_MS = 5000

const CHECK_MS = 60_000

export interface Tools {
  readonly Client?: ClientClass | undefined
  /** What the server says of itself, where that is known before the store is opened. */
  readonly durability?: Durability | undefined
  /** How often the sweep asks whether the server evicts by now. Default a minute. */
  readonly checkMs?: Ms | undefined
}

export class RedisStore extends LivingStore {
  readonly name = 'redis'
  override capabilities: Capabilities
  readonly #settled: Settled
  readonly #connections: Connections
  readonly #known: Durability | undefined
  readonly #id = randomUUID()
  readonly #others: Lingering
  #isOpen = false
  readonly #checkMs: Ms
  #checkedAt = performance.now()

  constructor(options: RedisStoreOptions, { Client, durability, checkMs = CHECK_MS }: Tools = {}) {
    super(options)
    this.#settled = settle(options)
    this.#connections = new Connections(this.#settled, this.deadlineMs, Client)
    this.#known = durability
    const channel = `{${this.#settled.prefix}}:h`
    const begin = (): Wake =>
      new Wake(
        this.#id,
        channel,
        () => this.#connections.make(),
        (hint) => this.hint(hint),
      )
    this.#others = new Lingering(begin, LINGER_MS)
    this.#checkMs = checkMs
    this.capabilities = abilitiesOf(durability ?? null, this.#settled)
  }

  protected override async opened(): Promise<void> {
    let durability: Durability
    try {
      const { answer } = await this.#connections.call<string>(PREPARE, this.#first(), new Budget(this.deadlineMs))
      checkSchema(answer)
      durability = this.#known ?? (await this.#ask())
      checkServer(durability)
      if (durability.isCluster) await this.#connections.learnNodes()
    } catch (error) {
      // Nobody closes what could not be opened.
      await this.#connections.close()
      throw error
    }
    this.capabilities = abilitiesOf(durability, this.#settled)
    this.#isOpen = true
    this.listened()
  }

  protected override async closed(): Promise<void> {
    this.#isOpen = false
    await this.#others.stop()
    await this.#connections.close()
  }

  override async now(): Promise<Ms> {
    if (this.clock !== null) return super.now()
    return this.during(async () => (await this.#connections.call(NOW, this.#first(), new Budget(this.deadlineMs))).now)
  }

  override exchange(batch: Batch, options?: CallOptions<never>): Promise<BatchResult> {
    if (options && 'tx' in options) return Promise.reject(this.unsupported('transactions'))
    const [script, args] = [scriptOf(batch), argumentsOfExchange(batch)]
    const given = keptOf(batch)
    return this.#write<ExchangeAnswer, BatchResult>(
      script,
      args,
      (answer, now) => answerOfExchange(given, answer, now),
      options?.signal,
    )
  }

  remove(jobs: readonly Removal[]): Promise<boolean[]> {
    return this.#write<readonly number[], boolean[]>(REMOVE, argumentsOfRemovals(jobs), (answers) =>
      answers.map((answer) => answer === 1),
    )
  }

  get(refs: readonly JobRef[]): Promise<(JobRecord | null)[]> {
    return this.#read<readonly (Packed | null)[], (JobRecord | null)[]>(
      GET,
      () => argumentsOfRefs(refs),
      (answers) => answers.map((packed) => packed && jobOf(packed)),
    )
  }

  async list(query: ListQuery): Promise<ListPage> {
    if (query.walk === 'lease' && query.overOnly) await this.#checkAgain()
    return this.#read<ListAnswer, ListPage>(
      LIST,
      () => argumentsOfList(query),
      (answer) => pageOf(query, answer),
    )
  }

  events(jobId: string, query: EventsQuery): Promise<EventRecord[]> {
    return this.#read<readonly string[], EventRecord[]>(
      EVENTS,
      () => argumentsOfEvents(jobId, query),
      (answer) => eventsOf(jobId, query, answer),
    )
  }

  feed(query: FeedQuery): Promise<FeedPage> {
    return this.#read<FeedAnswer, FeedPage>(
      FEED,
      () => argumentsOfFeed(query),
      (answer) => feedPageOf(query, answer),
    )
  }

  stats(): Promise<Count[]> {
    return this.#read<readonly string[], Count[]>(STATS, () => [], countsOf)
  }

  settings(kind: string): Promise<Setting[]> {
    return this.#read<readonly string[], Setting[]>(
      SETTINGS,
      () => [kind],
      (flat) => settingsOf(kind, flat),
    )
  }

  configure(writes: readonly SettingWrite[]): Promise<SettingResult[]> {
    const given = structuredClone(writes)
    return this.#write<readonly ConfigureAnswer[], SettingResult[]>(CONFIGURE, argumentsOfSettings(given), (answers) =>
      answersOfConfigure(given, answers),
    )
  }

  restore(jobs: readonly Restored[]): Promise<boolean[]> {
    return this.#write<readonly number[], boolean[]>(RESTORE, argumentsOfRestored(jobs), (answers) =>
      answers.map((answer) => answer === 1),
    )
  }

  /** Other processes are heard only while somebody listens. */
  protected override listened(): void {
    if (this.#settled.listen && this.#isOpen && this.isListenedTo) this.#others.want()
  }

  protected override unlistened(): void {
    this.#others.unwant()
  }

  // ---- how a call runs ------------------------------------------------------------------------------------------------

  #read<Answer, T>(script: Script, args: () => readonly string[], read: (answer: Answer) => T): Promise<T> {
    return this.during(async () => {
      const all = [...this.#first(), ...args()]
      const { answer } = await this.#connections.call<Answer>(script, all, new Budget(this.deadlineMs))
      return read(answer)
    })
  }

  async #write<Answer, T>(
    script: Script,
    args: readonly string[],
    read: (answer: Answer, now: Ms) => T,
    signal?: AbortSignal,
  ): Promise<T> {
    return this.during(async () => {
      this.point('send', unavailable)
      const budget = new Budget(this.deadlineMs, signal)
      const { answer, now, said } = await this.#connections.call<Answer>(script, [...this.#first(), ...args], budget)
      this.point('answer', unknown)
      for (const hint of hintsOf(said)) this.hint(hint)
      return read(answer, now)
    }, signal)
  }

  /** What every script is told first: the reading of a test's clock, and who asks. */
  #first(): string[] {
    return [this.clock === null ? '' : String(Math.floor(this.clock.now())), this.#id]
  }

  async #ask(): Promise<Durability> {
    try {
      return await readDurability((await this.#connections.link()).redis)
    } catch (error) {
      throw failureOf(error, false)
    }
  }

  /** With the sweep, now and then: somebody may have made a cache of the server meanwhile. Not where it was told what the server is. */
  async #checkAgain(): Promise<void> {
    const now = performance.now()
    if (this.#known !== undefined || !this.#isOpen || now < this.#checkedAt + this.#checkMs) return
    const durability = await this.during(() => this.#ask())
    checkServer(durability)
    this.#checkedAt = now
  }
}

const abilitiesOf = (durability: Durability | null, { listen }: Settled): Capabilities => ({
  survivesProcessCrash: durability?.hasLog ?? false,
  survivesPowerLoss: durability?.hasLog === true && durability.syncs === 'always',
  survivesFailover: false,
  sharedByProcesses: true,
  ownClock: true,
  atomicBatches: true,
  transactions: 'none',
  hintsAcrossProcesses: listen,
  restorable: true,
})
