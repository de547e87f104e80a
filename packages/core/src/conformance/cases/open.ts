import assert from 'node:assert/strict'
import { isStintError } from '../../errors.js'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import type { OverGiven } from '../options.js'
import { cancel } from '../stage/commands.js'
import { feedFrom, idsOf, insertAll, insertOne, listAll, must, newJobs, read, seenOf, take } from '../stage/fixtures.js'

const isIncompatible = (error: unknown): boolean => isStintError(error, 'STORE_INCOMPATIBLE')

async function withGiven(given: OverGiven, work: (given: OverGiven) => Promise<void>): Promise<void> {
  try {
    await work(given)
  } finally {
    await given.store.close()
    await given.dispose()
  }
}

export const open: readonly StoreCase[] = [
  fact('open › on an empty place › makes everything, and the store reads as empty [OPEN-1]', async (stage) => {
    const space = stage.elsewhere()
    const store = await stage.unopened({}, space)
    assert.equal(store.contract, 1)
    assert.equal(store.clock, stage.clock)
    assert.equal(await store.open(), undefined)
    assert.deepEqual(await seenOf(store), { jobs: [], counts: [], feed: [] })
    assert.deepEqual(await store.settings('paused'), [])
    assert.equal((await must(store, cancel(await insertOne(store)))).state, 'cancelled')
  }),
  fact('open › again on an open handle, once and many times at once › does nothing [OPEN-1]', async ({ a, b }) => {
    const job = await insertOne(a)
    await Promise.all([a.open(), a.open(), b.open()])
    await a.open()
    assert.deepEqual(await read(a, job.id), job)
    assert.equal((await take(a)).length, 1)
  }),
  fact('open › many times at once on a fresh handle › opens once [OPEN-1]', async (stage) => {
    const store = await stage.unopened({}, stage.elsewhere())
    await Promise.all([store.open(), store.open(), store.open()])
    await insertAll(store, newJobs(2))
    assert.equal((await store.stats()).find(({ count }) => count > 0)?.count, 2)
  }),
  fact('abilities › of an open store › are those by which cases were skipped [OPEN-1]', async (stage) => {
    const { a, b } = stage
    const unopened = await stage.options.store(stage.elsewhere(), {})
    const judged = { ...unopened.capabilities }
    await unopened.close()
    assert.deepEqual({ ...a.capabilities }, { ...b.capabilities })
    assert.deepEqual({ ...a.capabilities }, judged)
    assert.equal(a.exchangeSync !== undefined, a.capabilities.transactions === 'sync')
    assert.equal(a.restore !== undefined, a.capabilities.restorable)
  }),
  fact(
    'open › of sixteen handles at once on an empty place › all succeed, and see one another’s writes [OPEN-1, READ-1]',
    async (stage) => {
      const space = stage.elsewhere()
      const stores = await Promise.all(Array.from({ length: 16 }, () => stage.another({}, space)))
      const jobs = await Promise.all(stores.map((store) => insertOne(store)))
      for (const store of stores) assert.deepEqual(await store.get(idsOf(jobs)), jobs)
      for (const store of stores) await store.close()
    },
    NEEDS.sharing,
  ),
  fact(
    'open › over what an earlier process left › finds jobs, events, settings, counts and the feed as they were [OPEN-1, OPEN-2]',
    async (stage) => {
      await insertAll(stage.a, newJobs(5, { key: null, tags: ['t'] }))
      await take(stage.a, { max: 3 })
      await stage.a.configure([{ kind: 'paused', name: 'default', value: '{}' }])
      const before = await seenOf(stage.a)
      const settings = await stage.a.settings('paused')
      await stage.restart()
      assert.deepEqual(await seenOf(stage.b), before)
      assert.deepEqual(await stage.b.settings('paused'), settings)
      assert.deepEqual(await take(stage.a, { max: 5 }), [])
    },
    NEEDS.survival,
  ),
  fact(
    'open › of a schema newer than ours › is refused, each time it is tried [OPEN-2]',
    async (stage) => {
      const space = stage.elsewhere()
      const store = await stage.another({}, space)
      await insertOne(store)
      await store.close()
      await stage.hook('makeNewer')(space)
      const late = await stage.unopened({}, space)
      await assert.rejects(late.open(), isIncompatible)
      await assert.rejects(late.open(), isIncompatible)
    },
    NEEDS.makeNewer,
  ),
  fact(
    'open › of an engine whose settings break a promise › is refused, with what to change [OPEN-3]',
    async (stage) => {
      const store = await stage.hook('makeUnsafe')(stage.elsewhere())
      assert.ok(store)
      await assert.rejects(store.open(), isIncompatible)
      await store.close()
    },
    NEEDS.makeUnsafe,
  ),
  fact(
    'a handle given by the user › is open after the store was closed [OPEN-4, CLOSE-1]',
    async (stage) => {
      const given = await stage.hook('makeOverGiven')(stage.elsewhere(), { clock: stage.clock })
      assert.ok(given)
      await withGiven(given, async ({ store, isUsable }) => {
        await store.open()
        await insertOne(store)
        await store.close()
        assert.equal(await isUsable(), true)
      })
    },
    NEEDS.makeOverGiven,
  ),
  fact(
    'a call without `tx`, while the given handle is inside its user’s transaction › is not part of it [OPEN-4, TX-1]',
    async (stage) => {
      const given = await stage.hook('makeOverGiven')(stage.elsewhere(), { clock: stage.clock })
      assert.ok(given)
      await withGiven(given, async ({ store, begin }) => {
        await store.open()
        const job = await insertOne(store)
        const transaction = await begin?.()
        const call = insertOne(store) // may have to wait until the transaction is over
        call.catch(() => {})
        await transaction?.rollback()
        const later = await call
        assert.deepEqual(idsOf(await listAll(store, { walk: 'id', direction: 'asc', limit: 9 })), [job.id, later.id])
        assert.equal((await feedFrom(store, 'start')).events.length, 2)
      })
    },
    NEEDS.makeOverGiven,
  ),
]
