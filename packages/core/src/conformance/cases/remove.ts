import assert from 'node:assert/strict'
import { STATES, TERMINAL_STATES } from '../../transitions.js'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { cancel, retry, succeed } from '../stage/commands.js'
import {
  changeAll,
  eventsOf,
  feedFrom,
  idsOf,
  insertAll,
  insertOne,
  listAll,
  must,
  newJob,
  newJobs,
  only,
  read,
  seenOf,
  take,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import { START } from '../stage/movable-clock.js'
import type { Stage } from '../stage/stage.js'

const LIVE = STATES.filter((state) => !TERMINAL_STATES.some((terminal) => terminal === state))

/** Inserts, ends and removes as many; answers with the size when they were there and when they were gone. */
async function round(stage: Stage, count: number): Promise<{ full: number; empty: number }> {
  const { a, space } = stage
  const size = stage.hook('size')
  const jobs = await insertAll(a, newJobs(count, { payload: JSON.stringify('x'.repeat(1000)) }))
  await changeAll(a, jobs.map(cancel))
  const full = await size(space)
  for (let from = 0; from < count; from += 500) {
    const removed = await a.remove(jobs.slice(from, from + 500).map(({ id }) => ({ id, version: 2 })))
    assert.ok(removed.every(Boolean))
  }
  return { full, empty: await size(space) }
}

export const remove: readonly StoreCase[] = [
  ...TERMINAL_STATES.map((state) =>
    fact(
      `remove › of a job that is ${state}, under its version › removes it with its events [REMOVE-1, REMOVE-2]`,
      async ({ a, b }) => {
        const neighbour = await jobIn(a, state)
        const { job } = await jobIn(a, state, { key: 'k' })
        assert.deepEqual(await a.remove([{ id: job.id, version: job.version }]), [true])
        assert.deepEqual(await b.get([job.id, { queue: 'default', key: 'k' }, neighbour.job.id]), [
          null,
          null,
          neighbour.job,
        ])
        assert.deepEqual(await eventsOf(b, job.id), [])
        assert.deepEqual(
          (await feedFrom(b, 'start')).events.filter(({ jobId }) => jobId === job.id),
          [],
        )
        assert.deepEqual(idsOf(await listAll(b, { walk: 'id', direction: 'asc', limit: 10 })), [neighbour.job.id])
        assert.deepEqual(idsOf(await listAll(b, { walk: 'finished', direction: 'asc', state, limit: 10 })), [
          neighbour.job.id,
        ])
        assert.deepEqual(
          (await b.stats()).filter(({ count }) => count),
          [{ queue: 'default', state, count: 1 }],
        )
      },
    ),
  ),
  ...LIVE.map((state) =>
    fact(
      `remove › of a job that is ${state} › removes nothing, under any version [REMOVE-1]`,
      async ({ a, b, clock }) => {
        const { job } = await jobIn(a, state)
        clock.move(10 * 365 * 86_400_000) // however old it is
        const before = await seenOf(b)
        for (const version of [job.version, job.version + 1, 1, 0])
          assert.deepEqual(await a.remove([{ id: job.id, version }]), [false])
        assert.deepEqual(await seenOf(b), before)
      },
    ),
  ),
  fact(
    'remove › of a job that was retried and ended again meanwhile › removes nothing [REMOVE-1]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'dead')
      await must(a, retry(job))
      assert.deepEqual(await b.remove([{ id: job.id, version: job.version }]), [false])
      const done = await must(a, succeed(only(await take(a))))
      assert.deepEqual(await b.remove([{ id: job.id, version: job.version }]), [false])
      assert.deepEqual(await read(b, job.id), done)
      assert.equal((await eventsOf(b, job.id)).length, done.version)
    },
  ),
  fact('remove › of many › judges each alone, in the order asked [REMOVE-1]', async ({ a, b }) => {
    const [dead, queued, done] = [
      (await jobIn(a, 'dead')).job,
      await insertOne(a, { run: { inMs: 9 } }),
      (await jobIn(a, 'succeeded')).job,
    ]
    const asked = [{ id: 'nobody', version: 1 }, done, queued, { id: dead.id, version: 99 }, dead]
    assert.deepEqual(await a.remove(asked.map(({ id, version }) => ({ id, version }))), [
      false,
      true,
      false,
      false,
      true,
    ])
    assert.deepEqual(idsOf(await listAll(b, { walk: 'id', direction: 'asc', limit: 10 })), [queued.id])
  }),
  fact(
    'remove › then insert of the same id › begins anew at version 1, with nothing of before [REMOVE-2, ATOM-3, IDEM-1]',
    async ({ a, b, clock }) => {
      const { job } = await jobIn(a, 'failed', { key: 'k', tags: ['t'] })
      await a.remove([{ id: job.id, version: job.version }])
      clock.move(1000)
      const sent = newJob({ id: job.id, queue: 'other' })
      const { isNew, job: again } = only((await b.exchange({ inserts: [sent] })).inserts)
      assert.equal(isNew, true)
      assert.deepEqual(
        [again.version, again.attempt, again.createdAt, again.error, again.key],
        [1, 0, START + 1000, null, null],
      )
      assert.deepEqual(
        (await eventsOf(a, job.id)).map(({ seq, type, at }) => [seq, type, at]),
        [[1, 'enqueued', START + 1000]],
      )
      assert.equal((await must(a, cancel(again))).version, 2)
      assert.deepEqual(
        (await eventsOf(a, job.id)).map(({ seq }) => seq),
        [1, 2],
      )
    },
  ),
  fact('remove › then a change, a beat and a claim of the id › find nothing [REMOVE-2, GUARD-4]', async ({ a }) => {
    const { job, token } = await jobIn(a, 'succeeded')
    await a.remove([{ id: job.id, version: job.version }])
    const missing = { ok: false, why: 'missing', job: null }
    assert.deepEqual((await a.exchange({ changes: [cancel(job)] })).changes, [missing])
    assert.deepEqual((await a.exchange({ beats: [{ id: job.id, token, progress: '1' }] })).beats, [missing])
    assert.deepEqual(await take(a, { from: [{ ids: [job.id] }] }), [])
  }),
  fact(
    'remove › of all jobs, time after time › gives the space back [REMOVE-3]',
    async (stage) => {
      const first = await round(stage, 3000)
      const second = await round(stage, 3000)
      const third = await round(stage, 3000)
      const grown = third.empty - second.empty
      assert.ok(grown < (first.full - first.empty) / 4 + 1_000_000, `the empty store grew by ${grown} bytes`)
      assert.ok(
        third.full < first.full * 1.25 + 1_000_000,
        `full, the store took ${first.full} bytes, then ${third.full}`,
      )
    },
    NEEDS.size,
  ),
  fact('remove › of all jobs › leaves a store that reads as empty [REMOVE-3, COUNT-1]', async ({ a, b }) => {
    const jobs = await insertAll(a, newJobs(300))
    await changeAll(a, jobs.map(cancel))
    assert.ok((await a.remove(jobs.map(({ id }) => ({ id, version: 2 })))).every(Boolean))
    assert.deepEqual(await seenOf(b), { jobs: [], counts: [], feed: [] })
  }),
]
