import { nextTurn } from '../../seam.js'
import { NotExercised, type StoreCase } from '../case.js'
import { type Failure, failureOf } from '../failure/failure.js'
import type { ConformanceOptions } from '../options.js'
import { Overdue, within } from './deadline.js'
import { checkInvariants } from './invariants.js'
import { Stage } from './stage.js'

/** Longest time of a case, its invariants included. */
export const CASE_MS = 30_000
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
    await inTime(longestOf(one, options), stage, play(one, stage))
    await inTime(longestOf(one, options), stage, stage.strike())
    return { outcome: 'passed' }
  } catch (error) {
    if (error instanceof NotExercised) {
      await forsaking(() => inTime(STRIKE_MS, stage, stage.strike()))
      return { outcome: 'not exercised', reason: error.message }
    }
    const failure = await failureOf(one, error, stage)
    if (error instanceof Overdue) stage.transcript.forsake()
    await forsaking(() => inTime(STRIKE_MS, stage, stage.strike()))
    return { outcome: 'failed', error, failure }
  }
}

/**
 * The end of a case that did not come to its own: what it had under way is told that the store is closed, and nobody waits for that any more.
 * Node would end the process for it.
 */
async function forsaking(work: () => Promise<void>): Promise<void> {
  const hear = (): void => {}
  process.on('unhandledRejection', hear)
  await work().catch(hear)
  await nextTurn()
  process.off('unhandledRejection', hear)
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
  stage.transcript.judge()
  await checkInvariants(stage.b)
}

const inTime = <T>(ms: number, stage: Stage, work: Promise<T>): Promise<T> =>
  within(ms, 'the case', work, () => stage.transcript.waiting().join(', and ') || 'no call of the store')
