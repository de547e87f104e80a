import { seamOf, systemClock } from '../seam.js'
import { NotExercised, type StoreCase } from './case.js'
import { type Failure, failureOf } from './failure.js'
import { checkInvariants } from './invariants.js'
import type { ConformanceOptions } from './options.js'
import { Stage } from './stage.js'

/** Longest time of a case, its invariants included. */
const CASE_MS = 30_000
/** Longest time of tidying up after a case that failed: what failed first is what is told. */
const STRIKE_MS = 5000

export type Outcome =
  | { readonly outcome: 'passed' }
  | { readonly outcome: 'failed'; readonly error: unknown; readonly failure: Failure }
  | { readonly outcome: 'not exercised'; readonly reason: string }

export const longestOf = (one: StoreCase, { caseMs = CASE_MS }: ConformanceOptions): number =>
  one.isLong ? 10 * caseMs : caseMs

/** Runs a case on a stage of its own, then looks whether everything still holds. */
export async function runCase(one: StoreCase, options: ConformanceOptions): Promise<Outcome> {
  const stage = new Stage(options)
  try {
    await within(longestOf(one, options), stage, play(one, stage))
    await within(longestOf(one, options), stage, stage.strike())
    return { outcome: 'passed' }
  } catch (error) {
    const isPlayed = error instanceof NotExercised
    const failure = isPlayed ? null : await within(STRIKE_MS, stage, failureOf(one, error, stage)).catch(() => null)
    await within(STRIKE_MS, stage, stage.strike()).catch(() => {})
    if (isPlayed) return { outcome: 'not exercised', reason: error.message }
    return { outcome: 'failed', error, failure: failure ?? (await failureOf(one, error, new Stage(options))) }
  }
}

async function play(one: StoreCase, stage: Stage): Promise<void> {
  await stage.set()
  try {
    await one.run(stage)
  } catch (error) {
    if (error instanceof NotExercised) await checkInvariants(stage.b)
    throw error
  }
  stage.failpoints.disarm()
  await checkInvariants(stage.b)
}

const { monotonic } = seamOf(null)

function within<T>(ms: number, stage: Stage, work: Promise<T>): Promise<T> {
  const began = monotonic()
  return new Promise((resolve, reject) => {
    const cancel = systemClock.after(ms, () => {
      const waiting = stage.transcript.waiting()
      const what = waiting.length === 0 ? 'no call of the store' : waiting.join(', and ')
      reject(new Error(`the case was not over within ${Math.round(monotonic() - began)} ms; it waited for ${what}`))
    })
    work.then(resolve, reject).finally(cancel)
  })
}
