/** Cancels against claims and settles. */
import assert from 'node:assert/strict'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { cancel, reschedule, succeed } from '../stage/commands.js'
import {
  at,
  changeOne,
  eventsOf,
  exchangeIn,
  idsOf,
  insertAll,
  insertOne,
  must,
  newJobs,
  only,
  read,
  take,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import { storm, together } from '../stage/storm.js'
import { mustWait, raced } from './race.js'
import { typesOf, winner } from './winner.js'

const againstClaims: readonly StoreCase[] = [
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
  ...raced(
    {
      n: 4,
      what: 'cancel and claim at once',
      holds: 'the cancel is never told that the job is missing, and always ends it [GUARD-2, GUARD-1, ATOM-4]',
    },
    async (a, b) => {
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
  ...(['commit', 'rollback'] as const).map((how) =>
    fact(
      `race 4 › cancel and claim while a reschedule of the job is held open in a transaction, which ends by ${how} › the claim may pass over that job alone, the cancel waits and ends it [GUARD-2, GUARD-3, ORDER-4, TX-1]`,
      async (stage) => {
        const [moved, other] = await insertAll(stage.a, newJobs(2))
        assert.ok(moved && other)
        const transaction = await stage.hook('begin')(stage.space)
        assert.ok(transaction)
        let taking: Promise<readonly { id: string }[]> | undefined
        let cancelling: ReturnType<typeof changeOne> | undefined
        try {
          await exchangeIn(stage.a, { changes: [reschedule(moved)] }, transaction.tx)
          taking = take(stage.b, { max: 2 })
          taking.catch(() => {})
          cancelling = changeOne(stage.b, cancel(moved))
          cancelling.catch(() => {})
          await mustWait(stage, cancelling)
          await transaction[how]()
        } finally {
          await transaction.close()
        }
        const taken = idsOf(await taking)
        assert.ok(taken.includes(other.id), 'nobody wrote the other job')
        if (how === 'commit') assert.ok(!taken.includes(moved.id), 'the job was taken before it was due')
        assert.equal((await cancelling).ok, true)
        assert.equal((await read(stage.a, moved.id)).state, 'cancelled')
        const types = await typesOf(stage.a, moved.id)
        assert.deepEqual([types.includes('rescheduled'), types.at(-1)], [how === 'commit', 'cancelled'])
      },
      NEEDS.transactions,
      NEEDS.begin,
    ),
  ),
]

const againstSettles: readonly StoreCase[] = [
  fact(
    'race 5 › cancel, then settle › the settle is refused and shown that the job is cancelled [GUARD-3, FENCE-3]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'running')
      const cancelled = await must(a, cancel(job))
      assert.deepEqual(await changeOne(b, succeed(job)), { ok: false, why: 'guard', job: cancelled })
      assert.deepEqual((await typesOf(b, job.id)).slice(2), ['cancelled'])
    },
  ),
  fact(
    'race 5 › settle, then cancel › the cancel is refused and shown the outcome [GUARD-3, GUARD-1]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'running')
      const done = await must(a, succeed(job))
      assert.deepEqual(await changeOne(b, cancel(job)), { ok: false, why: 'guard', job: done })
      assert.equal(at(await typesOf(b, job.id), 2), 'succeeded')
    },
  ),
  ...raced(
    {
      n: 5,
      what: 'cancel and settle at once',
      holds: 'one terminal event, and the loser is shown the winner’s state [GUARD-1, GUARD-2, GUARD-3]',
    },
    async (a, b) => {
      await storm(async (offset) => {
        const { job } = await jobIn(a, 'running')
        const [cancelled, settled] = await together(
          offset,
          () => changeOne(a, cancel(job)),
          () => changeOne(b, succeed(job)),
        )
        assert.equal((await typesOf(a, job.id)).length, 3)
        return winner(cancelled, settled, { first: 'cancelled', second: 'succeeded' })
      })
    },
  ),
]

export const racesOfCancels: readonly StoreCase[] = [...againstClaims, ...againstSettles]
