import type { Hint, Ms } from '@stint/core'
import { Budget, type Connections } from './connection.js'
import type { Settled } from './options.js'
import { channelOf, NOTIFY, Tell, Wake } from './wake.js'

/** A call just after the last listener left keeps the listening connection: who waits for results one by one would make one each time. */
const LINGER_MS = 5000
const LONGEST_NOTIFY_MS = 2000

/** The other processes on the same tables: heard while somebody listens here, and told what they may wait for. */
export class Others {
  readonly #id: string
  readonly #settled: Settled
  readonly #connections: Connections
  readonly #hear: (hint: Hint) => void
  readonly #tell: Tell
  #wake: Wake | null = null
  #listeners = 0
  #linger: NodeJS.Timeout | null = null
  /** No event was above it when the store was opened; null: it is not open. */
  #openedAt: string | null = null

  constructor(id: string, settled: Settled, deadlineMs: Ms, connections: Connections, hear: (hint: Hint) => void) {
    this.#id = id
    this.#settled = settled
    this.#connections = connections
    this.#hear = hear
    const longestMs = Math.min(deadlineMs, LONGEST_NOTIFY_MS)
    this.#tell = new Tell(id, async (payload) => {
      const values = [channelOf(settled.schema), payload]
      await connections.call(new Budget(longestMs), (link) => link.query(NOTIFY, values))
    })
  }

  open(openedAt: string): void {
    this.#openedAt = openedAt
    this.#watch()
  }

  /** Until all is told. */
  async close(): Promise<void> {
    this.#openedAt = null
    if (this.#linger !== null) clearTimeout(this.#linger)
    await this.#tell.done()
    await this.#wake?.stop()
  }

  tell(hints: readonly Hint[]): void {
    this.#tell.tell(hints)
  }

  /** Answers with the end of it. */
  listen(): () => void {
    this.#listeners++
    this.#watch()
    let isListening = true
    return () => {
      if (isListening && --this.#listeners === 0) this.#unwatchLater()
      isListening = false
    }
  }

  #watch(): void {
    if (this.#linger !== null) clearTimeout(this.#linger)
    this.#linger = null
    if (!this.#settled.listen || this.#openedAt === null || this.#listeners === 0 || this.#wake !== null) return
    const { schema } = this.#settled
    this.#wake = new Wake(this.#id, schema, () => this.#connections.single(), this.#hear, this.#openedAt)
  }

  #unwatchLater(): void {
    this.#linger = setTimeout(() => {
      void this.#wake?.stop()
      this.#wake = null
    }, LINGER_MS).unref()
  }
}
