/** The model, tried: right stores pass it, also those that take every freedom there is; broken ones fail it, and the report says why. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'
import { fact, type StoreCase } from '../../src/conformance/case.js'
import { textOf } from '../../src/conformance/failure/failure-text.js'
import { model } from '../../src/conformance/model/cases.js'
import type { Draws } from '../../src/conformance/model/draw.js'
import { play } from '../../src/conformance/model/play.js'
import { AT_ONCE } from '../../src/conformance/model/tally.js'
import type { ConformanceOptions } from '../../src/conformance/options.js'
import { type Outcome, runCase } from '../../src/conformance/stage/run-case.js'
import { memoryTableStore } from '../../src/memory/memory-store.js'
import { systemClock } from '../../src/seam.js'
import type { Batch, BatchResult, Store, StoreOptions } from '../../src/store.js'
import { ItemStore } from '../base-store/item-store.js'
import { BROKEN_STORES } from './broken/index.js'
import { type Freedom, LooseStore } from './model-loose-store.js'

const LONG = 60_000
const [oneAfterAnother, atOnce] = model as [StoreCase, StoreCase]

const on = (make: (options: StoreOptions) => Store, over: Partial<ConformanceOptions> = {}): ConformanceOptions => ({
  store: (_, options) => make(options),
  ...over,
})

const broken = (what: string, seed = 5): ConformanceOptions => {
  const found = BROKEN_STORES.find(({ name }) => name === what)
  assert.ok(found, `there is no broken store of the name ‘${what}’`)
  return { name: what, seed, store: (space, options) => found.make(options, space) }
}

function reportOf(told: Outcome): string {
  assert.equal(told.outcome, 'failed')
  return told.outcome === 'failed' ? textOf(told.failure) : ''
}

const has = (report: string, ...patterns: readonly RegExp[]): void => {
  for (const pattern of patterns) assert.match(report, pattern)
}

describe('stores that are right', () => {
  const stores: Record<string, (options: StoreOptions) => Store> = {
    'the memory store': (options) => memoryTableStore(options),
    'a store that writes item by item': (options) => new ItemStore(options),
    'a store that takes every freedom': (options) => new LooseStore(options, { isAtomic: true }),
    'a store that takes every freedom, item by item': (options) => new LooseStore(options, { isAtomic: false }),
    'a store whose claims take job by job': (options) => new LooseStore(options, { isAtomic: false, isJobByJob: true }),
  }
  for (const [name, make] of Object.entries(stores)) {
    for (const one of model) {
      it(
        `${name} › ${one.name} › passes`,
        async () => {
          assert.deepEqual(await runCase(one, on(make, { name })), { outcome: 'passed' })
        },
        LONG,
      )
    }
  }
})

describe('broken stores, one call after another', () => {
  const found: readonly (readonly [string, RegExp])[] = [
    ['a settle checks the state, not the token', /^FENCE-1: /],
    ['work under a lease whose time is over is refused', /^FENCE-4: /],
    ['the fence is the attempt', /^FENCE-2: /],
    ['a paused queue still serves claims by ids', /^PAUSE-1: /],
    ['runAt goes before priority', /^ORDER-1: /],
    ['ids are compared as words of a language', /^ORDER-1: /],
    ['a claim that reached its bound says that nothing is known to come', /^CLAIM-6: /],
    ['`again` takes new jobs', /^IDEM-2: /],
    ['updatedAt falls when the clock steps back', /^TIME-5: /],
    ['instants are rounded up', /^TIME-[56]: /],
    ['a retry takes a key that another holds', /^UNIQ-3: /],
    ['a removal looks at no version', /^REMOVE-1: /],
    ['removed jobs are still counted', /^COUNT-1: /],
    ['a tag matches by its beginning', /^LIST-1: /],
    ['a payload is parsed and written again', /^DATA-1: /],
  ]
  for (const [what, clause] of found) {
    it(
      `${what} › is found and told by its clause`,
      async () => {
        assert.match(reportOf(await runCase(oneAfterAnother, broken(what))), clause)
      },
      LONG,
    )
  }
})

const hasty = on((options) => new LooseStore(options, { isAtomic: true, isHasty: true }), { seed: 5 })

describe('broken stores, calls at once', () => {
  const found: readonly (readonly [string, RegExp])[] = [
    ['a job that a claim moves is missing for a moment', /^(GUARD-[12]|BATCH-1): /],
    ['a key is looked up, then the job inserted in a second step', /^(UNIQ-\d|IDEM-1|BATCH-1): /],
  ]
  for (const [what, clause] of found) {
    it(
      `${what} › is found and told by its clause`,
      async () => {
        assert.match(reportOf(await runCase(atOnce, broken(what))), clause)
      },
      LONG,
    )
  }

  it(
    'a guard that is judged when the call begins › is no fault while calls come one after another',
    async () => {
      const told = await runCase(oneAfterAnother, hasty)
      assert.deepEqual(told, { outcome: 'passed' })
    },
    LONG,
  )

  const loose: readonly (readonly [string, Freedom, RegExp])[] = [
    [
      'a guard that is judged when the call begins, and written later [GUARD-1, GUARD-3]',
      { isAtomic: true, isHasty: true },
      /^(GUARD-1|FENCE-1|TIME-4): .* was applied; it had to be refused/,
    ],
    ['a claim that passes over what nobody has in hand [ORDER-4]', { isAtomic: true, isSkipping: true }, /^ORDER-4: /],
    [
      'a claim that takes later what it saw [CLAIM-2]',
      { isAtomic: true, isSlow: true },
      /what the claim r\d+-token-\d+ took|as the claim r\d+-token-\d+ took it/,
    ],
    [
      'a claim that passed over a due job and does not say so [CLAIM-6]',
      { isAtomic: true, isSilent: true },
      /^CLAIM-6: nextDueInMs[\s\S]*the model says: 'at most 0'/,
    ],
    [
      'a batch that goes item by item and is declared atomic [ATOM-5]',
      { isAtomic: false, isBoasting: true },
      /no order of these calls is legal/,
    ],
    [
      'a claim that takes what it saw earlier, job by job [CLAIM-2]',
      { isAtomic: false, isSlow: true },
      /^(CLAIM-[12]|FENCE-2|ATOM-3): /,
    ],
  ]
  for (const [what, freedom, told] of loose) {
    it(
      `${what} › is found`,
      async () => {
        const options = on((given) => new LooseStore(given, freedom), { seed: 5 })
        assert.match(reportOf(await runCase(atOnce, options)), told)
      },
      LONG,
    )
  }
})

describe('the report', () => {
  it(
    'of calls one after another › has the clause, each call with its answer, both records and how to repeat it',
    async () => {
      const report = reportOf(await runCase(oneAfterAnother, broken('beats are not fenced')))
      has(
        report,
        /^FENCE-1: ‘beat’ of r1-(\w) was applied; it had to be refused \(guard\); the model says otherwise$/m,
        /^ +1 A {2}insert r1-\w into r1-[xy] \((mail|sms), .*\) → new/m,
        /^ +\d+ [AB] {2}beat r1-\w if token \S+: .* → applied$/m,
        /^the model says: refused, guard/m,
        /^the store says: applied/m,
        /^the record of r1-\w \(the model before that step, the store after the wave\):$/m,
        /^ +by the model +by the store$/m,
        /≠$/m,
        /^`runs: 1, seed: -?\d+`, or on the command line `--runs 1 --seed -?\d+`\.$/m,
        /promise 2 \(/,
      )
      assert.ok(report.split('\n').filter((line) => /^ +\d+ [AB] {2}/.test(line)).length < 12, 'the history is shrunk')
    },
    LONG,
  )

  it(
    'of calls at once › has the interleaving, the farthest legal order, and why nothing can come next',
    async () => {
      const report = reportOf(await runCase(atOnce, hasty))
      has(
        report,
        /^ +at once \(▸ begins, ◂ ends\):$/m,
        /^ +\d+ [AB] ▸ /m,
        /^ +\d+ [AB] ◂ applied/m,
        /^no order of these calls is legal: /m,
        /^The farthest that an order came:\n {2}1\. call \d+ of [AB], /m,
        /^and then none of the others can come next:\n {2}call \d+ of [AB], .*: .* was applied; it had to be refused \(guard\) \[\w+-\d+\]$/m,
      )
    },
    LONG,
  )

  it(
    'its seed with one run › plays the very history again',
    async () => {
      const report = reportOf(await runCase(oneAfterAnother, broken('the fence is the attempt')))
      const seed = Number(/seed: (-?\d+)/.exec(report)?.[1])
      const again = reportOf(await runCase(oneAfterAnother, { ...broken('the fence is the attempt', seed), runs: 1 }))
      assert.equal(again, report)
    },
    LONG,
  )

  it(
    'of a call that was rejected › says so, with what was done [FAULT-1]',
    async () => {
      const report = reportOf(await runCase(oneAfterAnother, broken('an unknown id fails the batch')))
      has(report, /^FAULT-1: a call was rejected though nothing was broken: rejected: no job r1-\w/, /^ +\d+ [AB] {2}/m)
    },
    LONG,
  )
})

describe('a history whose time is over', () => {
  it(
    'it has ended when the case has, so that it moves no clock of the next [FAULT-5]',
    async () => {
      const longestMs = 500
      let underWay = 0
      let begun = 0
      /** A call takes longer than a history may. */
      class Slow extends LooseStore {
        override async exchange(batch: Batch): Promise<BatchResult> {
          begun++
          underWay++
          try {
            await new Promise<void>((resolve) => void systemClock.after(longestMs / 2, resolve))
            return await super.exchange(batch)
          } finally {
            underWay--
          }
        }
      }
      const atEnd: number[] = []
      const slow: StoreCase = fact('slow [GUARD-1]', async (stage) => {
        const property = { draw: (draws: Draws) => draws.oneAfterAnother, isRace: false, needed: [] }
        await play(property, stage, longestMs).finally(() => atEnd.push(underWay, begun))
      })
      const told = await runCase(
        slow,
        on((options) => new Slow(options, { isAtomic: true }), { seed: 1 }),
      )
      assert.match(told.outcome === 'not exercised' ? told.reason : '', /was not over within 50 ms; raise `caseMs`$/)
      assert.deepEqual(atEnd, [0, 1])
    },
    LONG,
  )
})

