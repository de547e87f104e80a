/** A case never hangs, whatever the store makes of it. */
import assert from 'node:assert/strict'
import { it } from 'vitest'
import type { StoreCase } from '../../src/conformance/case.js'
import { memoryOptions } from '../../src/conformance/memory-options.js'
import { runCase } from '../../src/conformance/stage/run-case.js'

it('a case that asks a store in this process without end › fails at its deadline, and asks no more', async () => {
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
  const told = await runCase(endless, { ...memoryOptions, caseMs: 200 })
  assert.equal(told.outcome, 'failed')
  assert.match(told.outcome === 'failed' ? String(told.error) : '', /the case was not over within \d+ ms/)
  assert.ok(asked > 200)
  assert.equal(isOver, true)
})
