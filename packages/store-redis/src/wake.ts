import type { Hint, Ms } from '@stint/core'
import type { Redis } from 'ioredis'

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 2000
/** A half-open connection is silent for ever: it is asked now and then. */
const ASK_MS = 10_000

/** What a script says beside its answer: a queue, or a queue and a job by a tab. */
export const hintsOf = (said: string): Hint[] =>
  said === ''
    ? []
    : said.split('\n').map((line) => {
        const [queue = '', jobId] = line.split('\t')
        return jobId === undefined ? { queue } : { queue, jobId }
      })

/** Hears what other handles wrote, on a connection of its own, which is made anew whenever it is lost. */
export class Wake {
  readonly #own: string
  readonly #channel: string
  readonly #make: () => Redis
  readonly #heard: (hint: Hint) => void
  #redis: Redis | null = null
  #timer: NodeJS.Timeout | null = null
  #waitMs = FIRST_WAIT_MS
  #isOver = false
  #work: Promise<void>

  constructor(own: string, channel: string, make: () => Redis, heard: (hint: Hint) => void) {
    this.#own = own
    this.#channel = channel
    this.#make = make
    this.#heard = heard
    this.#work = this.#listen()
  }

  async stop(): Promise<void> {
    this.#isOver = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    const redis = this.#redis
    this.#redis = null
    if (redis !== null) await ended(redis)
    await this.#work
  }

  async #listen(): Promise<void> {
    if (this.#isOver) return
    const redis = this.#make()
    this.#redis = redis
    redis.on('message', (_, message: string) => {
      const at = message.indexOf('\n')
      if (message.slice(0, at) === this.#own) return
      for (const hint of hintsOf(message.slice(at + 1))) this.#heard(hint)
    })
    redis.once('end', () => this.#lost(redis))
    try {
      await redis.connect()
      await within(redis, redis.subscribe(this.#channel))
      this.#waitMs = FIRST_WAIT_MS
      // What was said while nobody listened.
      if (!this.#isOver) this.#heard({})
      this.#askLater(redis)
    } catch {
      await ended(redis)
      this.#lost(redis)
    }
  }

  #askLater(redis: Redis): void {
    if (this.#isOver || this.#redis !== redis) return
    this.#timer = setTimeout(() => {
      within(redis, redis.ping()).then(
        () => this.#askLater(redis),
        () => void ended(redis),
      )
    }, ASK_MS).unref()
  }

  #lost(redis: Redis): void {
    if (this.#isOver || this.#redis !== redis) return
    this.#redis = null
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

async function ended(redis: Redis): Promise<void> {
  if (redis.status === 'end' || redis.status === 'wait') return
  const end = new Promise<void>((resolve) => void redis.once('end', resolve))
  redis.disconnect()
  redis.stream?.destroy()
  await end
}

async function within<T>(redis: Redis, work: Promise<T>, ms: Ms = LONGEST_WAIT_MS): Promise<T> {
  const timer = setTimeout(() => void ended(redis), ms)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}
