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

  stat() {
    return `held ${this.#held} heap ${this.#heap.length} ${this.#heap.slice(0, 3).map((t) => t.at)}`
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

  /** Everything that a timer set off has happened when the next turn of the loop begins: nothing else waits for input or output. */
  async #settle(): Promise<void> {
    do await turn()
    while (this.#held > 0)
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

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.rank < b.rank)
