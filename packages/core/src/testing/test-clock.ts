import type { Clock } from '../clock.js'
import { type Duration, toMs } from '../duration.js'
import { BUSY, nextTurn, type OwnedClock } from '../seam.js'

export interface TestClock extends Clock {
  /** Moves time, firing in order every timer on the way and letting its work settle before the next. */
  advance(by: Duration): Promise<void>
}

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Turns of the event loop that must pass without a store call before work counts as settled: promises behind promises need several. */
const QUIET_TURNS = 5

/** Stands still until moved. Default start: 2030-01-01T00:00:00Z. */
export function testClock(start: Date = new Date('2030-01-01T00:00:00Z')): TestClock {
  return new StandingClock(start.getTime())
}

export class StandingClock implements TestClock, OwnedClock {
  #now: number
  #order = 0
  #busy = 0
  readonly #timers = new Set<Timer>()

  constructor(start: number) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, run }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Store calls under way; the queue on top of this clock counts them here. */
  readonly [BUSY] = (): (() => void) => {
    this.#busy++
    return () => {
      this.#busy--
    }
  }

  async advance(by: Duration): Promise<void> {
    const until = this.#now + toMs(by, 'advance')
    await this.settle()
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#timers.delete(next)
      // Whoever set a time that has passed meanwhile is late, not early: time never steps back.
      this.#now = Math.max(this.#now, next.at)
      next.run()
      await this.settle()
    }
    this.#now = Math.max(this.#now, until)
    await this.settle()
  }

  /** Waits until no store call is under way and nothing more happens by itself. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet = this.#busy > 0 ? 0 : quiet + 1) await nextTurn()
  }

  /** When the next timer is due; null: none. */
  get nextAt(): number | null {
    return this.#next(Number.POSITIVE_INFINITY)?.at ?? null
  }

  #next(until: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at > until) continue
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    }
    return first
  }
}
