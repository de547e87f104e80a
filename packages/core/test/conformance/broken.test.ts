/** The cases, tried: each store that does one thing wrong fails a case that names the clause it breaks. */
import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { CHAPTERS } from '../../src/conformance/chapters.js'
import { type ConformanceOptions, runConformance } from '../../src/conformance/index.js'
import { whyNot } from '../../src/conformance/needs.js'
import { runCase } from '../../src/conformance/run-case.js'
import { BROKEN_STORES, OnMemory } from './broken/index.js'

const LONG = 60_000

/** Ends at the first, so that a case which waits for what never comes is waited for once. */
async function failsOneOf(clause: string, options: ConformanceOptions): Promise<boolean> {
  const { capabilities } = await options.store('', {})
  for (const one of CHAPTERS.flatMap(({ cases }) => cases)) {
    if (!one.clauses.includes(clause) || whyNot(one, capabilities, options) !== null) continue
    if ((await runCase(one, options)).outcome === 'failed') return true
  }
  return false
}

describe('the store under the broken ones', () => {
  it(
    'passes every case that can be run on it',
    async () => {
      const { cases: reports } = await runConformance({ store: (_, options) => new OnMemory(options) })
      assert.deepEqual(
        reports.filter(({ outcome }) => outcome === 'failed'),
        [],
      )
      assert.ok(reports.filter(({ outcome }) => outcome === 'passed').length > 400)
      assert.deepEqual(
        reports.filter(({ outcome }) => outcome === 'not exercised'),
        [],
      )
    },
    LONG,
  )
})

describe('broken stores', () => {
  for (const { name, clauses, make, counts } of BROKEN_STORES) {
    it(
      `${name} › fails a case of ${clauses.join(' and one of ')}`,
      async () => {
        const options = { engine: counts, name, store: (_: string, given: Parameters<typeof make>[0]) => make(given) }
        for (const clause of clauses) assert.ok(await failsOneOf(clause, options), `no case of ${clause} failed`)
      },
      LONG,
    )
  }
})
