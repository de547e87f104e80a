/** Chance that a seed repeats. What it decides is the plan: which fault, when, whom it meets. What the processes do meanwhile is real. */
export class Dice {
  #state: number

  constructor(seed: number, of = '') {
    // FNV-1a, so that one scenario alone has the same plan as among the others.
    let hash = 0x811c9dc5 ^ seed
    for (const char of of) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193)
    this.#state = hash >>> 0
  }

  /** In [0, 1). A Weyl sequence, mixed by two multiplications. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }

  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError('nothing to pick from')
    return from[this.whole(0, from.length - 1)] as T
  }
}
