import assert from 'node:assert/strict'
import type { JobRecord } from '../../record.js'
import type { NewJob } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { cancel, reprioritise, succeed } from '../stage/commands.js'
import {
  at,
  claim,
  eventsOf,
  idsOf,
  insertAll,
  insertOne,
  newJob,
  newJobs,
  only,
  read,
  take,
  tokenOf,
} from '../stage/fixtures.js'
import { START } from '../stage/movable-clock.js'
import { insertsPerState } from './per-state.js'

const EMPTY = {
  version: 1,
  attempt: 0,
  startedAt: null,
  finishedAt: null,
  lease: null,
  progress: null,
  error: null,
  result: null,
  checkpoint: null,
  log: null,
} as const

/** The record that a new job becomes, written out once more than in the kit. */
function recordOf({ run, event: _, ...given }: NewJob, now: number): JobRecord {
  return { ...given, ...EMPTY, runAt: 'at' in run ? run.at : now + run.inMs, createdAt: now, updatedAt: now }
}

const JOBS: readonly Partial<NewJob>[] = [
  {},
  { payload: null },
  { state: 'waiting' },
  { run: { inMs: 60_000 } },
  { run: { at: START - 1_000_000 } },
  { run: { at: START + 1_000_000 } },
  { run: { at: 0 } },
  { priority: 0, maxAttempts: 1 },
  { priority: 100, maxAttempts: 1_000_000 },
  {
    key: 'k',
    keyUntil: 'claimed',
    group: 'g',
    tags: ['b', 'a'],
    ext: '{"timeoutMs":5}',
    queue: 'mail/eu',
    type: 'mail/welcome',
  },
]

export const inserts: readonly StoreCase[] = [
  fact(
    'insert › answers with the whole job as it is from now on, and its event tells the same [ATOM-1, ATOM-4, READ-1]',
    async ({ a, b, clock }) => {
      clock.move(123)
      const event = { type: 'enqueued', actor: 'ada', detail: '{"op":"1"}' }
      const jobs = JOBS.map((over) => newJob({ ...over, event }))
      const { inserts } = await a.exchange({ inserts: jobs })
      const expected = jobs.map((job) => recordOf(job, START + 123))
      assert.deepEqual(
        inserts,
        expected.map((job) => ({ isNew: true, job })),
      )
      assert.deepEqual(await b.get(idsOf(jobs)), expected)
      for (const job of expected) {
        const about = {
          jobId: job.id,
          queue: job.queue,
          seq: 1,
          at: START + 123,
          from: null,
          to: job.state,
          attempt: 0,
          fence: null,
          workerId: null,
        }
        assert.deepEqual(await eventsOf(b, job.id), [{ ...about, ...event }])
      }
    },
  ),
  fact('500 inserts in a batch › give what 500 batches of one give [BATCH-2]', async ({ a, b }) => {
    const together = newJobs(500)
    const alone = newJobs(500)
    const answers = (await a.exchange({ inserts: together })).inserts
    const oneByOne = []
    for (const job of alone) oneByOne.push(only((await a.exchange({ inserts: [job] })).inserts))
    const shape = (some: typeof answers) => some.map(({ isNew, job }) => ({ isNew, job: { ...job, id: '' } }))
    assert.deepEqual(shape(answers), shape(oneByOne))
    assert.deepEqual(idsOf(answers.map(({ job }) => job)), idsOf(together))
    assert.deepEqual(
      await b.get(idsOf(together)),
      answers.map(({ job }) => job),
    )
  }),
  fact(
    'inserts of a batch › known ids and held keys among them leave their neighbours new [BATCH-2, IDEM-1, UNIQ-1]',
    async ({ a }) => {
      const [known, keyed] = [await insertOne(a), await insertOne(a, { key: 'k' })]
      const jobs = [newJob(), newJob({ id: known.id }), newJob(), newJob({ key: 'k' }), newJob()]
      const { inserts } = await a.exchange({ inserts: jobs })
      assert.deepEqual(
        inserts.map(({ isNew }) => isNew),
        [true, false, true, false, true],
      )
      assert.deepEqual(
        inserts.map(({ job }) => job.id),
        [at(jobs, 0).id, known.id, at(jobs, 2).id, keyed.id, at(jobs, 4).id],
      )
    },
  ),
  fact('exchange › of all parts › answers each in the order of its questions [BATCH-1, BATCH-2]', async ({ a, b }) => {
    await insertAll(a, newJobs(4))
    const held = await take(a, { max: 4 })
    const [settled, beaten, cancelled, again] = held as [JobRecord, JobRecord, JobRecord, JobRecord]
    const queued = await insertOne(a, { queue: 'other' })
    const fresh = newJobs(2, { queue: 'fresh' })
    const result = await a.exchange({
      inserts: fresh,
      changes: [succeed(settled), cancel(cancelled), succeed(again, 'token-of-nobody')],
      beats: [{ id: beaten.id, token: tokenOf(beaten), progress: '1' }],
      claims: [claim({ from: [{ queue: 'nothing', limit: 1 }] }), claim({ from: [{ ids: [queued.id] }] })],
    })
    assert.deepEqual(
      result.inserts.map(({ job }) => job.id),
      idsOf(fresh),
    )
    assert.deepEqual(result.changes, [
      { ok: true, job: null },
      { ok: true, job: null },
      { ok: false, why: 'guard', job: again },
    ])
    assert.deepEqual(result.beats, [{ ok: true, job: null }])
    assert.deepEqual(
      result.claims.map(({ jobs }) => idsOf(jobs)),
      [[], [queued.id]],
    )
    assert.deepEqual(
      (await b.get(idsOf(held))).map((job) => job?.state),
      ['succeeded', 'running', 'cancelled', 'running'],
    )
  }),
  fact(
    'exchange › changes come before claims: what a batch cancels it does not take [BATCH-1, CLAIM-1]',
    async ({ a }) => {
      const [gone, there] = (await insertAll(a, newJobs(2))) as [JobRecord, JobRecord]
      const { changes, claims } = await a.exchange({
        changes: [cancel(gone)],
        claims: [claim({ max: 5, from: [{ ids: [gone.id, there.id] }] })],
      })
      assert.deepEqual(changes, [{ ok: true, job: null }])
      assert.deepEqual(idsOf(only(claims).jobs), [there.id])
    },
  ),
  fact(
    'exchange › of a change that raises a priority, and of a claim › each job moves once [BATCH-1, ATOM-3]',
    async ({ a, b }) => {
      const [low, other] = (await insertAll(a, newJobs(2))) as [JobRecord, JobRecord]
      const { claims } = await a.exchange({ changes: [reprioritise(other, 99)], claims: [claim({ max: 2 })] })
      const taken = idsOf(only(claims).jobs)
      assert.ok(taken.includes(low.id)) // the other is the store's own choice
      assert.equal((await read(b, other.id)).version, taken.includes(other.id) ? 3 : 2)
    },
  ),
  fact('exchange › of nothing › answers with nothing [BATCH-2]', async ({ a }) => {
    assert.deepEqual(await a.exchange({}), { inserts: [], changes: [], beats: [], claims: [] })
    assert.deepEqual(await a.exchange({ inserts: [], changes: [] }), {
      inserts: [],
      changes: [],
      beats: [],
      claims: [],
    })
  }),
  ...insertsPerState,
]
