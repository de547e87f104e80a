import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { memoryTableStore as memoryStore } from '../../src/memory/memory-store.js'
import type { NewJob, Store } from '../../src/store.js'
import { claimOf, draft, newJob } from '../table-store/build.js'
import { SetClock } from '../table-store/clock.js'
import { count } from './counted-set.js'

vi.mock('../../src/memory/ordered-set.js', async (original) =>
  (await import('./counted-set.js')).counted(await original()),
)

const HOUR = 3_600_000
const MANY = 20_000
let store: Store
let serial = 0

beforeEach(() => {
  store = memoryStore({ clock: new SetClock() })
})
afterEach(() => store.close())

async function add(total: number, given: Partial<NewJob> = {}): Promise<void> {
  for (let done = 0; done < total; done += 500) {
    const inserts = Array.from({ length: Math.min(500, total - done) }, () =>
      newJob(`job-${String(++serial).padStart(9, '0')}`, given),
    )
    await store.exchange({ inserts })
  }
}

async function costOfClaiming(types: readonly string[] | undefined): Promise<number> {
  count.looks = 0
  const from = { queue: 'mail', limit: 100, ...(types && { types }) }
  const { claims } = await store.exchange({ claims: [claimOf(`token-${serial}`, { from: [from] })] })
  expect(claims[0]?.jobs).toHaveLength(100)
  return count.looks
}

async function endAll(total: number): Promise<void> {
  for (let done = 0; done < total; done += 500) {
    const { claims } = await store.exchange({ claims: [claimOf('ends', { max: 500 })] })
    const changes = (claims[0]?.jobs ?? []).map(({ id }) => ({
      id,
      guard: { token: 'ends' },
      set: { state: 'succeeded' as const },
      event: draft('succeeded'),
    }))
    await store.exchange({ changes })
  }
}

describe('a claim of 100', () => {
  const crowds: Record<string, () => Promise<void>> = {
    'waiting behind them': () => add(MANY),
    'scheduled for later at a higher priority': () => add(MANY, { priority: 90, run: { inMs: HOUR } }),
    'of another type and a higher priority': () => add(MANY, { type: 'other', priority: 90 }),
    'of another queue': () => add(MANY, { queue: 'other' }),
    'that are over': async () => {
      await add(MANY)
      await endAll(MANY)
    },
  }

  test.each(Object.entries(crowds))(
    `among ${MANY} jobs %s › costs what it costs among none, but for a logarithm [CLAIM-7]`,
    async (_name, crowd) => {
      await add(200)
      const alone = await costOfClaiming(['send'])
      await crowd()
      await add(200, { priority: 60 })
      const crowded = await costOfClaiming(['send'])
      expect(alone).toBeGreaterThan(100)
      // Each of the 100 leaves a set that has grown a hundredfold: log2(100) = 7 looks more, where a look at each job would be 20,000.
      expect(crowded).toBeLessThan(2 * alone)
    },
  )

  test(`of any type among ${MANY} scheduled jobs of twenty types › costs a few searches a type, not a look a job [CLAIM-7]`, async () => {
    for (let type = 0; type < 20; type++)
      await add(MANY / 20, { type: `type-${type}`, priority: 90, run: { inMs: HOUR } })
    await add(200)
    expect(await costOfClaiming(undefined)).toBeLessThan(MANY / 4)
  })
})

describe('counting', () => {
  test('whatever the number of jobs › searches nothing [COUNT-2]', async () => {
    await add(1000)
    count.looks = 0
    expect(await store.stats()).toEqual([{ queue: 'mail', state: 'queued', count: 1000 }])
    expect(count.looks).toBe(0)
  })
})
