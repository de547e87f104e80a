/** The cases, tried: each store that does one thing wrong fails a case that names the clause it breaks, and fails it for that reason. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'vitest'
import { type ConformanceOptions, runConformance } from '../../src/conformance/index.js'
import { runCase } from '../../src/conformance/stage/run-case.js'
import { BROKEN_STORES, optionsOf, WHOLE_STORES } from './broken/index.js'
import { accidentIn, blamed } from './broken/judge.js'
import { casesFor } from './broken/matrix.js'
import { rowOf } from './broken/page.js'

const LONG = 60_000

/** Ends at the first, so that a case which waits for what never comes is waited for once. */
async function failsOneOf(clause: string, options: ConformanceOptions): Promise<boolean> {
  const cases = await casesFor(options)
  const likely = cases.filter(({ clauses }) => clauses.includes(clause))
  // Every case ends with the invariants, so one that is about something else may be the one that notices.
  for (const one of [...likely, ...cases.filter((other) => !likely.includes(other))]) {
    const told = await runCase(one, options)
    if (told.outcome !== 'failed' || !blamed(one, told.failure.message).includes(clause)) continue
    assert.equal(accidentIn(told.error), null, `${one.name} failed of a mistake inside the broken store`)
    return true
  }
  return false
}

describe('the stores under the broken ones', () => {
  for (const options of WHOLE_STORES) {
    it(
      `${options.name} › passes every case that can be run on it`,
      async () => {
        const { cases: reports } = await runConformance({ ...options, runs: 20, crowd: 2000 })
        const those = (outcome: string): string[] =>
          reports.filter((one) => one.outcome === outcome).map(({ name, reason }) => `${name}: ${reason}`)
        assert.deepEqual(those('failed'), [])
        assert.deepEqual(those('not exercised'), [])
        assert.ok(reports.filter(({ outcome }) => outcome === 'passed').length > 400)
      },
      LONG,
    )
  }
})

describe('broken stores', () => {
  for (const store of BROKEN_STORES) {
    it(
      `${store.name} › fails a case of ${store.clauses.join(' and one of ')}`,
      async () => {
        const options = { ...optionsOf(store), crowd: 2000 }
        for (const clause of store.clauses)
          assert.ok(await failsOneOf(clause, options), `no case of ${clause} failed for it`)
      },
      LONG,
    )
  }

  it('no two have one name', () => {
    const names = BROKEN_STORES.map(({ name }) => name)
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    )
  })

  it('the twenty-five of the draft of the contract are all there', () => {
    const numbers = new Set(BROKEN_STORES.map(({ draft }) => draft).filter((draft) => draft !== null))
    assert.deepEqual(
      [...numbers].sort((a, b) => a - b),
      Array.from({ length: 25 }, (_, n) => n + 1),
    )
  })
})

describe('docs/broken-stores.md', () => {
  const page = readFileSync(new URL('../../../../docs/broken-stores.md', import.meta.url), 'utf8')

  it('has one row for each broken store, with what it has to fail', () => {
    const rows = page.split('\n').filter((line) => /^\| [^|]+ \| [^|]+ \| \*\*/.test(line))
    assert.deepEqual(
      rows.map((row) => row.split(' | ').slice(0, 3).join(' | ')),
      BROKEN_STORES.map(rowOf),
    )
  })
})
