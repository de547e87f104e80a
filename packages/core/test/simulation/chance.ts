import type { Chance } from '../../src/seam.js'

/** One stream of seeded chance (mulberry32: 32 bits of state, whole numbers only, so the same on every machine). */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) >>> 0
  }

  /** Uniform in [0, 1). */
  random(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1))
  }

  /** True so often. A rate of zero draws nothing, so a fault that a seed leaves out disturbs no other draw. */
  happens(rate: number): boolean {
    return rate > 0 && this.random() < rate
  }

  pick<T>(from: readonly T[]): T {
    return from[this.between(0, from.length - 1)] as T
  }

  /** A stream of its own, so that draws of one part do not shift those of another. */
  fork(): Dice {
    return new Dice(this.between(0, 0xffff_ffff))
  }
}

/** Core's chance on one host: ids that sort by the order of making, nonces that nobody else draws. */
export function seededChance(dice: Dice, host: string): Chance {
  let made = 0
  const next = (): string => String(++made).padStart(5, '0')
  return {
    random: () => dice.random(),
    id: () => `${host}-${next()}`,
    nonce: () => `${host}-n${next()}-${dice.between(0, 0xffff_ffff).toString(36)}`,
  }
}
