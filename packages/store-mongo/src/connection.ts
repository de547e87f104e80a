import type { Ms } from '@stint/core'
import { Budget } from '@stint/core/store'
import { type Db, type Document, MongoClient, type MongoClientOptions } from 'mongodb'
import { incompatible } from './failures.js'
import type { Settled } from './options.js'

/** What of the deadline may be spent on finding a server and a connection. */
const WAIT_SHARE = 0.4
/** Behind it the server must refuse the write, so that it is over when its caller is told that it failed (FAULT-5). */
const WRITE_SHARE = 0.85
/** How much of that a write may spend on its way; the server takes its `$$NOW` when a command begins, and counts `maxTimeMS` from there. */
const ARRIVAL_SHARE = 0.3

/** The time of one call. */
export class WriteBudget extends Budget {
  /** Nothing more should be sent that writes. */
  get isSpent(): boolean {
    return this.#forWrites <= 0
  }

  /** The instant of our monotonic clock behind which a write that is sent now may not begin … */
  get writesBegin(): Ms {
    return performance.now() + this.#forWrites * ARRIVAL_SHARE
  }

  /** … and how long it may then take: both together end before the deadline does. */
  get writesTake(): Ms {
    return Math.max(1, Math.floor(this.#forWrites * (1 - ARRIVAL_SHARE)))
  }

  get #forWrites(): Ms {
    return this.begun + this.ms * WRITE_SHARE - performance.now()
  }
}

/** What is known of the engine's clock is used for so long; the driver hears from its server more often. */
const FRESH_MS = 30_000
/** Of the readings of this time the best is taken: a reply that was read late makes the engine's clock look slow. */
const WINDOW_MS = 5_000
/** A clock that is behind by more than a late reply explains has been set back. */
const SET_BACK_MS = 2_000

/** The engine's clock, as its replies tell it: its distance from our monotonic one, never more than it is. */
export class EngineClock {
  #offset: number | null = null
  #learnedAt = 0
  #heardAt = 0

  /** A reply told the engine's time: it was read before now. */
  learn(engineMs: Ms): void {
    const at = performance.now()
    const offset = engineMs - at
    this.#heardAt = at
    const isBest = this.#offset === null || offset >= this.#offset || offset < this.#offset - SET_BACK_MS
    if (!isBest && at - this.#learnedAt < WINDOW_MS) return
    this.#offset = offset
    this.#learnedAt = at
  }

  /** What was known is wrong: the next call asks. */
  forget(): void {
    this.#offset = null
  }

  /** The engine's time, behind by no more than a reply takes; null: not known, or not for long enough. */
  get now(): Ms | null {
    const at = performance.now()
    return this.#offset === null || at - this.#heardAt > FRESH_MS ? null : Math.floor(this.#offset + at)
  }

  /** The instant of the engine's clock behind which a write of the call must not take effect; null: not known. */
  notAfter(budget: WriteBudget): Ms | null {
    return this.#offset === null ? null : Math.floor(this.#offset + budget.writesBegin)
  }
}

/** Hears the name of every command. */
export type Tally = (command: string) => void

/** The client of one store: its own, or the user's. */
export class Connections {
  readonly #settled: Settled
  readonly #own: MongoClient | null
  readonly #db: Db
  readonly engine = new EngineClock()
  readonly #client: MongoClient
  /** The driver asks its server how it is all the time, and is told its time. */
  readonly #hear = ({ reply }: { readonly reply: Document }): void => {
    if (reply['isWritablePrimary'] === true && reply['localTime'] instanceof Date)
      this.engine.learn(reply['localTime'].getTime())
  }

  constructor(settled: Settled, deadlineMs: Ms, tally?: Tally) {
    this.#settled = settled
    this.#own = settled.url === null ? null : new MongoClient(settled.url, optionsOf(settled, deadlineMs, tally))
    if (tally !== undefined) this.#own?.on('commandStarted', ({ commandName }) => tally(commandName))
    this.#client = this.#own ?? settled.client ?? (settled.db as Db).client
    this.#db = settled.db ?? databaseOf(settled, this.#client)
  }

  get db(): Db {
    return this.#db
  }

  /** The same database by the client of the user's session: a session is its own client's only. */
  dbOf(client: MongoClient): Db {
    return client.db(this.#db.databaseName)
  }

  /** Refuses a URL that asks for less than the store promises. What it does not say is our choice. */
  check(): void {
    if (this.#settled.url === null) return
    const query = new URLSearchParams(this.#settled.url.split('?')[1] ?? '')
    const lower = new Map(Array.from(query, ([name, value]) => [name.toLowerCase(), value]))
    const w = lower.get('w')
    const journal = lower.get('journal') ?? lower.get('j')
    if ((w !== undefined && w !== 'majority') || journal === 'false')
      throw incompatible(
        `The URL asks for a weaker write concern than jobs need. Leave w and journal out of it: the store writes with w: 'majority' and journal: true.`,
        `w=${w ?? 'majority'}, journal=${journal ?? 'true'}`,
        'w=majority, journal=true',
      )
    const read = lower.get('readpreference')
    if (read !== undefined && read !== 'primary')
      throw incompatible(
        'The URL sends reads to secondaries, which may not have what was acknowledged. Leave readPreference out of it.',
        `readPreference=${read}`,
        'readPreference=primary',
      )
  }

  /** Of what kind the server is. */
  async greet(): Promise<{ readonly isReplicaSet: boolean }> {
    // By itself the driver connects once: after a first try that failed every command would find its topology closed.
    await this.#own?.connect()
    const hello = await this.#db.command({ hello: 1 })
    this.#hear({ reply: hello })
    this.#client.on('serverHeartbeatSucceeded', this.#hear)
    return { isReplicaSet: typeof hello['setName'] === 'string' || hello['msg'] === 'isdbgrid' }
  }

  async close(): Promise<void> {
    this.#client.off('serverHeartbeatSucceeded', this.#hear)
    if (this.#own === null) return
    await this.#own.close(true)
    // The driver destroys its sockets and does not wait for them; they are closed two turns of the event loop later.
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => void setImmediate(resolve))
  }
}

function optionsOf(settled: Settled, deadlineMs: Ms, tally?: Tally): MongoClientOptions {
  const waitMs = Math.max(50, Math.floor(deadlineMs * WAIT_SHARE))
  return {
    appName: `stint ${settled.prefix}`.slice(0, 120),
    maxPoolSize: settled.max,
    // A write whose outcome is not known is repeated above, where it is recognised (IDEM-3).
    retryWrites: false,
    retryReads: true,
    readPreference: 'primary',
    writeConcern: { w: 'majority', journal: true },
    serverSelectionTimeoutMS: waitMs,
    connectTimeoutMS: Math.max(waitMs, 1000),
    waitQueueTimeoutMS: waitMs,
    // A reply that never comes must not keep its connection.
    socketTimeoutMS: Math.ceil(deadlineMs),
    heartbeatFrequencyMS: 2000,
    monitorCommands: tally !== undefined,
  }
}

const databaseOf = ({ database, url }: Settled, client: MongoClient): Db => {
  if (database !== undefined) return client.db(database)
  // The driver's own default is `test`, which is where nobody looks for jobs.
  const named = url === null ? client.options.dbName : /^[^:]+:\/\/[^/]+\/([^?]+)/.exec(url)?.[1]
  return client.db(named === undefined || named === 'test' ? 'stint' : decodeURIComponent(named))
}
