import type { Ms } from '@stint/core'
import { aborted, type Budget } from '@stint/core/store'
import { Redis } from 'ioredis'
import type { Reply, Script } from './commands/script.js'
import {
  asksToReconnect,
  failureOf,
  isLate,
  isRefused,
  isReply,
  isUnknownScript,
  isUnsent,
  movedTo,
} from './failures.js'
import type { Settled } from './options.js'

export type ClientClass = typeof Redis
type Node = NonNullable<ReturnType<typeof movedTo>>

/** What of the deadline may be spent on making a connection. */
const CONNECT_SHARE = 0.4
/** Behind it a script that is only now begun does nothing, so that a write is over when its caller is told that it failed (FAULT-5). */
const WRITE_SHARE = 0.85
/** A cluster that sends us round in a circle is down. */
const MOST_MOVES = 5
const PAUSE_MS = 50

/** By it an operator finds them in CLIENT LIST. */
export const connectionName = (prefix: string): string => `stint-${prefix}`

/** The connections of one store: one for all its calls, another when that one is lost. Nothing is ever sent twice, and nothing is kept for later. */
export class Connections {
  readonly settled: Settled
  readonly #deadlineMs: Ms
  readonly #Client: ClientClass
  readonly #config: Readonly<Record<string, unknown>>
  readonly #all = new Set<Link>()
  #current: Promise<Link> | null = null
  /** The same when it is connected. */
  #currentLink: Link | null = null
  /** Where the slot is, by the last word of the cluster. null: where the options say. */
  #target: Node | null = null
  /** All nodes of the cluster, to be asked one after another when the one that we know is gone. */
  #nodes: readonly (Node | null)[] = [null]
  /** The engine's clock less our monotonic one, never more than it is: by the last reply. */
  #offset: number | null = null

  constructor(settled: Settled, deadlineMs: Ms, Client: ClientClass = Redis) {
    this.settled = settled
    this.#deadlineMs = deadlineMs
    this.#Client = Client
    const { url, config } = settled
    this.#config = url === null ? config : { ...new Client(url, { lazyConnect: true }).options }
  }

  /** A connection that is not connected yet. */
  make(): Redis {
    const redis = new this.#Client({
      ...this.#config,
      lazyConnect: true,
      keyPrefix: '',
      protocol: 2,
      connectionName: connectionName(this.settled.prefix),
      connectTimeout: Math.max(50, Math.floor(this.#deadlineMs * CONNECT_SHARE)),
      retryStrategy: null,
      reconnectOnError: null,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      enableAutoPipelining: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      commandTimeout: undefined,
      socketTimeout: undefined,
      disableClientInfo: true,
      ...this.#target,
    })
    // What happens to a connection is told by the calls on it.
    redis.on('error', () => {})
    return redis
  }

  /** Runs the script once. Rejects with what the store may reject with. */
  async call<T>(
    script: Script,
    args: readonly string[],
    budget: Budget,
  ): Promise<{ now: Ms; said: string; answer: T }> {
    for (let moves = 0, isAgain = false; ; ) {
      const sent = { is: false }
      try {
        const [engine, now, said, answer] = await within<Reply<T>>(budget, (late) =>
          this.#once(script, args, budget, sent, late),
        )
        this.#offset = Number(engine) - performance.now()
        return { now: Number(now), said, answer }
      } catch (error) {
        const target = movedTo(error)
        const isOver = moves >= MOST_MOVES || budget.left < budget.ms / 4
        if (target !== null) {
          this.#target = target
          moves++
          this.#renew()
          void this.learnNodes()
          if (!isOver) continue
        }
        if (asksToReconnect(error)) this.#renew()
        if (isLate(error)) this.#offset = null
        const isWorthAgain = !isAgain && ((isLate(error) && budget.left > budget.ms / 2) || isUnsent(error))
        if (isWorthAgain && !isOver) {
          isAgain = true
          continue
        }
        throw failureOf(error, sent.is && !script.isRead)
      }
    }
  }

