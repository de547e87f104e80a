import { conformance } from '@stint/store-redis/conformance'
import { describe, expect, inject, test } from 'vitest'
import { holdsToCostSheet, ONE_TRIP } from '../../../scripts/store-tests/cost-sheet.js'
import { claimOf, draft, newJob } from '../../core/test/table-store/build.js'
import { redisStore } from '../src/index.js'
import { ask, newName } from './support/place.js'

const url = inject('redisUrl')

describe.skipIf(url === null)('on a server', () => {
  holdsToCostSheet('Redis', 'trips', () => conformance(url ?? ''), {
    ...ONE_TRIP,
    // A page and its change; five pages of a hundred.
    sweep: { calls: [2, 2, 2, 10], commits: [1, 1, 1, 5] },
  })
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
    const store = redisStore({ url: url ?? '', prefix: newName(), listen: false })
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
