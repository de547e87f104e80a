/** The same cases by the runners at hand: each registers, passes, skips, fails, and skips what could not be exercised. */
import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'
import { runConformance } from '../../src/conformance/index.js'
import { runNode } from './cli/run-program.js'
import { conformance } from './cli/stores.js'

const LONG = 60_000
const here = fileURLToPath(new URL('./cli/', import.meta.url))
const RACE = 'race 2 › settle and expire at once › one wins, and the other sees who'
const FAILS = 'nextDueInMs › is 0 when the claim reached its bound'

describe('under', { timeout: LONG }, () => {
  it('vitest › all outcomes are what they are', async () => {
    const file = join(tmpdir(), `stint-runners-${process.pid}.json`)
    const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
    const args = [
      vitest,
      'run',
      '--root',
      here,
      '--config',
      'under-vitest.config.ts',
      '--reporter',
      'json',
      '--outputFile',
      file,
    ]
    const { code, out } = await runNode(args, { VITEST: undefined, NO_COLOR: '1' })
    const report = JSON.parse(readFileSync(file, 'utf8'))
    rmSync(file)
    const tests: { title: string; status: string; failureMessages: string[] }[] = report.testResults[0].assertionResults
    const statusOf = (title: string): string | undefined => tests.find((test) => test.title.startsWith(title))?.status
    assert.equal(code, 1)
    assert.equal(statusOf('change › under the version first read, sent twice'), 'passed')
    assert.equal(statusOf(`${RACE} [`), 'skipped')
    assert.ok(tests.some(({ title, status }) => title.includes('(skipped: the suite') && status === 'skipped'))
    const failed = tests.find(({ title }) => title.startsWith(FAILS))
    assert.equal(failed?.status, 'failed')
    assert.match(
      failed.failureMessages[0] ?? '',
      /expected 0, got null[\s\S]*CLAIM-6: [\s\S]*breaks the README's promise/,
    )
    assert.match(out, /not exercised: of 200 races the first call won 200/)
  })

  it('node:test › all outcomes are what they are', async () => {
    const args = ['--test', '--test-reporter', 'tap', join(here, 'under-node-test.ts')]
    const { code, out } = await runNode(args, { NODE_OPTIONS: '', NODE_TEST_CONTEXT: undefined })
    assert.equal(code, 1)
    assert.match(out, /^ +ok \d+ - change › under the version first read, sent twice/m)
    assert.match(out, new RegExp(`^ +ok \\d+ - ${RACE} \\[.*\\] # SKIP not exercised: of 200 races`, 'm'))
    assert.match(out, /^ +ok \d+ - open › .*\(skipped: the suite was given no `engine.makeUnsafe`\) # SKIP/m)
    assert.match(out, new RegExp(`^ +not ok \\d+ - ${FAILS}`, 'm'))
    assert.match(out, /expected 0, got null[\s\S]*CLAIM-6: [\s\S]*breaks the README's promise/)
  })
})

describe('without one', () => {
  it('the event loop has its turn between cases, also on a store that never needs it: signals and timers are served', async () => {
    let turns = 0
    let next = setImmediate(function count() {
      turns++
      next = setImmediate(count)
    })
    const { cases } = await runConformance({ ...conformance, only: ['changes'] })
    clearImmediate(next)
    assert.ok(turns >= cases.length, `${turns} turns in ${cases.length} cases`)
  })
})
