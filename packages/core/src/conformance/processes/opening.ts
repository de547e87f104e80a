/** Sixteen processes at one empty place. */
import assert from 'node:assert/strict'
import type { StoreCase } from '../case.js'
import { at, feedFrom, idsOf, insertAll, listAll, newJobs, only, read, seenOf } from '../stage/fixtures.js'
import { checkInvariants } from '../stage/invariants.js'
import type { Stage } from '../stage/stage.js'
import { long } from './long.js'
import { type Remote, withProcesses } from './with-processes.js'

const SIXTEEN = 16

const sixteen = (stage: Stage, space: string, work: (remote: Remote, n: number) => Promise<void>): Promise<unknown> =>
  withProcesses(stage, SIXTEEN, (remotes) => Promise.all(remotes.map(work)), space)

const everyId = { walk: 'id', direction: 'asc', limit: 1000 } as const

export const opening: readonly StoreCase[] = [
  long(
    'open › of an empty place by sixteen processes at once › all succeed, and there is one schema for all [OPEN-1, READ-1]',
    async (stage) => {
      const space = stage.elsewhere()
      const jobs = newJobs(SIXTEEN)
      await sixteen(stage, space, async ({ store }, n) => {
        await store.open()
        await insertAll(store, [at(jobs, n)])
        assert.equal((await read(store, at(jobs, n).id)).version, 1)
      })
      const store = await stage.another({}, space)
      assert.deepEqual(idsOf(await listAll(store, everyId)), idsOf(jobs))
      assert.equal((await feedFrom(store, 'start')).events.length, SIXTEEN)
      assert.equal(only((await store.stats()).filter(({ count }) => count > 0)).count, SIXTEEN)
      await checkInvariants(store)
    },
  ),
  long(
    'open, write and close › by sixteen processes at once › nothing is lost, and the place opens again as it was left [OPEN-1, CLOSE-1]',
    async (stage) => {
      const space = stage.elsewhere()
      const EACH = 6
      const jobs = newJobs(SIXTEEN * EACH)
      await sixteen(stage, space, async ({ store }, n) => {
        await store.open()
        const calls = jobs.slice(EACH * n, EACH * (n + 1)).map((job) => store.exchange({ inserts: [job] }))
        await store.close() // waits for them
        await Promise.all(calls)
      })
      const store = await stage.another({}, space)
      assert.deepEqual(idsOf(await listAll(store, everyId)), idsOf(jobs))
      await checkInvariants(store)
      const before = await seenOf(store)
      assert.deepEqual(await seenOf(await stage.another({}, space)), before)
    },
  ),
]