  /** The connection that stands, or a new one; for what is no script of a call. */
  link(): Promise<Link> {
    if (this.#current !== null) return this.#current
    const connecting = this.#connect()
    this.#current = connecting
    connecting.then(
      (link) => {
        if (this.#current === connecting) this.#currentLink = link
      },
      () => {
        if (this.#current !== connecting) return
        this.#forget()
        // The node may be gone; each of the others knows who has its slot by now.
        const tried = this.#nodes.findIndex(
          (node) => node?.host === this.#target?.host && node?.port === this.#target?.port,
        )
        this.#target = this.#nodes[(tried + 1) % this.#nodes.length] ?? null
      },
    )
    return connecting
  }

  /** In a cluster; whoever may not ask goes on with the nodes that were given. */
  async learnNodes(): Promise<void> {
    try {
      const { redis } = await this.link()
      const shards = (await redis.call('CLUSTER', 'SLOTS')) as [
        number,
        number,
        ...[host: string | null, port: number][],
      ][]
      const nodes = shards.flatMap(([, , ...members]) => members.map(([host, port]) => ({ host: host ?? '', port })))
      this.#nodes = [null, ...nodes.filter(({ host }) => host !== '')]
    } catch {
      // It is asked again at the next move.
    }
  }

  async close(): Promise<void> {
    await this.#current?.catch(() => {})
    this.#forget()
    await Promise.all([...this.#all].map((link) => link.destroy()))
  }

  async #once<T>(
    script: Script,
    args: readonly string[],
    budget: Budget,
    sent: { is: boolean },
    late: Promise<never>,
  ): Promise<Reply<T>> {
    const link = await this.link()
    if (budget.left <= 0) throw new Error('no connection was there within the deadline')
    if (budget.signal?.aborted) throw aborted(budget.signal.reason)
    if (!script.isRead && this.#offset === null) this.#offset = (await link.time()) - performance.now()
    const notAfter = script.isRead
      ? ''
      : String(Math.floor((this.#offset ?? 0) + budget.begun + budget.ms * WRITE_SHARE))
    const [now = '', ...rest] = args
    const all = [`{${this.settled.prefix}}:m`, now, notAfter, ...rest]
    // Whoever waits for it to its deadline wants no more of this connection: it may be half open.
    late.catch(() => this.#retire(link))
    sent.is = true
    const answer = await link.run(script, all).catch(async (error: unknown) => {
      if (isUnsent(error)) sent.is = false
      if (isReply(error) || isUnsent(error)) throw error
      this.#retire(link)
      if (!script.isRead) await this.#buried(link)
      throw error
    })
    return answer as Reply<T>
  }

  /** What the lost connection had sent may still stand in the server's buffers. It has ended when the server says that it knows it no more. */
  #buried(lost: Link): Promise<void> {
    lost.burial ??= this.#bury(lost)
    return lost.burial
  }

  async #bury(lost: Link): Promise<void> {
    for (const until = performance.now() + this.#deadlineMs; performance.now() < until; ) {
      try {
        const link = await this.link()
        await link.redis.call('CLIENT', 'KILL', 'ID', lost.id, 'ADDR', lost.address)
        return
      } catch (error) {
        // A reply says that it is no more, or that nobody may ask; no server is left that could do what was sent.
        if (isReply(error) || isRefused(error)) return
        await sleep(PAUSE_MS)
      }
    }
  }

  async #connect(): Promise<Link> {
    const redis = this.make()
    const link = new Link(redis)
    this.#all.add(link)
    redis.once('end', () => {
      this.#all.delete(link)
      this.#retire(link)
    })
    try {
      // A server that is stopped takes the connection and says nothing: then it goes, and the next call makes another.
      const timer = setTimeout(() => void link.destroy(), this.#deadlineMs * CONNECT_SHARE)
      await link.greet().finally(() => clearTimeout(timer))
      return link
    } catch (error) {
      this.#all.delete(link)
      await link.destroy()
      throw link.error ?? error
    }
  }

  #renew(): void {
    const link = this.#currentLink
    this.#forget()
    link?.retire()
  }

  #forget(): void {
    this.#current = null
    this.#currentLink = null
  }

  /** No call begins on it any more; it goes when the last one has its answer or has given up. */
  #retire(link: Link): void {
    if (this.#currentLink === link) this.#forget()
    link.retire()
  }
}

/** One connection. */
export class Link {
  readonly redis: Redis
  /** Together they are nobody else's, not even at a server that was started anew and counts from the beginning. */
  id = ''
  address = ''
  burial: Promise<void> | null = null
  error: Error | null = null
  #underWay = 0
  #isRetired = false

  constructor(redis: Redis) {
    this.redis = redis
    redis.on('error', (error) => void (this.error = error))
  }

  async greet(): Promise<void> {
    await this.redis.connect()
    const [, id = '', address = ''] =
      /\bid=(\d+) addr=(\S+)/.exec(String(await this.redis.call('CLIENT', 'INFO'))) ?? []
    this.id = id
    this.address = address
  }

  async time(): Promise<Ms> {
    const [seconds, micros] = await this.redis.time()
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
  }

  /** By its hash; whole, once, where the server does not know it yet. */
  async run(script: Script, args: readonly string[]): Promise<unknown> {
    this.#underWay++
    try {
      const [hash, whole] = script.isRead ? ['EVALSHA_RO', 'EVAL_RO'] : ['EVALSHA', 'EVAL']
      try {
        return await this.redis.call(hash, [script.sha, '1', ...args])
      } catch (error) {
        if (!isUnknownScript(error)) throw error
        return await this.redis.call(whole, [script.text, '1', ...args])
      }
    } finally {
      this.#underWay--
      if (this.#isRetired && this.#underWay === 0) void this.destroy()
    }
  }

  retire(): void {
    this.#isRetired = true
    if (this.#underWay === 0) void this.destroy()
  }

  /** At once: a polite end would wait for a server that does not answer. */
  async destroy(): Promise<void> {
    if (this.redis.status === 'end' || this.redis.status === 'wait') return
    const ended = new Promise<void>((resolve) => void this.redis.once('end', resolve))
    this.redis.disconnect()
    this.redis.stream?.destroy()
    await ended
  }
}

/** Rejects at the deadline, whatever is under way; `late` is told to those who have to clear up then. */
async function within<T>(budget: Budget, work: (late: Promise<never>) => Promise<T>): Promise<T> {
  const end = Promise.withResolvers<never>()
  end.promise.catch(() => {})
  const timer = setTimeout(
    () => end.reject(new Error('Redis did not answer within the deadline')),
    Math.max(0, budget.left),
  )
  try {
    const answer = work(end.promise)
    answer.catch(() => {})
    return await Promise.race([answer, end.promise])
  } finally {
    clearTimeout(timer)
  }
}

const sleep = (ms: Ms): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))
