import type { Hint, Ms } from '@stint/core'
import { Budget, Lingering } from '@stint/core/store'
import type { Connections } from './connection.js'
import type { Settled } from './options.js'
import { channelOf, NOTIFY, Tell, Wake } from './wake.js'

/** A call just after the last listener left keeps the listening connection: who waits for results one by one would make one each time. */
const LINGER_MS = 5000
const LONGEST_NOTIFY_MS = 2000

/** The other processes on the same tables: heard while somebody listens here, and told what they may wait for. */
export class Others {
  readonly #settled: Settled
  readonly #tell: Tell
  readonly #wake: Lingering
  /** No event was above it when the store was opened; null: it is not open. */
  #openedAt: string | null = null

  constructor(id: string, settled: Settled, deadlineMs: Ms, connections: Connections, hear: (hint: Hint) => void) {
    this.#settled = settled
    const longestMs = Math.min(deadlineMs, LONGEST_NOTIFY_MS)
    this.#tell = new Tell(id, async (payload) => {
      const values = [channelOf(settled.schema), payload]
      await connections.call(new Budget(longestMs), (link) => link.query(NOTIFY, values))
    })
    const begin = (): Wake => new Wake(id, settled.schema, () => connections.single(), hear, this.#openedAt ?? '0')
    this.#wake = new Lingering(begin, LINGER_MS)
  }

  open(openedAt: string): void {
    this.#openedAt = openedAt
  }

  /** Until all is told. */
  async close(): Promise<void> {
    this.#openedAt = null
    await this.#tell.done()
    await this.#wake.stop()
  }

  tell(hints: readonly Hint[]): void {
    this.#tell.tell(hints)
  }

  /** Somebody here listens. */
  hear(): void {
    if (this.#settled.listen && this.#openedAt !== null) this.#wake.want()
  }

  hearNoMore(): void {
    this.#wake.unwant()
  }
}
