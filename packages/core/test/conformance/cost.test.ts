/** The cost sheet: what it counts, how it is told, and that the cases of BATCH-3 see each part that goes item by item. */
import assert from 'node:assert/strict'
import { defineJob, handle, JobQueue, memoryStore, type Store, type StoreOptions, unchecked } from '@stint/core'
import { testClock } from '@stint/core/testing'
import { describe, it } from 'vitest'
import { costOfBatches } from '../../src/conformance/cost/batches.js'
import { OPERATIONS } from '../../src/conformance/cost/operations.js'
import { type CostReport, type CostRow, costText, measureCost } from '../../src/conformance/index.js'
import type { ConformanceOptions, EngineHooks } from '../../src/conformance/options.js'
import { movableClock } from '../../src/conformance/stage/movable-clock.js'
import { runCase } from '../../src/conformance/stage/run-case.js'
import type { Batch, BatchResult } from '../../src/store.js'
import { OnMemory } from './broken/on-memory.js'

/** The memory store over a wire that is not there: each call is a round trip, each write a commit, and some parts go item by item. */
function onWire(dear: (batch: Batch, result: BatchResult) => number = () => 0) {
  const told = { trips: 0, commits: 0 }
  class Wired extends OnMemory {
    override async exchange(batch: Batch): Promise<BatchResult> {
      const result = await super.exchange(batch)
      told.commits += 1
      told.trips += 1 + dear(batch, result)
      return result
    }
    override async list(...args: Parameters<OnMemory['list']>) {
      told.trips += 1
      return super.list(...args)
    }
  }
  const engine: EngineHooks = { trips: () => told.trips, commits: () => told.commits }
  const options: ConformanceOptions = { name: 'wired', store: (space, given) => new Wired(given, space), engine }
  return { options, told }
}

const only = (rows: readonly CostRow[], operation: string): CostRow[] =>
  rows.filter((row) => row.operation === operation)

describe('measureCost', () => {
  it('measures every operation at 1, 10, 100 and 500 jobs, as a whole and per job', async () => {
    const { counted, rows, store } = await measureCost(onWire().options)
    assert.deepEqual([store, counted], ['wired', ['trips', 'commits']])
    assert.deepEqual(
      [...new Set(rows.map(({ operation }) => operation))],
      [
        'enqueue',
        'settle + claim',
        'heartbeat',
        'sweep',
        ...['id', 'claim', 'lease', 'finished'].map((w) => `list by ${w}`),
      ],
    )
    for (const operation of ['enqueue', 'settle + claim', 'heartbeat']) {
      assert.deepEqual(
        only(rows, operation).map(({ jobs, total, perJob }) => [jobs, total, perJob.trips]),
        [1, 10, 100, 500].map((jobs) => [jobs, { trips: 1, commits: 1 }, 1 / jobs]),
      )
    }
    assert.deepEqual(
      only(rows, 'list by id').map(({ total }) => total),
      Array(4).fill({ trips: 1, commits: 0 }),
    )
  })

  it('counts what a call about many costs more', async () => {
    const { rows } = await measureCost(onWire(({ beats = [] }) => beats.length).options)
    assert.deepEqual(
      only(rows, 'heartbeat').map(({ total, perJob }) => [total.trips, perJob.trips]),
      [1, 10, 100, 500].map((jobs) => [jobs + 1, (jobs + 1) / jobs]),
    )
    assert.deepEqual(new Set(only(rows, 'enqueue').map(({ total }) => total.trips)), new Set([1]))
  })

  it('a store that does not do what is measured › rejects, and closes what it opened', async () => {
    let open = 0
    class Deaf extends OnMemory {
      override async open() {
        open += 1
        return super.open()
      }
      override async close() {
        open -= 1
        return super.close()
      }
      override async exchange(batch: Batch) {
        return super.exchange({ ...batch, beats: (batch.beats ?? []).map((beat) => ({ ...beat, token: 'none' })) })
      }
    }
    const options = {
      store: (space: string, given: StoreOptions) => new Deaf(given, space),
      engine: { trips: () => 0 },
    }
    await assert.rejects(measureCost(options), /0 !== 2/)
    assert.equal(open, 0)
  })

  it('without counters › makes no store, and the text says what is missing', async () => {
    const report = await measureCost({ name: 'plain', store: () => assert.fail('no store is needed') })
    assert.deepEqual(report, { store: 'plain', counted: [], rows: [] })
    assert.match(
      costText(report),
      /^cost of plain: not counted\. .*`engine\.trips`, `engine\.statements` and `engine\.commits`/,
    )
  })
})

