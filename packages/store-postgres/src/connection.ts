import { isStintError, type Ms } from '@stint/core'
import { aborted, type Budget } from '@stint/core/store'
import pg from 'pg'
import { nameOfText } from './commands/session.js'
import { failedBehind, failureOf, isBroken, isLate, isUndone, isWaiting, isWorthRetrying } from './failures.js'
import type { PostgresTx, Settled } from './options.js'

export type ClientClass = typeof pg.Client

/** What of the deadline may be spent on waiting for a connection, and how long one statement may take on the server. */
const WAIT_SHARE = 0.4
const STATEMENT_SHARE = 0.5
/** Behind it the server must undo the write, so that it is over when its caller is told that it failed (FAULT-5). */
const WRITE_SHARE = 0.85
const IDLE_IN_TX_SHARE = 0.25
const FIRST_RETRY_MS = 5
const LONGEST_RETRY_MS = 100

/** How the session has to be for our plans and promises. Where a pooler stands between, sessions are not ours and each transaction says it for itself. */
function settingsOf(deadlineMs: Ms): Readonly<Record<string, string | number>> {
  const least = (ms: number): number => Math.max(50, Math.floor(ms))
  return {
    // Postgres reckons with ten rows in an array that it does not know. By nested loops it then compares each job with all of the array, which grows
    // with the batch: 1.66 times the CPU of an exchange of 500 (ADR 0015). What is found by arrays of keys or lateral lookups is joined by hash.
    enable_nestloop: 'off',
    // A plan that was made while `job` was small and is kept would scan it for ever.
    enable_seqscan: 'off',
    enable_mergejoin: 'off',
    // By an index rows come, and are locked, in the order of their ids; by a bitmap in the order of pages, and two batches would deadlock.
    enable_bitmapscan: 'off',
    jit: 'off',
    // Planning anew for each batch costs more than a batch of ten (measured: 1.3 ms), and the limits that matter are literals.
    plan_cache_mode: 'force_generic_plan',
    default_transaction_isolation: 'read\\ committed',
    statement_timeout: least(deadlineMs * STATEMENT_SHARE),
    idle_in_transaction_session_timeout: least(deadlineMs * IDLE_IN_TX_SHARE),
  }
}

/** The pool of one store. */
export class Connections {
  readonly config: Readonly<Record<string, unknown>>
  readonly #settled: Settled
  readonly #deadlineMs: Ms
  readonly #Client: ClientClass
  readonly #suspicion: () => string
  readonly #pool: pg.Pool
  /** The engine's clock less our monotonic one, never more than it is: by the last reply that told. */
  #offset: number | null = null

