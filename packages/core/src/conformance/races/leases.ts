/** The interleavings of the contract (2.9), forced by the order of calls where that can be done, else by many races: claims, leases that are over, cancels. */
import assert from 'node:assert/strict'
import type { JobRecord, State } from '../../record.js'
import type { ChangeResult, Store } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { cancel, expireTo, succeed } from '../commands.js'
import {
  changeAll,
  changeOne,
  eventsOf,
  idsOf,
  insertAll,
  insertOne,
  must,
  newJobs,
  only,
  read,
  seenOf,
  take,
  tokenOf,
} from '../fixtures.js'
import { jobIn } from '../job-in.js'
import type { Stage } from '../stage.js'
import { storm, together } from '../storm.js'

const told = async (store: Store, id: string): Promise<string[]> => (await eventsOf(store, id)).map(({ type }) => type)

/** Exactly one was applied; the other was refused and was shown the job as the winner left it. */
function winner(one: ChangeResult, other: ChangeResult, states: { first: State; second: State }): 'first' | 'second' {
  assert.notEqual(one.ok, other.ok, 'exactly one of the two is applied')
  const [won, lost] = one.ok ? (['first', other] as const) : (['second', one] as const)
  assert.ok(!lost.ok && lost.why === 'guard', `the loser is refused by its guard, got ${JSON.stringify(lost)}`)
  assert.equal(lost.job.state, states[won], 'the loser is shown what the winner made of the job')
  return won
}

// ---- 1 · claim against claim ----------------------------------------------------------------------------------------

const claimers: readonly StoreCase[] = [
  fact('race 1 › twenty claimers, one job › one has it, and it has two events [CLAIM-2, ATOM-3]', async ({ a, b }) => {
    for (let n = 0; n < 5; n++) {
      const { id } = await insertOne(a)
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => take(i % 2 ? a : b)))
      assert.deepEqual(idsOf(answers.flat()), [id])
      assert.deepEqual(await told(a, id), ['enqueued', 'leased'])
    }
  }),
  fact(
    'race 1 › claimers of two handles at 500 jobs › take disjoint sets, and all of them [CLAIM-2, CLAIM-3, ORDER-4]',
    async ({ a, b }) => {
      const ids = idsOf(await insertAll(a, newJobs(500)))
      const taken: string[] = []
      const work = async (store: Store): Promise<void> => {
        for (let short = 0; short < 50 && taken.length < ids.length; ) {
          const jobs = await take(store, { max: 7 })
          assert.ok(jobs.length <= 7)
          taken.push(...idsOf(jobs))
          if (jobs.length === 0) short++ // others were writing what is left
        }
      }
      await Promise.all(Array.from({ length: 8 }, (_, n) => work(n % 2 ? a : b)))
      assert.deepEqual([...taken].sort(), ids)
    },
  ),
]

// ---- 2, 3, 9 · leases that are over ---------------------------------------------------------------------------------

const overdue = async ({ a, clock }: Stage): Promise<JobRecord> => {
  const { job } = await jobIn(a, 'running')
  clock.move(30_000)
  return job
}

