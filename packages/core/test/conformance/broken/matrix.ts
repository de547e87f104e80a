/** The cases of the suite against one broken store. */
import type { StoreCase } from '../../../src/conformance/case.js'
import { CHAPTERS } from '../../../src/conformance/chapters.js'
import type { ConformanceOptions } from '../../../src/conformance/index.js'
import { whyNot } from '../../../src/conformance/needs.js'
import { runCase } from '../../../src/conformance/stage/run-case.js'
import { blamed } from './judge.js'

/** Those that can be run on it, but for the model's, which play for long; in the order of the suite. */
export async function casesFor(options: ConformanceOptions): Promise<StoreCase[]> {
  const { capabilities } = await options.store('probe', {})
  return CHAPTERS.flatMap(({ cases }) => cases).filter(
    (one) => !one.isLong && whyNot(one, capabilities, options) === null,
  )
}

export interface Failures {
  /** How many cases fail. */
  readonly cases: number
  /** The clauses that they blame. */
  readonly blamed: ReadonlySet<string>
}

/** Races do not end the same way each time, so a case counts that fails twice running, and for what it blames both times. */
export async function failuresOf(options: ConformanceOptions): Promise<Failures> {
  const blamedBoth = new Set<string>()
  let cases = 0
  for (const one of await casesFor(options)) {
    const first = await blamedBy(one, options)
    const second = first && (await blamedBy(one, options))
    if (first && second) cases++
    for (const clause of first ?? []) if (second?.includes(clause)) blamedBoth.add(clause)
  }
  return { cases, blamed: blamedBoth }
}

async function blamedBy(one: StoreCase, options: ConformanceOptions): Promise<readonly string[] | null> {
  const told = await runCase(one, options)
  return told.outcome === 'failed' ? blamed(one, told.failure.message) : null
}
