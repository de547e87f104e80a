/** One run of the suite over one store: told as it goes, reported when it is over. */
import { nextTurn, seamOf } from '../../seam.js'
import type { StoreCase } from '../case.js'
import { chosen } from '../chosen.js'
import type { ConformanceOptions } from '../options.js'
import { paintFor } from '../report/colours.js'
import { reportText } from '../report/text.js'
import { within } from '../stage/deadline.js'
import { longestOf } from '../stage/run-case.js'
import { runConformance } from '../suite.js'
import type { Arguments } from './arguments.js'
import { hearStrays, interruption } from './ending.js'
import { Files } from './files.js'
import { Misuse } from './misuse.js'
import { Progress } from './progress.js'
import { Spaces } from './spaces.js'
import { Watchdog } from './watchdog.js'

const { monotonic } = seamOf(null)
const CASES = chosen({}).flatMap(({ cases }) => cases).length
/** Longest time of tidying up after the last case, or after an interruption. */
const STRIKE_MS = 5000

/** Answers with the exit code. */
export async function tried(given: Arguments, options: ConformanceOptions): Promise<number> {
  const began = monotonic()
  const cases = chosen(options).flatMap((chapter) => chapter.cases)
  if (cases.length === 0) throw new Misuse(`--only: no case is about ${options.only?.join(', ')}`)
  const files = new Files(given)
  const paint = paintFor(process.stdout)
  const progress = new Progress(process.stdout, paint, given.loudness)
  const spaces = new Spaces(options)
  const signal = interruption()
  const strays = hearStrays(() => cases[progress.said]?.name ?? null)
  let isRead = true
  process.stdout.on('error', () => (isRead = false)) // `| head` has seen enough

  const watchdog = new Watchdog()
  const watch = (one: StoreCase | undefined): void => {
    if (one) watchdog.now(one.name, longestOf(one, options))
  }
  watch(cases[0])
  progress.begin(options.name ?? 'store', cases.length)
  const running = runConformance(spaces.options, (one) => {
    progress.heard(one)
    watch(cases[progress.said])
    return !(given.bail && one.outcome === 'failed') && (isRead || files.areWanted)
  }).catch((error: unknown) => {
    throw Misuse.because('No store could be made, opened, closed and destroyed in an empty space.', error)
  })
  const ended = await Promise.race([running, signal.heard])
  progress.end()
  await watchdog.end()
  const left = await within(STRIKE_MS, 'tidying up', spaces.strike(), () => 'the store').catch(untold)
  for (const one of left) process.stderr.write(`A space could not be destroyed: ${one}\n`)
  if (typeof ended === 'string') return signal.giveBack(ended, `after ${progress.said} of ${cases.length} cases`)

  await nextTurn() // what the last store threw behind itself
  const ms = Math.round(monotonic() - began)
  const wishes = {
    paint,
    isVerbose: given.loudness === 'cases',
    isQuiet: given.loudness === 'quiet',
    isPart: ended.cases.length < CASES,
  }
  process.stdout.write(`${given.loudness === 'quiet' ? '' : '\n'}${reportText(ended, ms, strays.heard, wishes)}`)
  files.write(ended, ms, strays.heard)
  strays.tellFromNowOn()
  return ended.failed + strays.heard.length + left.length > 0 || !isRead ? 1 : 0
}

const untold = (error: unknown): string[] => [error instanceof Error ? error.message : String(error)]
