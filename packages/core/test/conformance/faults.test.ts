/** The cases of broken connections, tried: a store whose connections can be cut passes them, and one that takes a cut badly fails them. */
import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { cuts } from '../../src/conformance/faults/cut.js'
import { storeConformance } from '../../src/conformance/index.js'
import { runCase } from '../../src/conformance/stage/run-case.js'
import { cuttable, type Defect } from './cuttable-store.js'

const LONG = 60_000

storeConformance({ describe, it }, { ...cuttable(), only: ['faults', 'races', 'close'] })

const WRITES = 'writes under way when every connection breaks'

/** The case that it fails, by the beginning of its name, and what the failure says. */
const BROKEN: Readonly<Record<Defect, readonly [name: string, says: RegExp]>> = {
  'calls sure what is unknown': [WRITES, /^FAULT-1: .* surely did not happen/],
  'resends by itself': [WRITES, /^IDEM-3: .* was carried out 2 times/],
  'never settles': [WRITES, /^the case was not over within/],
  'is carried out later': [WRITES, /^FAULT-5: .* was carried out later/],
  'stays away': [WRITES, /^FAULT-4: the store does not work/],
  'has no code': [WRITES, /expected STORE_UNAVAILABLE or OUTCOME_UNKNOWN, got Error: ECONNRESET/],
  'takes leases down with it': ['leases held when every connection breaks', /./],
}

describe('a store that takes a broken connection badly', () => {
  for (const [defect, [name, says]] of Object.entries(BROKEN) as [Defect, (typeof BROKEN)[Defect]][]) {
    it(`${defect} › fails: ${name}`, { timeout: LONG }, async () => {
      const one = cuts.find((each) => each.name.startsWith(name))
      assert.ok(one)
      const caseMs = defect === 'never settles' ? 1000 : LONG
      const told = await runCase(one, { ...cuttable(defect), caseMs })
      assert.equal(told.outcome, 'failed')
      assert.match(told.outcome === 'failed' ? told.failure.message : '', says)
    })
  }
})
