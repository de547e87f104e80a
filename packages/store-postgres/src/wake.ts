import { createHash } from 'node:crypto'
import type { Hint } from '@stint/core'
import type pg from 'pg'
import { inSchema, quoted } from './commands/session.js'

/** A row in `sleeper` holds so long, and is renewed three times before. */
const ASLEEP_S = 60
const RENEW_MS = 20_000
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5000
/** The server takes less than 8,000 bytes; what is longer is told as "something". */
const MAX_PAYLOAD = 7000

export const channelOf = (schema: string): string =>
  `stint_${createHash('sha256').update(schema).digest('hex').slice(0, 24)}`

const REGISTER = (id: string): string =>
  `insert into stint.sleeper values ('${id}', clock_timestamp() + interval '${ASLEEP_S} s')
   on conflict (id) do update set until = excluded.until; delete from stint.sleeper where until < clock_timestamp()`
const LEAVE = (id: string): string => `delete from stint.sleeper where id = '${id}'`
/** Whether anything was written since: what was told before we listened is made good by one hint about everything. */
const IS_BEHIND = (tx: string): string => `select exists (select from stint.event where tx >= ${tx}) as is_behind`
export const NOTIFY = 'select pg_notify($1, $2)'

/** What is told: by whom (null: by a transaction of a user), which lanes, which jobs. Nothing of both: anything. */
export function payloadOf(from: string | null, hints: readonly Hint[]): string {
  const queues = hints.filter(({ jobId }) => jobId === undefined).flatMap(({ queue }) => queue ?? [])
  const jobs = hints.flatMap(({ jobId }) => jobId ?? [])
  const text = JSON.stringify([from, queues, jobs])
  return Buffer.byteLength(text) > MAX_PAYLOAD ? JSON.stringify([from, [], []]) : text
}

function hintsOf(payload: string | undefined, own: string): Hint[] {
  const [from, queues, jobs] = JSON.parse(payload ?? '[null,[],[]]') as [string | null, string[], string[]]
  if (from === own) return []
  if (queues.length === 0 && jobs.length === 0) return [{}]
  return [...queues.map((queue) => ({ queue })), ...jobs.map((jobId) => ({ jobId }))]
}

/**
 * Hears what other processes tell, while somebody listens here: one connection, made again after a cut. Whatever was told before it stood is
 * covered by a hint about everything, and what is told while it is cut by the poll.
 */
export class Wake {
  readonly #id: string
  readonly #channel: string
  readonly #connect: () => pg.Client
  readonly #named: (sql: string) => string
  readonly #heard: (hint: Hint) => void
  readonly #since: string
  #client: pg.Client | null = null
  #timer: NodeJS.Timeout | null = null
  #isOver = false
  #waitMs = FIRST_WAIT_MS
  #work: Promise<void> = Promise.resolve()

  constructor(id: string, schema: string, connect: () => pg.Client, heard: (hint: Hint) => void, since: string) {
    this.#id = id
    this.#since = since
    this.#channel = channelOf(schema)
    this.#connect = connect
    this.#named = (sql) => inSchema(sql, quoted(schema))
    this.#heard = heard
    this.#work = this.#listen()
  }

  async stop(): Promise<void> {
    this.#isOver = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#work
    const client = this.#client
    this.#client = null
    if (client === null) return
    await within(1000, client.query(this.#named(LEAVE(this.#id)))).catch(() => {})
    await within(1000, client.end()).catch(() => client.connection.stream.destroy())
  }

  async #listen(): Promise<void> {
    const client = this.#connect()
    let isBehind = false
    try {
      await client.connect()
      // Not in the types: it keeps no process alive.
      ;(client as pg.Client & { unref(): void }).unref()
      client.on('notification', ({ payload }) => {
        for (const hint of hintsOf(payload, this.#id)) this.#heard(hint)
      })
      client.on('end', () => this.#lost(client))
      client.on('error', () => this.#lost(client))
      await within(LONGEST_WAIT_MS, client.query(this.#named(`listen ${this.#channel}; ${REGISTER(this.#id)}`)))
      // Behind the registration, which others see only when it is committed.
      const { rows } = await within(LONGEST_WAIT_MS, client.query(this.#named(IS_BEHIND(this.#since))))
      isBehind = rows[0]?.is_behind === true
    } catch {
      client.connection.stream.destroy()
      this.#again()
      return
    }
    this.#client = client
    this.#waitMs = FIRST_WAIT_MS
    if (this.#isOver) return
    if (isBehind) this.#heard({})
    this.#renewLater(client)
  }

  #renewLater(client: pg.Client): void {
    this.#timer = setTimeout(() => {
      this.#work = within(LONGEST_WAIT_MS, client.query(this.#named(REGISTER(this.#id)))).then(
        () => void (!this.#isOver && this.#client === client && this.#renewLater(client)),
        () => this.#lost(client),
      )
    }, RENEW_MS).unref()
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return
    this.#client = null
    client.connection.stream.destroy()
    this.#again()
  }

  #again(): void {
    if (this.#isOver) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(
      () => {
        this.#work = this.#listen()
      },
      this.#waitMs * (0.5 + Math.random()),
    ).unref()
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS)
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const end = Promise.withResolvers<never>()
  const timer = setTimeout(() => end.reject(new Error(`no answer within ${ms} ms`)), ms)
  work.catch(() => {})
  try {
    return await Promise.race([work, end.promise])
  } finally {
    clearTimeout(timer)
    end.promise.catch(() => {})
  }
}

/** Tells others, behind the write: NOTIFY makes the commits of a database wait for each other, so it is never part of ours, and many hints go as one. */
export class Tell {
  readonly #send: (payload: string) => Promise<void>
  readonly #id: string
  #pending: Hint[] = []
  #sending: Promise<void> | null = null

  constructor(id: string, send: (payload: string) => Promise<void>) {
    this.#id = id
    this.#send = send
  }

  tell(hints: readonly Hint[]): void {
    this.#pending.push(...hints)
    if (this.#pending.length > 0) this.#sending ??= this.#flush()
  }

  /** Until all is told. */
  async done(): Promise<void> {
    await this.#sending
  }

  async #flush(): Promise<void> {
    while (this.#pending.length > 0) {
      const hints = this.#pending
      this.#pending = []
      // A hint may be lost.
      await this.#send(payloadOf(this.#id, hints)).catch(() => {})
    }
    this.#sending = null
  }
}
