/** Two calls at once from two handles, their start swept, until each of them has won. */
import assert from 'node:assert/strict'
import { systemClock } from '../seam.js'
import { NotExercised } from './case.js'

/** In ms: how much later the second begins; below zero it begins first. */
const OFFSETS = [0, 1, -1, 0, 2, -2] as const
const LEAST = 6
const MOST = 200

const later = (ms: number): Promise<void> => new Promise((resolve) => void systemClock.after(ms, resolve))

/** Answers with both. */
export async function together<X, Y>(
  offset: number,
  first: () => Promise<X>,
  second: () => Promise<Y>,
): Promise<[X, Y]> {
  const begun = <T>(ms: number, call: () => Promise<T>): Promise<T> => (ms > 0 ? later(ms).then(call) : call())
  return Promise.all([begun(-offset, first), begun(offset, second)])
}

/** `trial` plays one race and says who won it; a race in which only one ever wins has not been one. */
export async function storm(trial: (offset: number, n: number) => Promise<'first' | 'second'>): Promise<void> {
  const wins = { first: 0, second: 0 }
  for (let n = 0; n < MOST; n++) {
    const offset = OFFSETS[n % OFFSETS.length]
    assert.ok(offset !== undefined)
    wins[await trial(offset, n)]++
    if (n + 1 >= LEAST && wins.first > 0 && wins.second > 0) return
  }
  throw new NotExercised(`of ${MOST} races the first call won ${wins.first} and the second ${wins.second}`)
}
