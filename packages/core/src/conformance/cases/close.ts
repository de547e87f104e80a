import assert from 'node:assert/strict'
import { isStintError } from '../../errors.js'
import type { Store } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { cancel } from '../stage/commands.js'
import { claim, idsOf, insertOne, newJob, newJobs, read } from '../stage/fixtures.js'

const isClosed = (error: unknown): boolean => isStintError(error, 'STORE_CLOSED')

const EVERY_CALL: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  now: (store) => store.now(),
  'exchange of an insert': (store) => store.exchange({ inserts: [newJob()] }),
  'exchange of a claim': (store) => store.exchange({ claims: [claim()] }),
  'exchange of nothing': (store) => store.exchange({}),
  remove: (store) => store.remove([{ id: 'x', version: 1 }]),
  get: (store) => store.get(['x']),
  list: (store) => store.list({ walk: 'id', direction: 'asc', limit: 1 }),
  events: (store) => store.events('x', { limit: 1 }),
  feed: (store) => store.feed({ after: 'start', limit: 1 }),
  stats: (store) => store.stats(),
  settings: (store) => store.settings('paused'),
  configure: (store) => store.configure([{ kind: 'k', name: 'n', value: '1' }]),
  open: (store) => store.open(),
}

/** What keeps a process alive and a store could have made; timers and requests of the runner come and go. */
const handles = (): number =>
  process
    .getActiveResourcesInfo()
    .filter((name) => /Socket|TCP|Pipe|Watcher|FSEvent|Worker|MessagePort|Process/.test(name)).length

export const close: readonly StoreCase[] = [
  fact('close › while calls are under way › waits for all of them [CLOSE-1]', async (stage) => {
    const store = await stage.another({}, stage.elsewhere())
    let settled = 0
    const jobs = newJobs(30)
    const calls = jobs.map(async (job) => {
      const { inserts } = await store.exchange({ inserts: [job] })
      settled += inserts.filter(({ isNew }) => isNew).length
    })
    await store.close()
    assert.equal(settled, 30)
    await Promise.all(calls)
  }),
  fact('close › twice, at once and again later › is safe [CLOSE-1]', async (stage) => {
    const store = await stage.another({}, stage.elsewhere())
    await Promise.all([store.close(), store.close()])
    await store.close()
    await assert.rejects(store.get(['x']), isClosed)
  }),
  fact('close › of a store that was never opened › is safe [CLOSE-1]', async (stage) => {
    const store = await stage.unopened({}, stage.elsewhere())
    await store.close()
    await assert.rejects(store.open(), isClosed)
  }),
  ...Object.entries(EVERY_CALL).map(([name, call]) =>
    fact(`${name} › after close, and after close has begun › rejects with STORE_CLOSED [CLOSE-1]`, async (stage) => {
      const store = await stage.another({}, stage.elsewhere())
      const closing = store.close()
      await assert.rejects(call(store), isClosed)
      await closing
      await assert.rejects(call(store), isClosed)
    }),
  ),
  fact('Symbol.asyncDispose › is close [CLOSE-1]', async (stage) => {
    const store = await stage.another({}, stage.elsewhere())
    await store[Symbol.asyncDispose]()
    await assert.rejects(store.now(), isClosed)
    await store.close()
  }),
  fact('close › frees every handle that the store made [CLOSE-1]', async (stage) => {
    const before = handles()
    for (let n = 0; n < 5; n++) {
      const store = await stage.another({}, stage.elsewhere())
      const unsubscribe = store.subscribe(() => {})
      await insertOne(store)
      if (n % 2) unsubscribe()
      await store.close()
    }
    assert.ok(handles() <= before, `${handles()} handles are open where ${before} were`)
  }),
  fact(
    'close › of one handle › leaves another over the same data at work [CLOSE-1, READ-1]',
    async (stage) => {
      const other = await stage.another()
      const job = await insertOne(other)
      await other.close()
      assert.deepEqual(await read(stage.a, job.id), job)
      await stage.b.exchange({ changes: [cancel(job)] })
      assert.deepEqual(
        idsOf((await stage.a.list({ walk: 'finished', state: 'cancelled', direction: 'asc', limit: 5 })).jobs),
        [job.id],
      )
    },
    NEEDS.sharing,
  ),
]