  constructor(settled: Settled, deadlineMs: Ms, suspicion: () => string, Client: ClientClass = pg.Client) {
    this.#suspicion = suspicion
    this.#settled = settled
    this.#deadlineMs = deadlineMs
    this.#Client = Client
    const settings = Object.entries(settingsOf(deadlineMs)).map(([name, value]) => `-c ${name}=${value}`)
    const { options, application_name: name } = settled.config
    this.config = {
      ...settled.config,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      application_name: name ?? `stint ${settled.schema}`,
      ...(settled.prepared && { options: [options, ...settings].filter(Boolean).join(' ') }),
    }
    this.#pool = new pg.Pool({
      ...this.config,
      Client,
      max: settled.max,
      connectionTimeoutMillis: Math.max(50, Math.floor(deadlineMs * WAIT_SHARE)),
      idleTimeoutMillis: 30_000,
      // Who forgets to close the store may still end.
      allowExitOnIdle: true,
    })
    // An error of an idle connection is nobody's: the pool has dropped it, and the next call makes another.
    this.#pool.on('error', () => {})
    this.#pool.on('connect', (client) => void client.on('error', () => {}))
  }

  /** A connection outside of the pool, not connected yet: for LISTEN and VACUUM. */
  single(): pg.Client {
    const client = new this.#Client({
      ...this.config,
      connectionTimeoutMillis: Math.floor(this.#deadlineMs * WAIT_SHARE),
    })
    client.on('error', () => {})
    return client
  }

  /** Runs the work on a connection, again when the server undid it for a deadlock. Rejects with what the store may reject with. */
  async call<T>(budget: Budget, work: (link: Link) => Promise<T>): Promise<T> {
    let wait = FIRST_RETRY_MS
    for (let isRetry = false; ; isRetry = true) {
      const link = await this.#connect(budget)
      try {
        const answer = await work(link)
        link.release()
        return answer
      } catch (error) {
        await link.giveUp(error)
        if (isLate(error)) this.#offset = null
        if (link.hasCommitted) throw failedBehind(error)
        const again = isWorthRetrying(error) || (isLate(error) && !isRetry && budget.left > budget.ms / 2)
        if (!again || budget.left < wait * 2)
          throw failureOf(error, link.inDoubt, isWaiting(error) ? this.#suspicion() : '')
      }
      await sleep(wait * (0.5 + Math.random()))
      wait = Math.min(wait * 2, LONGEST_RETRY_MS)
    }
  }

  /** The instant of the engine's clock behind which a write of the call must undo itself; null: its clock is not known yet. */
  notAfter(budget: Budget): Ms | null {
    return this.#offset === null ? null : Math.floor(this.#offset + budget.begun + budget.ms * WRITE_SHARE)
  }

  /** A reply told the engine's time: it was read before now. */
  learn(engineMs: Ms): void {
    this.#offset = engineMs - performance.now()
  }

  /** What a transaction says first where sessions are not ours. */
  get begin(): string {
    if (this.#settled.prepared) return 'begin'
    const local = Object.entries(settingsOf(this.#deadlineMs)).filter(
      ([name]) => name !== 'default_transaction_isolation',
    )
    return [
      'begin isolation level read committed',
      ...local.map(([name, value]) => `set local ${name} = ${value}`),
    ].join('; ')
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  async #connect({ signal, ms }: Budget): Promise<Link> {
    const connecting = this.#pool.connect()
    const abort = Promise.withResolvers<never>()
    const give = (): void => abort.reject(aborted(signal?.reason))
    signal?.addEventListener('abort', give, { once: true })
    try {
      if (signal?.aborted) give()
      const client = await Promise.race([connecting, abort.promise])
      return new Link(this, client, this.#settled.prepared, ms)
    } catch (error) {
      connecting.then((client) => client.release()).catch(() => {})
      throw failureOf(error, false)
    } finally {
      signal?.removeEventListener('abort', give)
      abort.promise.catch(() => {})
    }
  }
}

/** One connection in the hands of one call. */
export class Link implements PostgresTx {
  readonly connections: Connections
  readonly #client: pg.PoolClient
  readonly #prepared: boolean
  #isInTx = false
  #isReleased = false
  /** What was sent may have been committed, and nobody has told whether. */
  inDoubt = false
  /** A write of the call stands, whatever fails behind it. */
  hasCommitted = false
  /** Ends at the deadline, whatever is under way. */
  readonly #end: { readonly promise: Promise<never>; readonly timer: NodeJS.Timeout }

  constructor(connections: Connections, client: pg.PoolClient, prepared: boolean, leftMs: Ms) {
    this.connections = connections
    this.#client = client
    this.#prepared = prepared
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => {})
    this.#end = {
      promise,
      timer: setTimeout(() => {
        this.#destroy()
        reject(new Error('Postgres did not answer within the deadline'))
      }, leftMs),
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: rows are whatever the statement gives.
  async query(text: string, values: any[]): Promise<{ rows: any[] }> {
    const name = this.#prepared ? nameOfText(text) : undefined
    return this.#ask(this.#client.query(name === undefined ? { text, values } : { name, text, values }))
  }

  /** A statement that commits by itself. */
  async write<T>(statement: () => Promise<T>): Promise<T> {
    this.inDoubt = true
    const answer = await statement()
    this.inDoubt = false
    this.hasCommitted = true
    return answer
  }

  /** Answers with the engine's time. */
  async begin(): Promise<Ms> {
    const [first] = await this.#several(
      `${this.connections.begin}; select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now`,
    )
    this.#isInTx = true
    const now = Number((first as { now: number }).now)
    this.connections.learn(now)
    return now
  }

  /** `last` is asked in the same breath, before. Answers with its row. */
  async commit(last: string): Promise<unknown> {
    this.inDoubt = true
    const [row] = await this.#several(`${last}; commit`)
    this.inDoubt = false
    this.#isInTx = false
    this.hasCommitted = true
    return row
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    clearTimeout(this.#end.timer)
    this.#client.release()
  }

  /** After an error: what is open is undone, and a connection that is not whole is not given back. */
  async giveUp(error: unknown): Promise<void> {
    if (isUndone(error)) this.inDoubt = false
    try {
      // What our own code threw between two statements leaves the connection whole.
      if (isBroken(error) && !isStintError(error)) return
      if (this.#isInTx && !this.#isReleased) await this.#several('rollback')
      this.release()
    } catch {
      // Said already: the first error is what the caller hears.
    } finally {
      this.#destroy()
    }
  }

  /** Statements without values, in one message. Answers with the rows of all. */
  async #several(text: string): Promise<unknown[]> {
    const results = (await this.#ask(this.#client.query(text))) as unknown
    return (Array.isArray(results) ? results : [results]).flatMap(({ rows }) => rows as unknown[])
  }

  async #ask<T>(answer: Promise<T>): Promise<T> {
    answer.catch(() => {})
    return Promise.race([answer, this.#end.promise])
  }

  /** The socket goes at once: a query under way would hold a polite end for ever. */
  #destroy(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    clearTimeout(this.#end.timer)
    this.#client.connection.stream.destroy()
    this.#client.release(true)
  }
}

const sleep = (ms: Ms): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))