const leases: readonly StoreCase[] = [
  fact('race 2 › settle, then expire › the expire is refused [GUARD-3, FENCE-3, FENCE-4]', async (stage) => {
    const job = await overdue(stage)
    const done = await must(stage.a, succeed(job))
    assert.deepEqual(await changeOne(stage.b, expireTo('queued', job)), { ok: false, why: 'guard', job: done })
  }),
  fact('race 2 › expire, then settle › the settle is refused [GUARD-3, FENCE-3, FENCE-1]', async (stage) => {
    const job = await overdue(stage)
    const back = await must(stage.a, expireTo('queued', job))
    assert.deepEqual(await changeOne(stage.b, succeed(job)), { ok: false, why: 'guard', job: back })
  }),
  fact(
    'race 2 › settle and expire at once › one wins, and the other sees who [GUARD-1, GUARD-2, GUARD-3]',
    async (stage) => {
      await storm(async (offset) => {
        const job = await overdue(stage)
        const [settled, expired] = await together(
          offset,
          () => changeOne(stage.a, succeed(job)),
          () => changeOne(stage.b, expireTo('dead', job)),
        )
        assert.equal((await told(stage.a, job.id)).length, 3)
        return winner(settled, expired, { first: 'succeeded', second: 'dead' })
      })
    },
  ),
  fact(
    'race 3 › heartbeat after the end of the lease › before the expire it prolongs from now, and the expire is refused [FENCE-4, TIME-6, GUARD-1]',
    async (stage) => {
      const job = await overdue(stage)
      const beat = { id: job.id, token: tokenOf(job), leaseMs: 30_000, returning: true }
      const beaten = only((await stage.a.exchange({ beats: [beat] })).beats)
      assert.equal(beaten.job?.lease?.until, stage.clock.now() + 30_000)
      assert.deepEqual(await changeOne(stage.b, expireTo('queued', job)), { ok: false, why: 'guard', job: beaten.job })
    },
  ),
  fact(
    'race 3 › heartbeat after the expire › is refused, the job as it is [FENCE-1, FENCE-3, ATOM-2]',
    async (stage) => {
      const job = await overdue(stage)
      const back = await must(stage.a, expireTo('queued', job))
      const before = await seenOf(stage.a)
      const { beats } = await stage.b.exchange({
        beats: [{ id: job.id, token: tokenOf(job), leaseMs: 30_000, progress: '1' }],
      })
      assert.deepEqual(beats, [{ ok: false, why: 'guard', job: back }])
      assert.deepEqual(await seenOf(stage.a), before)
    },
  ),
  fact(
    'race 9 › eight sweeps over the same leases › each lease expires once [GUARD-1, GUARD-3, ATOM-3]',
    async ({ a, b, clock }) => {
      await insertAll(a, newJobs(30))
      const jobs = await take(a, { max: 30, leaseMs: 1000 })
      clock.move(1000)
      const sweep = async (store: Store): Promise<number> => {
        const over = (await store.list({ walk: 'lease', overOnly: true, limit: 100 })).jobs
        return (
          await changeAll(
            store,
            over.map((job) => expireTo('queued', job)),
          )
        ).filter(({ ok }) => ok).length
      }
      const expired = await Promise.all(Array.from({ length: 8 }, (_, n) => sweep(n % 2 ? a : b)))
      assert.equal(
        expired.reduce((sum, one) => sum + one),
        30,
      )
      for (const { id } of jobs) assert.deepEqual(await told(b, id), ['enqueued', 'leased', 'lease_expired'])
    },
  ),
]

// ---- 4, 5 · cancel --------------------------------------------------------------------------------------------------

const cancels: readonly StoreCase[] = [
  fact(
    'race 4 › cancel, then claim › the job is cancelled and taken by nobody [GUARD-3, CLAIM-1]',
    async ({ a, b }) => {
      const job = await insertOne(a)
      await must(a, cancel(job))
      assert.deepEqual(await take(b, { from: [{ queue: 'default', limit: 1 }, { ids: [job.id] }] }), [])
    },
  ),
  fact('race 4 › claim, then cancel › the cancel ends the lease [GUARD-3, FENCE-3, ATOM-4]', async ({ a, b }) => {
    const { id } = await insertOne(a)
    const job = only(await take(a))
    await must(b, cancel({ id }))
    assert.equal((await eventsOf(a, id)).at(-1)?.from, 'running')
    assert.equal((await changeOne(a, succeed(job))).ok, false)
  }),
  fact(
    'race 4 › cancel and claim at once › the cancel is never told that the job is missing, and always ends it [GUARD-2, GUARD-1, ATOM-4]',
    async ({ a, b }) => {
      await storm(async (offset) => {
        const { id } = await insertOne(a)
        const [cancelled, taken] = await together(
          offset,
          () => changeOne(a, cancel({ id })),
          () => take(b, { from: [{ queue: 'default', limit: 1 }] }),
        )
        assert.equal(cancelled.ok, true, JSON.stringify(cancelled))
        assert.equal((await read(b, id)).state, 'cancelled')
        const events = (await eventsOf(a, id)).map(({ type, from }) => `${type} from ${from}`)
        const beaten = taken.length === 1
        assert.deepEqual(
          events.slice(1),
          beaten ? ['leased from queued', 'cancelled from running'] : ['cancelled from queued'],
        )
        return beaten ? 'second' : 'first'
      })
    },
  ),
  fact(
    'race 5 › cancel and settle at once › one terminal event, and the loser is shown the winner’s state [GUARD-1, GUARD-2, GUARD-3]',
    async ({ a, b }) => {
      await storm(async (offset) => {
        const { job } = await jobIn(a, 'running')
        const [cancelled, settled] = await together(
          offset,
          () => changeOne(a, cancel(job)),
          () => changeOne(b, succeed(job)),
        )
        assert.equal((await told(a, job.id)).length, 3)
        return winner(cancelled, settled, { first: 'cancelled', second: 'succeeded' })
      })
    },
  ),
]

export const racesOfLeases: readonly StoreCase[] = [...claimers, ...leases, ...cancels]
