import type { State } from './record.js'

/** What this object has done since it was made: read twice and subtract for a rate. */
export interface QueueMetrics {
  readonly enqueued: number
  readonly succeeded: number
  /** Attempts that failed, whatever became of the job. */
  readonly attemptsFailed: number
  readonly failed: number
  readonly dead: number
  readonly cancelled: number
  readonly leasesExpired: number
  readonly leasesLost: number
  /** Over succeeded attempts, start to settle: `runMs / succeeded` is the average. */
  readonly runMs: number
}

export class Metrics {
  readonly #lost = new WeakSet()
  #now = {
    enqueued: 0,
    succeeded: 0,
    attemptsFailed: 0,
    failed: 0,
    dead: 0,
    cancelled: 0,
    leasesExpired: 0,
    leasesLost: 0,
    runMs: 0,
  }

  get(): QueueMetrics {
    return Object.freeze({ ...this.#now })
  }

  /** An accepted change of this object's own. */
  count(event: string, to: State): void {
    if (event === 'enqueued') this.#now.enqueued++
    if (event === 'failed') this.#now.attemptsFailed++
    if (event === 'lease_expired') this.#now.leasesExpired++
    if (to === 'succeeded' || to === 'failed' || to === 'dead' || to === 'cancelled') this.#now[to]++
  }

  leaseLost(lease: object): void {
    if (this.#lost.has(lease)) return
    this.#lost.add(lease)
    this.#now.leasesLost++
  }

  ran(ms: number): void {
    this.#now.runMs += Math.max(0, ms)
  }
}
