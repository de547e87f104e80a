import assert from 'node:assert/strict'
import type { JobRecord } from '../../record.js'
import type { Guard } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { cancel, expireTo, failTo, release, reprioritise, retry, start, succeed } from '../stage/commands.js'
import {
  at,
  changeAll,
  changeOne,
  draft,
  eventsOf,
  insertAll,
  insertOne,
  must,
  newJobs,
  only,
  read,
  seenOf,
  take,
  takeIds,
  tokenOf,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import { START } from '../stage/movable-clock.js'
import type { Stage } from '../stage/stage.js'
import { fences } from './fences.js'
import { changesPerState } from './per-state.js'

// ---- guards ---------------------------------------------------------------------------------------------------------

/** A running job with its lease over, version 2, and guards of which each part is true of it. */
const TRUE_PARTS = (job: JobRecord): Required<Guard> => ({
  token: tokenOf(job),
  states: ['queued', 'running'],
  version: 2,
  leaseOver: true,
})
const FALSE_PARTS = { token: 'token-of-nobody', states: ['queued', 'leased'], version: 3 } as const satisfies Guard

const guarded = (job: JobRecord, guard: Guard) => ({
  id: job.id,
  guard,
  set: { progress: '1' },
  event: draft('progressed'),
})

async function overdue({ a, clock }: Stage): Promise<JobRecord> {
  await insertOne(a)
  const job = only(await take(a, { leaseMs: 1000 }))
  clock.move(1000)
  return job
}

const PARTS = ['token', 'states', 'version', 'leaseOver'] as const

const guards: readonly StoreCase[] = [
  ...PARTS.map((part) =>
    fact(`change › guarded by ${part} alone, which holds › is applied [GUARD-1]`, async (stage) => {
      const job = await overdue(stage)
      const became = await must(stage.a, guarded(job, { [part]: TRUE_PARTS(job)[part] }))
      assert.equal(became.progress, '1')
      assert.equal((await eventsOf(stage.b, job.id)).length, 3)
    }),
  ),
  ...(['token', 'states', 'version'] as const).map((part) =>
    fact(
      `change › with every part of its guard true but ${part} › is refused and changes nothing [GUARD-1, GUARD-2, ATOM-2]`,
      async (stage) => {
        const job = await overdue(stage)
        const before = await seenOf(stage.b)
        const result = await changeOne(stage.a, guarded(job, { ...TRUE_PARTS(job), [part]: FALSE_PARTS[part] }))
        assert.deepEqual(result, { ok: false, why: 'guard', job })
        assert.deepEqual(await seenOf(stage.b), before)
      },
    ),
  ),
  fact(
    'change › guarded by a lease that is not over › is refused until the moment it is [GUARD-1, TIME-4]',
    async ({ a, clock }) => {
      await insertOne(a)
      const job = only(await take(a, { leaseMs: 1000 }))
      clock.move(999)
      assert.deepEqual(await changeOne(a, expireTo('queued', job)), { ok: false, why: 'guard', job })
      clock.move(1)
      assert.equal((await must(a, expireTo('queued', job))).state, 'queued')
    },
  ),
  fact(
    'change › guarded by a lease that is over, of a job that nobody holds › is refused [GUARD-1, GUARD-2]',
    async ({ a, clock }) => {
      const { job } = await jobIn(a, 'queued')
      clock.move(1_000_000)
      const result = await changeOne(a, {
        id: job.id,
        guard: { leaseOver: true },
        set: { priority: 1 },
        event: draft('reprioritised'),
      })
      assert.deepEqual(result, { ok: false, why: 'guard', job })
    },
  ),
  fact(
    'change › of an id that is not there › is refused as missing, and its neighbours are served [GUARD-4, BATCH-2]',
    async ({ a, b }) => {
      const jobs = await insertAll(a, newJobs(2))
      const results = await changeAll(a, [cancel(at(jobs, 0)), cancel({ id: 'nobody' }), cancel(at(jobs, 1))])
      assert.deepEqual(results, [
        { ok: true, job: null },
        { ok: false, why: 'missing', job: null },
        { ok: true, job: null },
      ])
      for (const { id } of jobs) assert.equal((await read(b, id)).state, 'cancelled')
      assert.deepEqual(await b.events('nobody', { limit: 10 }), [])
    },
  ),
  fact(
    'change › after another changed the job › is judged on the result of it, and is shown it [GUARD-3, GUARD-2, ATOM-2]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'running')
      const cancelled = await must(a, cancel(job))
      const before = await seenOf(b)
      assert.deepEqual(await changeOne(b, succeed(job)), { ok: false, why: 'guard', job: cancelled })
      assert.deepEqual(await seenOf(b), before)
    },
  ),
  fact(
    'change › under the version first read, sent twice › is applied once [GUARD-1, GUARD-3, ATOM-2]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'dead')
      const retried = await must(a, retry(job))
      assert.deepEqual(await changeOne(b, retry(job)), { ok: false, why: 'guard', job: retried })
      assert.equal((await eventsOf(a, job.id)).length, job.version + 1)
    },
  ),
]

