import type { Attempt } from './attempt.js'
import type { Runtime } from './runtime.js'

/**
 * Prolongs the leases of a pool at a third of their length, all in one write. The token is the only judge of a lease: while the store is away
 * nothing is given up by guess, the beats go on, and the first answer tells what is still ours.
 */
export class Heart {
  readonly #rt: Runtime
  readonly #leaseMs: number
  readonly #everyMs: number
  readonly #attempts: () => Iterable<Attempt>
  #cancelTimer: (() => void) | null = null

  constructor(rt: Runtime, leaseMs: number, attempts: () => Iterable<Attempt>) {
    this.#rt = rt
    this.#leaseMs = leaseMs
    this.#everyMs = Math.max(1, Math.floor(leaseMs / 3))
    this.#attempts = attempts
  }

  /** From the first lease on; a pool without leases has no timer. */
  start(): void {
    if (this.#cancelTimer) return
    const due = this.#rt.seam.monotonic() + this.#everyMs
    this.#cancelTimer = this.#rt.seam.after(this.#everyMs, () => this.#tick(due))
  }

  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }

  #tick(due: number): void {
    this.#cancelTimer = null
    const lateMs = this.#rt.seam.monotonic() - due
    // Told also when nothing is held any more: the handler that blocked has most often just returned, and its lease may have been lost.
    if (lateMs > this.#everyMs) this.#rt.events.trouble(blocked(lateMs, this.#leaseMs), 'heartbeat')
    const attempts = [...this.#attempts()]
    if (attempts.length === 0) return
    for (const attempt of attempts) {
      attempt.beat(this.#leaseMs).catch((error: unknown) => this.#rt.events.trouble(error, 'heartbeat'))
    }
    this.start()
  }
}

const blocked = (lateMs: number, leaseMs: number): Error =>
  new Error(
    `The event loop was blocked: heartbeats came ${Math.round(lateMs)} ms late, leases last ${leaseMs} ms. ` +
      'Something here computes without a pause: move the work to a worker thread or a child process, or ask for a longer lease.',
  )
