import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { memoryTableStore as memoryStore } from '../../src/memory/memory-store.js'
import type { Store } from '../../src/store.js'
import { cancelOf, claimOf, newJob } from '../table-store/build.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const heapUsed = (): number => {
  collect()
  return process.memoryUsage().heapUsed
}

const MANY = 20_000

/** Each job with a queue, type and key of its own, so that an empty shell left behind for one of them would show. */
async function fill(store: Store, round: number): Promise<void> {
  for (let first = 0; first < MANY; first += 500) {
    const ids = Array.from({ length: 500 }, (_, n) => `job-${round}-${first + n}`)
    await store.exchange({
      inserts: ids.map((id) => newJob(id, { queue: `queue-${id}`, type: `type-${id}`, key: `key-${id}` })),
    })
    await store.exchange({ claims: [claimOf(`token-${round}-${first}`, { from: [{ ids }] })] })
  }
}

async function empty(store: Store, round: number): Promise<void> {
  for (let first = 0; first < MANY; first += 500) {
    const ids = Array.from({ length: 500 }, (_, n) => `job-${round}-${first + n}`)
    await store.exchange({ changes: ids.map(cancelOf) })
    const removed = await store.remove(ids.map((id) => ({ id, version: 3 })))
    expect(removed.every((isRemoved) => isRemoved)).toBe(true)
  }
}

test(`when ${MANY} jobs were removed › their space is free again, that of their events too [REMOVE-3]`, async () => {
  const store = memoryStore()
  await fill(store, 0) // the first round also pays for code that is compiled once
  await empty(store, 0)
  const before = heapUsed()
  await fill(store, 1)
  const full = heapUsed()
  await empty(store, 1)
  const after = heapUsed()
  expect(full - before).toBeGreaterThan(MANY * 500)
  expect(after - before).toBeLessThan((full - before) / 50)
  await store.close()
})

test(`when ${MANY} inserts failed › nothing of them is kept [ATOM-1]`, async () => {
  const store = memoryStore({
    failpoint: (name) => {
      if (name === 'item') throw new Error('no')
    },
  })
  // Judged by a count and not by `expect`, which would keep each of the failures itself.
  const failAll = async (round: number): Promise<void> => {
    let failed = 0
    for (let n = 0; n < MANY; n++) {
      await store.exchange({ inserts: [newJob(`job-${round}-${n}`)] }).catch(() => (failed += 1))
    }
    expect(failed).toBe(MANY)
  }
  await failAll(0)
  const before = heapUsed()
  await failAll(1)
  expect(heapUsed() - before).toBeLessThan(MANY * 20)
})

test('a cursor from before the removal of all events › still meets every event that came after it, once [FEED-3, FEED-5]', async () => {
  const store = memoryStore()
  await store.exchange({ inserts: ['a', 'b', 'c'].map((id) => newJob(id)) })
  const { cursor } = await store.feed({ after: 'start', limit: 2 })
  await store.exchange({ changes: ['a', 'b', 'c'].map(cancelOf) })
  await store.remove(['a', 'b', 'c'].map((id) => ({ id, version: 2 })))
  const emptied = await store.feed({ after: cursor, limit: 10 })
  expect(emptied).toMatchObject({ events: [], caughtUp: true })
  await store.exchange({ inserts: [newJob('d')] })
  for (const after of [cursor, emptied.cursor]) {
    const page = await store.feed({ after, limit: 10 })
    expect(page.events.map((event) => event.jobId)).toEqual(['d'])
  }
})