describe('what was not exercised', () => {
  it(
    'runs that never meet what they are about › say so in place of passing',
    async () => {
      const dull: StoreCase = fact('dull [GUARD-1]', (stage) =>
        play({ draw: (draws) => draws.oneAfterAnother, isRace: false, needed: AT_ONCE }, stage, LONG),
      )
      const told = await runCase(
        dull,
        on((options) => memoryTableStore(options), { seed: 1, runs: 200 }),
      )
      assert.equal(told.outcome, 'not exercised')
      assert.match(
        told.outcome === 'not exercised' ? told.reason : '',
        /^in 100 histories from seed 1 there never was calls that overlap, nor /,
      )
    },
    LONG,
  )

  it(
    'without fast-check › nothing is played, and the reason says what to install',
    () => {
      const root = fileURLToPath(new URL('../../../../', import.meta.url))
      const program = `
      import { registerHooks } from 'node:module'
      registerHooks({
        resolve(specifier, context, next) {
          if (specifier !== 'fast-check') return next(specifier, context)
          throw Object.assign(new Error("Cannot find package 'fast-check'"), { code: 'ERR_MODULE_NOT_FOUND' })
        },
      })
      const { memoryStore } = await import('@stint/core')
      const { runConformance } = await import('@stint/core/conformance')
      const report = await runConformance({ only: ['model'], store: (_, options) => memoryStore(options) })
      console.log(JSON.stringify(report.cases.map(({ outcome, reason }) => [outcome, reason])))`
      const args = ['--import', `${root}scripts/with-sources.mjs`, '--input-type=module', '--eval', program]
      const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
      const reason =
        'the model draws its commands with fast-check, which is not installed: npm install --save-dev fast-check@4'
      assert.equal(stderr, '')
      assert.deepEqual(JSON.parse(stdout), [
        ['not exercised', reason],
        ['not exercised', reason],
      ])
    },
    LONG,
  )
})
