/** Each measurement runs, with tiny numbers, so that the bench does not rot. What it measures is never judged here. */
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readArguments } from '../arguments.ts'
import { bench } from '../bench.ts'
import type { Context } from '../context.ts'
import { type Figure, median, percentile, rateBesideRaw } from '../figures.ts'
import { thisMachine, warningOf } from '../machine.ts'
import { MEASUREMENTS } from '../measurements.ts'
import { Stretches, serverCpuMs, taken } from '../meter.ts'
import type { Place } from '../place.ts'
import { PLACES } from '../places.ts'
import { headOf, tableOf } from '../report.ts'

const PRELOAD = new URL('../../scripts/with-sources.mjs', import.meta.url)
const EXPECTED: Readonly<Record<string, readonly RegExp[]>> = {
  'enqueue-one': [/one awaited/],
  'enqueue-crowd': [/100 in flight/],
  'enqueue-thousands': [/calls at once/, /enqueueMany/],
  exchange: [/insert of 1$/, /exchange of 1$/, /upkeep after 1s/, /insert of 3$/, /exchange of 3$/, /upkeep after 3s/],
  drain: [/concurrency 10$/, /concurrency 100$/],
  pickup: [/p50/, /p99/],
  steady: [/enqueue and work/, /first/, /last/],
}

describe.each(['memory', 'sqlite'])('the bench of %s', (store) => {
  let place: Place
  beforeAll(async () => {
    const made = await PLACES[store]?.()
    if (!made) throw new Error(`there is no place for ${store}`)
    place = made
  })
  afterAll(() => place.stop())

  const context = (): Context => ({
    place,
    rounds: 1,
    jobs: (count) => Math.max(1, Math.round(count / 1000)),
    sizes: [1, 3],
    steadyMs: 300,
    execArgv: ['--no-warnings', '--import', pathToFileURL(PRELOAD.pathname).href],
  })

  test.each(Object.keys(MEASUREMENTS))('%s › gives its figures', async (name) => {
    const figures = await bench(context(), [name])
    const own = figures.filter(({ unit }) => unit !== 'bytes a job')
    expect(own).toHaveLength(EXPECTED[name]?.length ?? -1)
    for (const [at, pattern] of (EXPECTED[name] ?? []).entries()) expect(own[at]?.name).toMatch(pattern)
    for (const { name: of, value } of figures) {
      // A window of the steady load is a twentieth of a second here: nothing may fall into it on a busy machine.
      if (of.startsWith('steady')) expect(value).toBeGreaterThanOrEqual(0)
      else expect(value).toBeGreaterThan(0)
    }
  })

  test('exchange › stands beside the bare statements where there are any', async () => {
    const figures = await bench(context(), ['exchange'])
    const compared = figures.filter(({ name }) => /^(insert|exchange) of/.test(name))
    expect(compared).toHaveLength(4)
    for (const { ratio, raw } of compared) {
      expect(ratio === undefined).toBe(store === 'memory')
      expect(raw === undefined).toBe(store === 'memory')
    }
    expect(figures.some(({ unit }) => unit === 'bytes a job')).toBe(store === 'sqlite')
  })
})

describe('what is made of rounds', () => {
  const round = (jobs: number, wallMs: number, serverMs: number | null = null) => ({
    jobs,
    wallMs,
    clientMs: 1,
    serverMs,
  })

  test('the ratio is that of the medians, its spread that of the pairs', () => {
    const store = [round(100, 10), round(100, 20), round(100, 40)]
    const raw = [round(100, 10), round(100, 10), round(100, 10)]
    const { value, ratio, raw: bare } = rateBesideRaw('x', store, raw)
    expect({ value, bare: bare?.value, time: ratio?.time, spread: ratio?.spread }).toEqual({
      value: 5000,
      bare: 10_000,
      time: 2,
      spread: [1, 4],
    })
  })

  test('the CPU of a server that is not known stays so', () => {
    const { serverUs, clientUs } = rateBesideRaw('x', [round(100, 10, 5), round(100, 10)], [round(1, 1), round(1, 1)])
    expect({ serverUs, clientUs }).toEqual({ serverUs: null, clientUs: 10 })
  })

  test('median and percentile', () => {
    expect(median([5, 1, 3])).toBe(3)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(
      percentile(
        Array.from({ length: 100 }, (_, n) => n),
        0.99,
      ),
    ).toBe(99)
  })

  test('stretches follow each other without a gap', () => {
    let jobs = 5
    const stretches = new Stretches(null, () => jobs)
    for (jobs = 12; jobs < 15; jobs += 2) stretches.cut()
    const { all } = stretches
    expect(all.map((one) => one.jobs)).toEqual([7, 2])
    expect(all.map(({ serverMs }) => serverMs)).toEqual([null, null])
  })

  test.skipIf(process.platform !== 'linux')(
    'the CPU of a process is read; of one that is not there it is not known',
    async () => {
      const { jobs, serverMs } = await taken(process.pid, async () => {
        for (const end = performance.now() + 100; performance.now() < end; );
        return 7
      })
      expect(jobs).toBe(7)
      expect(serverMs).toBeGreaterThan(0)
      expect(serverCpuMs(2 ** 30)).toBeNull()
    },
  )
})

describe('what is printed', () => {
  const figure: Figure = {
    name: 'exchange of 10',
    unit: 'jobs/s',
    value: 12_345,
    spread: [9999, 20_000],
    clientUs: 3.14,
    serverUs: null,
  }

  test('a line a figure, and what is not known is called so', () => {
    expect(tableOf([figure]).split('\n')[1]).toMatch(/^exchange of 10 +12\.3K\/s +9999–20\.0K +3\.1 +not known$/)
  })

  test('a warning only where the load is above the cores', () => {
    const machine = { ...thisMachine(), cores: 2, loadBefore: 2.1 }
    expect(headOf({ engine: 'x', facts: {} }, machine, 5)).toContain(
      'WARNING: This machine is busy: its load is 2.1 on 2 cores',
    )
    expect(warningOf({ ...machine, loadBefore: 2 })).toBeNull()
  })
})

describe('what is asked for', () => {
  test('defaults', () => {
    expect(readArguments(['redis'])).toMatchObject({
      store: 'redis',
      rounds: 5,
      sizes: [1, 10, 100, 500],
      steadyMs: 12_000,
      json: null,
    })
  })

  test.each([
    [[]],
    [['oracle']],
    [['redis', '--only', 'all']],
    [['redis', '--sizes', '501']],
    [['redis', '--scale', '0']],
  ])('%j is refused and says what was expected', (argv) => {
    expect(() => readArguments(argv)).toThrow(/expected/)
  })
})
