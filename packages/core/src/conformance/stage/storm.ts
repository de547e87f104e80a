/** Two calls at once from two handles, their start swept, until each of them has won. */
import assert from 'node:assert/strict'
import { systemClock } from '../../seam.js'
import { NotExercised } from '../case.js'

/** In ms: how much later the second begins; below zero it begins first. Zero and minus zero: at the same moment, one or the other called first. */
const OFFSETS = [0, -0, 1, -1, 2, -2] as const
const LEAST = OFFSETS.length
const MOST = 200

export type Side = 'first' | 'second'

const later = (ms: number): Promise<void> => new Promise((resolve) => void systemClock.after(ms, resolve))

/** Answers with both. */
export async function together<X, Y>(
  offset: number,
  first: () => Promise<X>,
  second: () => Promise<Y>,
): Promise<[X, Y]> {
  const begun = <T>(ms: number, call: () => Promise<T>): Promise<T> => (ms > 0 ? later(ms).then(call) : call())
  if (!Object.is(offset, -0)) return Promise.all([begun(-offset, first), begun(offset, second)])
  const [y, x] = await Promise.all([second(), first()])
  return [x, y]
}

/** `trial` plays one race and says who won it; a race in which only one ever wins has not been one. Answers how many were played. */
export async function storm(trial: (offset: number, n: number) => Promise<Side>): Promise<number> {
  const wins = { first: 0, second: 0 }
  for (let n = 0; n < MOST; n++) {
    const offset = OFFSETS[n % OFFSETS.length]
    assert.ok(offset !== undefined)
    wins[await trial(offset, n)]++
    if (n + 1 >= LEAST && wins.first > 0 && wins.second > 0) return n + 1
  }
  throw new NotExercised(`of ${MOST} races the first call won ${wins.first} and the second ${wins.second}`)
}

/** Calls of two sides: how often one began while one of the other side was under way. */
export class UnderWay {
  overlaps = 0
  readonly #now = { first: 0, second: 0 }

  async run<T>(side: Side, call: () => Promise<T>): Promise<T> {
    if (this.#now[side === 'first' ? 'second' : 'first'] > 0) this.overlaps++
    this.#now[side]++
    try {
      return await call()
    } finally {
      this.#now[side]--
    }
  }
}
