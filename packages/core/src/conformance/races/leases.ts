/** Leases that are over: whose they are until somebody ends them, and that one ends them. */
import assert from 'node:assert/strict'
import type { JobRecord } from '../../record.js'
import type { Store } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { expireTo, succeed } from '../stage/commands.js'
import { changeAll, changeOne, insertAll, must, newJobs, only, seenOf, take, tokenOf } from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import type { Stage } from '../stage/stage.js'
import { storm, together } from '../stage/storm.js'
import { raced } from './race.js'
import { typesOf, winner } from './winner.js'

async function overdue(store: Store, { clock }: Stage): Promise<JobRecord> {
  const { job } = await jobIn(store, 'running')
  clock.move(30_000)
  return job
}

const settlesAndBeats: readonly StoreCase[] = [
  fact('race 2 › settle, then expire › the expire is refused [GUARD-3, FENCE-3, FENCE-4]', async (stage) => {
    const job = await overdue(stage.a, stage)
    const done = await must(stage.a, succeed(job))
    assert.deepEqual(await changeOne(stage.b, expireTo('queued', job)), { ok: false, why: 'guard', job: done })
  }),
  fact('race 2 › expire, then settle › the settle is refused [GUARD-3, FENCE-3, FENCE-1]', async (stage) => {
    const job = await overdue(stage.a, stage)
    const back = await must(stage.a, expireTo('queued', job))
    assert.deepEqual(await changeOne(stage.b, succeed(job)), { ok: false, why: 'guard', job: back })
  }),
  ...raced(
    {
      n: 2,
      what: 'settle and expire at once',
      holds: 'one wins, and the other sees who [GUARD-1, GUARD-2, GUARD-3]',
    },
    async (a, b, stage) => {
      await storm(async (offset) => {
        const job = await overdue(a, stage)
        const [settled, expired] = await together(
          offset,
          () => changeOne(a, succeed(job)),
          () => changeOne(b, expireTo('dead', job)),
        )
        assert.equal((await typesOf(a, job.id)).length, 3)
        return winner(settled, expired, { first: 'succeeded', second: 'dead' })
      })
    },
  ),
  fact(
    'race 3 › heartbeat after the end of the lease › before the expire it prolongs from now, and the expire is refused [FENCE-4, TIME-6, GUARD-1]',
    async (stage) => {
      const job = await overdue(stage.a, stage)
      const beat = { id: job.id, token: tokenOf(job), leaseMs: 30_000, returning: true }
      const beaten = only((await stage.a.exchange({ beats: [beat] })).beats)
      assert.equal(beaten.job?.lease?.until, stage.clock.now() + 30_000)
      assert.deepEqual(await changeOne(stage.b, expireTo('queued', job)), { ok: false, why: 'guard', job: beaten.job })
    },
  ),
  fact(
    'race 3 › heartbeat after the expire › is refused, the job as it is [FENCE-1, FENCE-3, ATOM-2]',
    async (stage) => {
      const job = await overdue(stage.a, stage)
      const back = await must(stage.a, expireTo('queued', job))
      const before = await seenOf(stage.a)
      const { beats } = await stage.b.exchange({
        beats: [{ id: job.id, token: tokenOf(job), leaseMs: 30_000, progress: '1' }],
      })
      assert.deepEqual(beats, [{ ok: false, why: 'guard', job: back }])
      assert.deepEqual(await seenOf(stage.a), before)
    },
  ),
]

const LEASES = 10

/** Sweeps once; answers how many leases it ended. */
async function sweep(store: Store): Promise<number> {
  const over = (await store.list({ walk: 'lease', overOnly: true, limit: 100 })).jobs
  const changes = over.map((job) => expireTo('queued', job))
  return (await changeAll(store, changes)).filter(({ ok }) => ok).length
}

async function fourSweeps(store: Store): Promise<number> {
  const ended = await Promise.all([sweep(store), sweep(store), sweep(store), sweep(store)])
  return ended.reduce((sum, one) => sum + one)
}

const sweeps: readonly StoreCase[] = raced(
  {
    n: 9,
    what: 'eight sweeps over the same leases',
    holds: 'each lease expires once [GUARD-1, GUARD-3, ATOM-3]',
  },
  async (a, b, { clock }) => {
    await storm(async (offset, n) => {
      const queue = `queue-${n}`
      await insertAll(a, newJobs(LEASES, { queue }))
      const jobs = await take(a, { max: LEASES, leaseMs: 1000, from: [{ queue, limit: LEASES }] })
      clock.move(1000)
      const [first, second] = await together(
        offset,
        () => fourSweeps(a),
        () => fourSweeps(b),
      )
      assert.equal(first + second, LEASES)
      for (const { id } of jobs) assert.deepEqual(await typesOf(b, id), ['enqueued', 'leased', 'lease_expired'])
      return first > second ? 'first' : 'second'
    })
  },
)

export const racesOfLeases: readonly StoreCase[] = [...settlesAndBeats, ...sweeps]
