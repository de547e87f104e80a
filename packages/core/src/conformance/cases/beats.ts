import assert from 'node:assert/strict'
import { isHeld, STATES } from '../../transitions.js'
import { fact, type StoreCase } from '../case.js'
import { expireTo, release } from '../stage/commands.js'
import { eventsOf, insertAll, must, newJobs, only, read, seenOf, take, takeIds, tokenOf } from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import { START } from '../stage/movable-clock.js'

const FIELDS = { progress: '0.5', checkpoint: '{"page":3}', log: '{"dropped":0,"lines":[[1,1,"hello"]]}' } as const

export const beats: readonly StoreCase[] = [
  fact(
    'beat › under the token › prolongs the lease from now, without an event and without a version [FENCE-1, TIME-6, ATOM-3]',
    async ({ a, b, clock }) => {
      const { job, token } = await jobIn(a, 'running')
      clock.move(10_000)
      const { beats } = await a.exchange({ beats: [{ id: job.id, token, leaseMs: 30_000, returning: true }] })
      const expected = { ...job, updatedAt: START + 10_000, lease: { ...job.lease, until: START + 40_000 } }
      assert.deepEqual(beats, [{ ok: true, job: expected }])
      assert.deepEqual(await read(b, job.id), expected)
      assert.equal((await eventsOf(b, job.id)).length, 2)
    },
  ),
  fact('beat › that shortens a lease › ends it then [TIME-6]', async ({ a, b }) => {
    const { job, token } = await jobIn(a, 'running')
    await a.exchange({ beats: [{ id: job.id, token, leaseMs: 1 }] })
    assert.equal((await read(b, job.id)).lease?.until, START + 1)
  }),
  ...(['progress', 'checkpoint', 'log'] as const).map((field) =>
    fact(
      `beat › with ${field} alone › writes it and leaves the rest and the lease as they are [FENCE-1, DATA-1]`,
      async ({ a, b }) => {
        const { job, token } = await jobIn(a, 'leased')
        assert.deepEqual((await a.exchange({ beats: [{ id: job.id, token, [field]: FIELDS[field] }] })).beats, [
          { ok: true, job: null },
        ])
        assert.deepEqual(await read(b, job.id), { ...job, [field]: FIELDS[field] })
      },
    ),
  ),
  ...STATES.map((state) =>
    fact(
      `beat › under another token, of a job that is ${state} › is refused and changes nothing [FENCE-1, GUARD-2, ATOM-2]`,
      async ({ a, b, clock }) => {
        const { job, token } = await jobIn(a, state)
        clock.move(5000)
        const before = await seenOf(b)
        const wrong = isHeld(state) ? `${token}x` : token // where nobody holds it, the last token is the wrong one
        const { beats } = await a.exchange({ beats: [{ id: job.id, token: wrong, leaseMs: 60_000, ...FIELDS }] })
        assert.deepEqual(beats, [{ ok: false, why: 'guard', job }])
        assert.deepEqual(await seenOf(b), before)
      },
    ),
  ),
  fact(
    'beat › of the worker before › reports nothing into the new attempt [FENCE-1, ATOM-2]',
    async ({ a, b, clock }) => {
      const { job, token } = await jobIn(a, 'running')
      clock.move(30_000)
      await must(a, expireTo('queued', job))
      const second = only(await takeIds(a, [job.id], { workerId: 'worker-2' }))
      clock.move(1000)
      const { beats } = await a.exchange({
        beats: [{ id: job.id, token, leaseMs: 60_000, ...FIELDS, returning: true }],
      })
      assert.deepEqual(beats, [{ ok: false, why: 'guard', job: second }])
      assert.deepEqual(await read(b, job.id), second)
    },
  ),
  fact(
    'beat › after the lease is over, while nobody ended it › prolongs it from now [FENCE-4, TIME-6]',
    async ({ a, b, clock }) => {
      const { job, token } = await jobIn(a, 'running')
      clock.move(500_000)
      assert.deepEqual((await a.exchange({ beats: [{ id: job.id, token, leaseMs: 30_000 }] })).beats, [
        { ok: true, job: null },
      ])
      assert.equal((await read(b, job.id)).lease?.until, START + 530_000)
    },
  ),
  fact('beat › of an id that is not there › is missing, alone [GUARD-4, BATCH-2]', async ({ a, b }) => {
    const { job, token } = await jobIn(a, 'running')
    const { beats } = await a.exchange({
      beats: [
        { id: 'nobody', token, progress: '1' },
        { id: job.id, token, progress: '1' },
      ],
    })
    assert.deepEqual(beats, [
      { ok: false, why: 'missing', job: null },
      { ok: true, job: null },
    ])
    assert.equal((await read(b, job.id)).progress, '1')
  }),
  fact('what a beat wrote › is there in the next attempt [FENCE-1, CLAIM-4]', async ({ a }) => {
    const { job, token } = await jobIn(a, 'running')
    await a.exchange({ beats: [{ id: job.id, token, ...FIELDS }] })
    await must(a, release(job))
    const { progress, checkpoint, log } = only(await takeIds(a, [job.id]))
    assert.deepEqual({ progress, checkpoint, log }, FIELDS)
  }),
  fact(
    '200 beats in a batch, every third under another token › each by its own guard [BATCH-2, FENCE-1]',
    async ({ a, b }) => {
      await insertAll(a, newJobs(200))
      const jobs = await take(a, { max: 200 })
      const sent = jobs.map((job, n) => ({
        id: job.id,
        token: n % 3 ? tokenOf(job) : 'token-of-nobody',
        progress: String(n),
      }))
      const { beats } = await a.exchange({ beats: sent })
      assert.deepEqual(
        beats.map(({ ok }) => ok),
        sent.map((_, n) => n % 3 !== 0),
      )
      const now = await b.get(jobs.map(({ id }) => id))
      assert.deepEqual(
        now.map((job) => job?.progress),
        sent.map((_, n) => (n % 3 ? String(n) : null)),
      )
    },
  ),
]
