import type { EventRecord } from './record.js'
import type { Hint } from './store.js'
import { isHeld, isTerminal } from './transitions.js'

/** What one write owes to those who listen, given out once it is acknowledged. */
export class OwedHints {
  readonly #woken = new Set<string>()
  readonly #ended: Hint[] = []

  wake(queue: string): void {
    this.#woken.add(queue)
  }

  /** A job went from one state to another; `from` null: it is new. */
  moved({ jobId, queue, from, to }: Pick<EventRecord, 'jobId' | 'queue' | 'from' | 'to'>): void {
    if (to === 'queued') this.wake(queue)
    if (from !== null && (isTerminal(to) || (isHeld(from) && !isHeld(to)))) this.#ended.push({ queue, jobId })
  }

  /** Each lane that got work once, and each job that is over or out of its holder's hands. */
  all(): Hint[] {
    return [...Array.from(this.#woken, (queue) => ({ queue })), ...this.#ended]
  }
}
