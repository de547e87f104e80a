import { type CostReport, measureCost } from '@stint/core/conformance'
import { conformance } from '@stint/store-redis/conformance'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { claimOf, draft, newJob } from '../../core/test/table-store/build.js'
import { redisStore } from '../src/index.js'
import { ask, newName } from './support/place.js'

/** Round trips of a call about 1, 10, 100 and 500 jobs, and its commits. A figure that grows is a slower store: say why where you change it. */
const ONE: readonly number[] = [1, 1, 1, 1]
const NONE: readonly number[] = [0, 0, 0, 0]
const SHEET: Readonly<Record<string, readonly (readonly number[])[]>> = {
  enqueue: [ONE, ONE],
  'settle + claim': [ONE, ONE],
  heartbeat: [ONE, ONE],
  'list by id': [ONE, NONE],
  'list by claim': [ONE, NONE],
  'list by lease': [ONE, NONE],
  'list by finished': [ONE, NONE],
  // A page and its change; five pages of a hundred.
  sweep: [
    [2, 2, 2, 10],
    [1, 1, 1, 5],
  ],
}

const url = inject('redisUrl')

describe.skipIf(url === null)('the cost sheet of Redis [BATCH-3]', () => {
  let report: CostReport
  beforeAll(async () => {
    report = await measureCost(conformance(url ?? ''))
  }, 60_000)

  test('counts round trips and commits', () => {
    expect(report.counted).toEqual(['trips', 'commits'])
    expect([...new Set(report.rows.map(({ operation }) => operation))].sort()).toEqual(Object.keys(SHEET).sort())
  })

  for (const [operation, [trips, commits]] of Object.entries(SHEET)) {
    test(`${operation} › of 1, 10, 100 and 500 jobs`, () => {
      const rows = report.rows.filter((row) => row.operation === operation)
      expect(rows.map(({ jobs }) => jobs)).toEqual([1, 10, 100, 500])
      expect(rows.map(({ total }) => total.trips)).toEqual(trips)
      expect(rows.map(({ total }) => total.commits)).toEqual(commits)
    })
  }
})

/** Commands that the server carries out, those of scripts included. */
const commands = (): Promise<number> =>
  ask(async (redis) => {
    const stats = await redis.info('commandstats')
    return [...stats.matchAll(/^cmdstat_(z|h|s|exists|x)\w*:calls=(\d+)/gm)].reduce(
      (sum, [, , calls]) => sum + Number(calls),
      0,
    )
  })

describe.skipIf(url === null)('what stands in the way', () => {
  test('a claim and stats › cost as many commands with a crowd of others as without [CLAIM-7, COUNT-2]', async () => {
    const store = redisStore({ url: url ?? '', name: newName(), listen: false })
    await store.open()
    const cost = async (): Promise<number> => {
      await store.exchange({ inserts: [newJob('due', { type: 'wanted', priority: 10 })] })
      const before = await commands()
      const from = [{ queue: 'mail', types: ['wanted'], limit: 1 }]
      const { claims } = await store.exchange({ claims: [claimOf('token', { max: 1, from })] })
      expect(claims[0]?.jobs).toHaveLength(1)
      await store.stats()
      const after = await commands()
      await store.exchange({
        changes: [
          { id: 'due', guard: { states: ['running'] }, set: { state: 'cancelled' }, event: draft('cancelled') },
        ],
      })
      await store.remove([{ id: 'due', version: 3 }])
      return after - before
    }
    const insertCrowd = async (crowd: number): Promise<void> => {
      const kinds = [{ run: { inMs: 1e9 }, priority: 90, type: 'wanted' }, { type: 'other' }, { queue: 'elsewhere' }]
      for (const [k, kind] of kinds.entries())
        for (let n = 0; n < crowd; n += 500)
          await store.exchange({
            inserts: Array.from({ length: Math.min(500, crowd) }, (_, i) => newJob(`${crowd}-${k}-${n + i}`, kind)),
          })
    }
    await insertCrowd(1)
    const alone = await cost()
    await insertCrowd(3000)
    expect(await cost()).toBe(alone)
    await store.close()
  }, 30_000)
})