describe('a sweep', () => {
  it('is sent by the sheet as the runtime sends it', async () => {
    /** Looks that find nothing are left out: the runtime has many before the leases are over. */
    function told(calls: string[], store: Store<never, false>): Store<never, false> {
      const list: Store['list'] = async (query) => {
        const page = await store.list(query)
        if (page.jobs.length > 0) calls.push(`${query.walk} ${query.limit}: ${page.jobs.length}`)
        return page
      }
      const exchange: Store['exchange'] = async (batch) => {
        if (batch.changes?.length) calls.push(`changes: ${batch.changes.length}`)
        return store.exchange(batch)
      }
      return new Proxy(store, {
        get: (target, key) => {
          const value: unknown = Reflect.get({ list, exchange }, key) ?? Reflect.get(target, key, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    }
    const jobs = 250
    const sheets: string[] = []
    const clock = movableClock()
    const measured = memoryStore({ clock })
    await measured.open()
    const sweep = await OPERATIONS.find(({ name }) => name === 'sweep')?.prepare(told(sheets, measured), jobs, clock)
    await sweep?.()

    const runtimes: string[] = []
    const virtual = testClock()
    const store = memoryStore({ clock: virtual })
    await store.open()
    const { prepare } = OPERATIONS.find(({ name }) => name === 'heartbeat') ?? assert.fail()
    await prepare(store, jobs, clock) // held by somebody who is gone
    const queue = new JobQueue({ store: told(runtimes, store), sweep: '40s' })
    await queue.open()
    queue.work(
      handle(defineJob({ type: 'other', payload: unchecked<null>() }), () => {}),
      { queues: ['other'] },
    )
    await virtual.advance('90s')
    const closing = queue.close({ grace: 0 })
    await virtual.advance('10s')
    await closing
    const pages = [100, 100, 50].flatMap((jobs) => [`lease 100: ${jobs}`, `changes: ${jobs}`])
    assert.deepEqual([sheets, runtimes], [pages, pages])
  })
})

describe('costText', () => {
  it('is a table: the whole call, and per job', () => {
    const rows: CostRow[] = [
      { operation: 'enqueue', jobs: 1, total: { trips: 2, commits: 1 }, perJob: { trips: 2, commits: 1 } },
      { operation: 'enqueue', jobs: 500, total: { trips: 1002, commits: 1 }, perJob: { trips: 2.004, commits: 0.002 } },
      { operation: 'sweep', jobs: 1, total: { trips: 3, commits: 1 }, perJob: { trips: 3, commits: 1 } },
    ]
    const report: CostReport = { store: 'far', counted: ['trips', 'commits'], rows }
    assert.deepEqual(costText(report).split('\n'), [
      'cost of far',
      '  round trips: requests that were awaited, over the wire',
      '  commits: writes made durable; reads have none',
      '',
      'operation  jobs  round trips  per job  commits  per job',
      'enqueue       1            2        2        1        1',
      '            500         1002        2        1    0.002',
      'sweep         1            3        3        1        1',
      '',
    ])
  })
})

describe('the cases of BATCH-3', () => {
  /** How a store sends what it should send together, and the cases that have to see it. */
  const dear: readonly [what: string, more: (batch: Batch, result: BatchResult) => number, seen: RegExp][] = [
    ['each insert', ({ inserts = [] }) => inserts.length, /inserts/],
    ['each insert that is there already', (_, r) => r.inserts.filter((one) => !one.isNew).length, /there already/],
    [
      'each change by states',
      ({ changes = [] }) => changes.filter(({ guard }) => guard.states).length,
      /by states|keys/,
    ],
    [
      'each change by a token',
      ({ changes = [] }) => changes.filter(({ guard }) => guard.token).length,
      /tokens|over|changes that are refused|inserts, changes/,
    ],
    [
      'each change of a lease',
      ({ changes = [] }) => changes.filter(({ guard }) => guard.leaseOver).length,
      /leases that are over/,
    ],
    ['each refusal', (_, r) => [...r.changes, ...r.beats].filter((one) => !one.ok).length, /refused/],
    ['each beat', ({ beats = [] }) => beats.length, /beats/],
    ['each job claimed', (_, r) => r.claims.flatMap(({ jobs }) => jobs).length, /claim/],
    [
      'each id claimed',
      ({ claims = [] }) => claims.flatMap(({ from }) => from.flatMap((one) => ('ids' in one ? one.ids : []))).length,
      /ids/,
    ],
    ['each claim', ({ claims = [] }) => claims.length, /claims of one entry/],
  ]
  const failed = async (options: ConformanceOptions): Promise<string[]> => {
    const names: string[] = []
    for (const one of costOfBatches) {
      const { outcome } = await runCase(one, options)
      assert.notEqual(outcome, 'not exercised')
      if (outcome === 'failed') names.push(/of 500 (.*?),? ›/.exec(one.name)?.[1] ?? one.name)
    }
    return names
  }
  const all = costOfBatches.map(({ name }) => /of 500 (.*?),? ›/.exec(name)?.[1] ?? name)

  it('pass for a store that sends a batch at once', async () => assert.deepEqual(await failed(onWire().options), []))

  for (const [what, more, seen] of dear) {
    it(`a round trip for ${what} › is seen by each case that has them, and by no other`, async () => {
      const names = all.filter((name) => seen.test(name))
      assert.ok(names.length > 0)
      assert.deepEqual(await failed(onWire(more).options), names)
    })
  }

  it('counters that count nothing › fail: nothing would be proven', async () => {
    const { options } = onWire()
    const writing = all.filter((name) => !/refused|there already/.test(name))
    assert.deepEqual(await failed({ ...options, engine: { trips: () => 0 } }), writing)
  })

  it('commits alone are enough to judge by, and statements may grow', async () => {
    const { options, told } = onWire(({ inserts = [] }) => inserts.length)
    const { commits } = options.engine ?? {}
    const engine = { statements: () => told.trips, ...(commits && { commits }) }
    assert.deepEqual(await failed({ ...options, engine }), [])
    assert.deepEqual(
      await failed({ ...options, engine: { commits: () => told.trips } }),
      all.filter((name) => /inserts/.test(name)),
    )
  })
})
