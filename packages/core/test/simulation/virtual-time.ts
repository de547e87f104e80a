import type { Dice } from './chance.js'

interface Timer {
  readonly at: number
  /** Timers of one instant fire in an order that chance decides: each seed tries another. */
  readonly rank: number
  run: (() => void) | null
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Time that passes only when told, for the whole world: hosts, wires and the store. Never steps back; wall clocks are made from it. */
export class VirtualTime {
  readonly #dice: Dice
  #elapsed = 0
  #held = 0
  /** A binary heap, earliest first. */
  readonly #heap: Timer[] = []

  constructor(dice: Dice) {
    this.#dice = dice
  }

  get elapsed(): number {
    return this.#elapsed
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.#elapsed + Math.max(0, ms), rank: this.#dice.random(), run }
    this.#push(timer)
    return () => {
      timer.run = null
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve))
  }

  /** Time stands still until the answer is called: for the one thing that takes real time, a module that a queue loads while it opens. */
  hold(): () => void {
    this.#held++
    return () => {
      this.#held--
    }
  }

  /** Fires every timer up to `until`, each with all that follows from it before the next. */
  async runUntil(until: number): Promise<void> {
    await this.#settle()
    for (let next = this.#heap[0]; next && next.at <= until; next = this.#heap[0]) {
      this.#pop()
      if (!next.run) continue
      this.#elapsed = Math.max(this.#elapsed, next.at)
      next.run()
      await this.#settle()
    }
    this.#elapsed = Math.max(this.#elapsed, until)
  }

  /** Core takes a turn of the loop here and there, and only turns: when no turn is asked for, whatever a timer set off has happened. */
  async #settle(): Promise<void> {
    let turns = 0
    do {
      await turn()
      // A module that is loaded takes real time.
      if (this.#held === 0 && ++turns > MOST_TURNS) throw new Error(`something spins at ${this.#elapsed} ms`)
    } while (this.#held > 0 || isTurnAskedFor())
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.push(timer) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(timer, heap[above] as Timer)) break
      heap[at] = heap[above] as Timer
      at = above
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Timer
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Timer, heap[below] as Timer)) below++
      if (!isBefore(heap[below] as Timer, last)) break
      heap[at] = heap[below] as Timer
      at = below
    }
    heap[at] = last
  }
}

/** Far more than the longest honest chain of calls. */
const MOST_TURNS = 5000

const isTurnAskedFor = (): boolean => process.getActiveResourcesInfo().includes('Immediate')

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.rank < b.rank)
