/** Many runs of one property: drawn, played, shrunk when one fails, and told with what repeats it. */
import type * as FastCheck from 'fast-check'
import { seamOf } from '../../seam.js'
import { NotExercised } from '../case.js'
import type { Stage } from '../stage/stage.js'
import type { History } from './command.js'
import { BLANK } from './discord.js'
import { type Draws, draws } from './draw.js'
import { Places } from './places.js'
import { type Place, Run } from './run.js'
import { RUNS, seeded } from './seeded.js'
import { type Kind, Tally } from './tally.js'

/** From so many runs on, a kind of event that never came up is missing, not unlucky. */
const ENOUGH_RUNS = 100
/** Of the time that the case has: the rest is for shrinking. */
const PLAYING = 0.6
const SHRINKING = 0.1
/** A race that was lost once need not be lost again: where it is not lost each time, candidates are played so often, and the last at most that often. */
const REPEATS_OF_A_RACE = 3
const REPEATS_OF_THE_LAST = 20

export interface Property {
  readonly draw: (draws: Draws) => FastCheck.Arbitrary<History>
  /** Calls at once: what happened may not happen again. */
  readonly isRace: boolean
  readonly needed: readonly Kind[]
}

/** Plays its half of the runs; `longestMs` is what the case has. */
export async function play(property: Property, stage: Stage, longestMs: number): Promise<void> {
  const fc = await fastCheck()
  const runs = Math.max(1, Math.ceil((stage.options.runs ?? RUNS) / 2))
  const { seed } = seeded(stage.options)
  const playing = new Playing(fc, property, stage)
  const { monotonic } = seamOf(null)
  const end = monotonic() + longestMs * PLAYING
  try {
    for (let n = 0; n < runs; n++) {
      if (monotonic() > end)
        throw new NotExercised(`${n} of ${runs} histories were played in the time of the case; raise \`caseMs\``)
      await playing.one((seed + n) | 0, longestMs * SHRINKING)
    }
    await playing.places.leave()
  } catch (error) {
    await playing.places.abandon()
    throw error
  }
  const missing = runs < ENOUGH_RUNS ? [] : playing.tally.missing(property.needed)
  if (missing.length > 0)
    throw new NotExercised(`in ${runs} histories from seed ${seed} there never was ${missing.join(', nor ')}`)
}

class Playing {
  readonly tally = new Tally()
  readonly places: Places
  readonly #fc: typeof FastCheck
  readonly #property: Property
  readonly #stage: Stage
  readonly #histories: FastCheck.Arbitrary<History>

  constructor(fc: typeof FastCheck, property: Property, stage: Stage) {
    this.#fc = fc
    this.#property = property
    this.#stage = stage
    this.places = new Places(stage)
    this.#histories = property.draw(draws(fc))
  }

  /** One history; each has a seed of its own, so that one that fails is played again alone. */
  async one(seed: number, shrinkMs: number): Promise<void> {
    let repeats: number | null = null
    const over = new AbortController()
    const candidate = async (history: History): Promise<void> => {
      try {
        for (let n = repeats ?? 1; n > 0; n--) await this.#once(history, over.signal)
      } catch (error) {
        repeats ??= (await this.#failsAlways(history, over.signal)) ? 1 : REPEATS_OF_A_RACE
        throw error
      }
    }
    let underWay = Promise.resolve()
    const property = this.#fc.asyncProperty(this.#histories, (history) => (underWay = candidate(history)))
    const details = await this.#fc.check(property, { seed, numRuns: 1, interruptAfterTimeLimit: shrinkMs })
    // fast-check turns away from a candidate whose time is over, and leaves it to go on: it would move the clock of what is played next.
    over.abort()
    await underWay.catch(() => {})
    // A first run whose time is over has failed, by fast-check's word, and has no history.
    const [history] = details.counterexample ?? []
    if (history === undefined) {
      if (details.interrupted)
        throw new NotExercised(
          `the history of seed ${seed} was not over within ${Math.round(shrinkMs)} ms; raise \`caseMs\``,
        )
      return
    }
    const error = await this.#again(history, details.errorInstance)
    const path = details.counterexamplePath ?? ''
    throw withFooter(error, this.#footer(seed, details.numShrinks, path))
  }

  async #once(history: History, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { place, prefix } = await this.places.next()
    try {
      await new Run(place, prefix, this.tally).play(history, signal)
    } catch (error) {
      await this.places.abandon()
      throw error
    }
  }

  async #failsAlways(history: History, signal: AbortSignal): Promise<boolean> {
    if (!this.#property.isRace) return true
    for (let n = 0; n < 2; n++) {
      const isOver = await this.#once(history, signal).then(
        () => true,
        () => false,
      )
      if (isOver) return false
    }
    return true
  }

  /** On the handles of the case, so that its report shows the records and the calls of this very history. */
  async #again(history: History, found: unknown): Promise<unknown> {
    const { a, b, clock } = this.#stage
    const place: Place = { a, b, clock }
    for (let n = 1; n <= (this.#property.isRace ? REPEATS_OF_THE_LAST : 1); n++) {
      try {
        await new Run(place, `r${n}`, new Tally()).play(history)
      } catch (error) {
        return error
      }
    }
    return withFooter(found, [
      BLANK,
      'It did not happen again when it was repeated: what is told here is what was seen the first time.',
    ])
  }

  #footer(seed: number, shrinks: number, path: string): string[] {
    return [
      BLANK,
      `This is what is left of a longer history that failed, after ${shrinks} steps of leaving things out. To play it again: the options`,
      `\`runs: 1, seed: ${seed}\`, or on the command line \`--runs 1 --seed ${seed}\`.`,
      `(fast-check calls the way there ${path || '0'}.)`,
    ]
  }
}

/** The message stays the first part: its first words name the clause. */
function withFooter(error: unknown, lines: readonly string[]): Error {
  const told = error instanceof Error ? error : new Error(String(error))
  told.message = [told.message, ...lines].join('\n')
  return told
}

// ---- chance and the library -------------------------------------------------------------------------------------------

async function fastCheck(): Promise<typeof FastCheck> {
  try {
    return await import('fast-check')
  } catch (error) {
    if (
      !(
        error instanceof Error &&
        'code' in error &&
        ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(String(error.code))
      )
    )
      throw error
    throw new NotExercised(
      'the model draws its commands with fast-check, which is not installed: npm install --save-dev fast-check@4',
    )
  }
}