// ---- what is written ------------------------------------------------------------------------------------------------

const writes: readonly StoreCase[] = [
  fact(
    'change › of every field › writes each as given, with the event that tells it [ATOM-1, ATOM-4, TIME-6]',
    async ({ a, b, clock }) => {
      const job = await insertOne(a, { tags: ['one'], ext: '{"v":1}', key: 'k', group: 'g' })
      clock.move(700)
      const set = {
        run: { inMs: 5000 },
        priority: 90,
        maxAttempts: 9,
        tags: ['b', 'a'],
        payload: '{"to":"bob"}',
        progress: '0.1',
        result: '1',
        error: '{"message":"x"}',
        checkpoint: '[1]',
        log: '{"lines":[]}',
        ext: '{"v":2}',
      } as const
      const event = { type: 'edited', actor: 'ada', detail: '{"runAt":1}' }
      assert.deepEqual(await changeOne(a, { id: job.id, guard: { version: 1 }, set, event }), { ok: true, job: null })
      const { run: _, ...given } = set
      const expected = { ...job, ...given, version: 2, runAt: START + 5700, updatedAt: START + 700 }
      assert.deepEqual(await read(b, job.id), expected)
      assert.deepEqual(at(await eventsOf(b, job.id), 1), {
        jobId: job.id,
        queue: 'default',
        seq: 2,
        at: START + 700,
        from: 'queued',
        to: 'queued',
        attempt: 0,
        fence: null,
        workerId: null,
        ...event,
      })
    },
  ),
  fact(
    'change › leaves alone what it does not name, and clears what it gives as null [DATA-4, ATOM-1]',
    async ({ a, b }) => {
      const job = await insertOne(a, { payload: '1', ext: '2', tags: ['t'] })
      const bodies = { progress: '3', result: '4', error: '5', checkpoint: '6', log: '7' }
      const full = await must(a, { id: job.id, guard: { version: 1 }, set: bodies, event: draft('edited') })
      const touched = await must(a, {
        id: job.id,
        guard: { version: 2 },
        set: { priority: 1 },
        event: draft('reprioritised'),
      })
      assert.deepEqual(touched, { ...full, priority: 1, version: 3 })
      const none = {
        payload: null,
        ext: null,
        progress: null,
        result: null,
        error: null,
        checkpoint: null,
        log: null,
        tags: [],
      }
      const cleared = await must(a, { id: job.id, guard: { version: 3 }, set: none, event: draft('edited') })
      assert.deepEqual(cleared, { ...touched, ...none, version: 4 })
      assert.deepEqual(await read(b, job.id), cleared)
    },
  ),
  fact(
    'startedAt and finishedAt › are of the entry into running and into an end [TIME-1, ATOM-1]',
    async ({ a, clock }) => {
      const { id } = await insertOne(a)
      clock.move(10)
      const leased = only(await takeIds(a, [id], { to: 'leased' }))
      assert.deepEqual([leased.startedAt, leased.finishedAt], [null, null])
      clock.move(10)
      const running = await must(a, start(leased))
      assert.deepEqual([running.startedAt, running.finishedAt], [START + 20, null])
      clock.move(10)
      const dead = await must(a, failTo('dead', running))
      assert.deepEqual([dead.startedAt, dead.finishedAt], [START + 20, START + 30])
      clock.move(10)
      const queued = await must(a, retry(dead))
      assert.deepEqual([queued.startedAt, queued.finishedAt], [START + 20, null])
      clock.move(10)
      assert.equal(only(await takeIds(a, [id], { to: 'leased' })).startedAt, null)
    },
  ),
  fact('a guard over several states › the event tells which of them was left [ATOM-4]', async ({ a, b }) => {
    for (const state of ['waiting', 'queued', 'leased', 'running'] as const) {
      const { job } = await jobIn(a, state, { queue: `from-${state}` })
      await must(a, cancel(job))
      const event = at(await eventsOf(b, job.id), job.version)
      const { from, to, attempt, fence, workerId, actor } = event
      const lease = { attempt: job.attempt, fence: job.lease?.fence ?? null, workerId: job.lease?.workerId ?? null }
      assert.deepEqual(
        { from, to, attempt, fence, workerId, actor },
        { from: state, to: 'cancelled', ...lease, actor: 'ops@example.org' },
      )
    }
  }),
  fact(
    'release › the event names the lease and the attempt that it ended, not those after it [ATOM-4]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'running')
      const after = await must(a, release(job))
      assert.equal(after.attempt, 0)
      const { attempt, fence, workerId } = at(await eventsOf(b, job.id), 2)
      assert.deepEqual({ attempt, fence, workerId }, { attempt: 1, fence: 2, workerId: 'worker-1' })
    },
  ),
  fact(
    'many changes of one job › its events are 1, 2, 3 … and its version is the last [ATOM-3, GUARD-3]',
    async ({ a, b }) => {
      let job = await insertOne(a)
      for (let n = 0; n < 30; n++) job = await must(n % 2 ? a : b, reprioritise(job, n))
      assert.equal(job.version, 31)
      const seqs = (await eventsOf(b, job.id)).map(({ seq }) => seq)
      assert.deepEqual(
        seqs,
        Array.from({ length: 31 }, (_, index) => index + 1),
      )
    },
  ),
  fact(
    'beats and a change of one job at once › none undoes what another wrote [GUARD-3, FENCE-1]',
    async ({ a, b }) => {
      for (let n = 0; n < 10; n++) {
        const { job, token } = await jobIn(a, 'running')
        const [progress, log, checkpoint] = [`${n}`, `"log ${n}"`, `[${n}]`]
        const told = { id: job.id, guard: { token }, set: { priority: 9, checkpoint }, event: draft('progressed') }
        await Promise.all([
          a.exchange({ beats: [{ id: job.id, token, progress }] }),
          b.exchange({ beats: [{ id: job.id, token, log }] }),
          (n % 2 ? a : b).exchange({ changes: [told] }),
        ])
        const now = await read(b, job.id)
        assert.deepEqual([now.progress, now.log, now.checkpoint, now.priority], [progress, log, checkpoint, 9])
      }
    },
  ),
  fact('many changes of one job at once › each gets a number of its own [ATOM-3, GUARD-3]', async ({ a, b }) => {
    const job = await insertOne(a)
    const bump = (priority: number) =>
      ({ id: job.id, guard: { states: ['queued'] }, set: { priority }, event: draft('reprioritised') }) as const
    await Promise.all(Array.from({ length: 20 }, (_, n) => must(n % 2 ? a : b, bump(n))))
    const seqs = (await eventsOf(b, job.id)).map(({ seq }) => seq)
    assert.deepEqual(
      seqs,
      Array.from({ length: 21 }, (_, index) => index + 1),
    )
  }),
  fact('a batch of 500 changes › gives what 500 batches of one give [BATCH-2]', async ({ a, b }) => {
    const jobs = await insertAll(a, newJobs(1000))
    const together = jobs.slice(0, 500)
    const alone = jobs.slice(500)
    const changes = (some: readonly JobRecord[]) =>
      some.map((job, n) => (n % 5 === 4 ? retry(job) : n % 2 ? cancel(job) : reprioritise(job)))
    const answers = await changeAll(a, changes(together))
    const oneByOne: typeof answers = []
    for (const change of changes(alone)) oneByOne.push(await changeOne(a, change))
    assert.deepEqual(
      answers.map(({ ok }) => ok),
      oneByOne.map(({ ok }) => ok),
    )
    const shape = async (some: readonly JobRecord[]) => {
      const now: JobRecord[] = []
      for (const { id } of some) now.push({ ...(await read(b, id)), id: '' })
      return now
    }
    assert.deepEqual(await shape(together), await shape(alone))
  }),
]

export const changes: readonly StoreCase[] = [...guards, ...fences, ...writes, ...changesPerState]
