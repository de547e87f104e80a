/** One scenario from its first job to the verdict. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { isStintError, type JobRecord, openStore } from '@stint/core'
import { isTerminal } from '@stint/core/store'
import type { Crew } from './crew.ts'
import { Dice } from './dice.ts'
import type { Engine, Place } from './engines/engine.ts'
import { SmallDisk } from './engines/small-disk.ts'
import { gap } from './instant.ts'
import { judge, type Verdict } from './judge.ts'
import type { Scenario } from './scenario.ts'
import { Scene } from './scene.ts'

export interface RunOptions {
  readonly engine: Engine
  readonly place: Place
  readonly crew: Crew
  /** For journals and files of this run. */
  readonly folder: string
  readonly seed: number
  readonly seconds: number
  readonly breakBy: string | null
}

export interface Skipped {
  readonly scenario: Scenario
  /** Why it cannot be played here. */
  readonly skipped: string
}

export interface Played {
  readonly scenario: Scenario
  /** Empty: all is well. */
  readonly problems: readonly string[]
  readonly injected: ReadonlyMap<string, number>
  readonly backAfterMs: readonly number[]
  readonly counts: Verdict['counts'] | null
  readonly tookMs: number
}

export type Outcome = Skipped | Played

export const isPlayed = (outcome: Outcome): outcome is Played => !('skipped' in outcome)

/** When no job has come to its end for so long, none will: a killed worker's lease and the pause behind an outage are far shorter. */
const DRAIN_MS = 20_000
const LOOK_MS = 50

export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Outcome> {
  const why = scenario.needs && options.engine.cannot[scenario.needs]
  if (why) return { scenario, skipped: why }
  const megabytes = scenario.smallDiskMb?.[options.engine.name]
  if (megabytes === undefined) return play(scenario, options, options.place, null)
  const disk = SmallDisk.make(megabytes)
  if (typeof disk === 'string') return { scenario, skipped: disk }
  try {
    const place = await options.engine.start({ folder: disk.folder })
    if (typeof place === 'string') return { scenario, skipped: place }
    try {
      return await play(scenario, options, place, disk)
    } finally {
      await place.stop()
    }
  } finally {
    disk.remove()
  }
}

async function play(
  scenario: Scenario,
  { engine, crew, folder, seed, seconds, breakBy }: RunOptions,
  place: Place,
  disk: SmallDisk | null,
): Promise<Outcome> {
  const began = performance.now()
  const space = `s${scenario.name.replaceAll('-', '_')}`
  mkdirSync(join(folder, 'journals'), { recursive: true })
  const store = await openStore(place.url(space, 'past it'))
  const scene = new Scene({
    ...{ scenario, engine, place, store, disk, crew, space, seconds, breakBy },
    dice: new Dice(seed, scenario.name),
    folder: join(folder, 'journals'),
  })
  const outcome = (problems: readonly string[], counts: Verdict['counts'] | null): Outcome => ({
    ...{ scenario, problems, counts, injected: scene.injected, backAfterMs: scene.backAfterMs },
    tookMs: performance.now() - began,
  })
  try {
    await store.open()
    await scene.begin()
    await scenario.play(scene)
    place.proxy?.disarm()
    place.proxy?.heal()
    await quieten(scene)
    const { problems, counts } = await judge(scene)
    if (scene.restarts > 0) scene.inject('servers that ended for it and were started again', scene.restarts)
    return outcome([...problems, ...notFired(scene), ...notMet(scene, counts)], counts)
  } catch (error) {
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return outcome([...scene.problems, `the scenario could not be played to its end: ${told}`], null)
  } finally {
    await clearUp(scene, crew)
    await scene.end()
    await store.close()
  }
}

/** No more enqueues, then no more work: whatever is left open now is lost to everybody. */
async function quieten(scene: Scene): Promise<void> {
  await scene.producer?.process.order({ do: 'quiet' })
  let until = performance.now() + DRAIN_MS
  let least = Number.POSITIVE_INFINITY
  for (let open = await openJobs(scene); open !== 0; open = await openJobs(scene)) {
    if (open !== null && open < least) {
      least = open
      until = performance.now() + DRAIN_MS
    }
    if (performance.now() > until) {
      scene.problems.push(`no job came to its end in the last ${DRAIN_MS / 1000} s: ${await leftOver(scene)}`)
      break
    }
    await gap(LOOK_MS)
  }
  for (const { process } of [...scene.workers, ...(scene.producer ? [scene.producer] : [])])
    if (process.isThere) await process.order({ do: 'close' })
}

/** null: nobody knows. The connections of this very process were the engine's too, and the first call behind a crash may find them broken. */
async function openJobs({ store }: Scene): Promise<number | null> {
  try {
    const counts = (await store.stats()).filter(({ state }) => !isTerminal(state))
    return counts.reduce((sum, { count }) => sum + count, 0)
  } catch (error) {
    if (isStintError(error, 'STORE_UNAVAILABLE')) return null
    throw error
  }
}

const MOST_SHOWN = 5

async function leftOver({ store }: Scene): Promise<string> {
  const open: JobRecord[] = []
  for (let cursor: string | null = null; ; ) {
    const page = await store.list({ walk: 'id', direction: 'asc', limit: 1000, ...(cursor !== null && { cursor }) })
    open.push(...page.jobs.filter(({ state }) => !isTerminal(state)))
    if (page.cursor === null) break
    cursor = page.cursor
  }
  const now = await store.now()
  const shown = open.slice(0, MOST_SHOWN).map(({ id, state, version, runAt, lease, updatedAt }) => {
    const held = lease ? `, held by ${lease.workerId} for ${lease.until - now} ms more` : `, due ${now - runAt} ms ago`
    return `${id} is ${state} since ${now - updatedAt} ms at version ${version}${held}`
  })
  return `${open.length} jobs; ${shown.join('; ')}`
}

const notFired = ({ injected }: Scene): string[] => [
  ...(injected.size === 0 ? ['no fault was injected'] : []),
  ...[...injected].filter(([, times]) => times === 0).map(([what]) => `the fault "${what}" never fired`),
]

function notMet({ expected }: Scene, counts: Verdict['counts']): string[] {
  const found = { ...counts, failed: counts.refused + counts.unknown }
  return [...expected].flatMap(([what, least]) => {
    if (what === 'never expired')
      return found.expired === 0
        ? []
        : [`${found.expired} leases were taken from workers that lived and prolonged them`]
    return found[what] >= least ? [] : [`${found[what]} ${what}, expected at least ${least}: the fault met too little`]
  })
}

async function clearUp(scene: Scene, crew: Crew): Promise<void> {
  for (const { process } of [...scene.workers, ...(scene.producer ? [scene.producer] : [])]) {
    if (!process.isThere) continue
    // One that does not close is of no use to the next scenario.
    const closed = await Promise.race([
      process.order({ do: 'close' }).then(
        () => true,
        () => false,
      ),
      gap(5000).then(() => false),
    ])
    if (closed) crew.giveBack(process)
    else await process.kill()
  }
}
