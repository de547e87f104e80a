/** A case never hangs, whatever the store makes of it. */
import assert from 'node:assert/strict'
import { it } from 'vitest'
import type { StoreCase } from '../../src/conformance/case.js'
import { memoryOptions } from '../../src/conformance/memory-options.js'
import type { ConformanceOptions } from '../../src/conformance/options.js'
import { runCase } from '../../src/conformance/stage/run-case.js'
import { memoryTableStore } from '../../src/memory/memory-store.js'

const stores: Readonly<Record<string, ConformanceOptions>> = {
  'a store in this process': memoryOptions,
  // What it answers after its end must not keep the case going.
  'a store in this process that does not close': {
    store: (_, options) => Object.assign(memoryTableStore(options), { close: async () => {} }),
  },
}

it.each(Object.entries(stores))(
  'a case that asks %s without end › fails at its deadline, and asks no more',
  async (_, store) => {
    let asked = 0
    let isOver = false
    const endless: StoreCase = {
      name: 'endless',
      clauses: [],
      needs: [],
      run: async ({ a }) => {
        try {
          for (;;) {
            await a.stats()
            asked++
          }
        } finally {
          isOver = true
        }
      },
    }
    const told = await runCase(endless, { ...store, caseMs: 200 })
    assert.equal(told.outcome, 'failed')
    assert.match(told.outcome === 'failed' ? String(told.error) : '', /the case was not over within \d+ ms/)
    assert.ok(asked > 200)
    assert.equal(isOver, true)
  },
)
