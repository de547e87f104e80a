import assert from 'node:assert/strict'
import { fact, type StoreCase } from '../case.js'
import { cancel, expireTo, failTo, release, retry, start, succeed } from '../stage/commands.js'
import {
  at,
  changeOne,
  eventsOf,
  insertAll,
  insertOne,
  must,
  newJobs,
  only,
  read,
  seenOf,
  take,
  tokenOf,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'

// ---- fences ---------------------------------------------------------------------------------------------------------

const STALE = {
  succeed,
  'fail for good': failTo.bind(null, 'failed'),
  'fail again': failTo.bind(null, 'queued'),
  release,
  start,
} as const

export const fences: readonly StoreCase[] = [
  ...Object.entries(STALE).map(([name, change]) =>
    fact(
      `${name} › with the token of an earlier attempt › is refused and changes nothing [FENCE-1, ATOM-2]`,
      async ({ a, b, clock }) => {
        await insertOne(a)
        const first = only(await take(a, { to: 'leased', leaseMs: 1000 }))
        clock.move(1000)
        await must(a, expireTo('queued', first))
        const second = only(await take(a, { to: 'leased', workerId: 'worker-2' }))
        const before = await seenOf(b)
        assert.deepEqual(await changeOne(a, change(second, tokenOf(first))), { ok: false, why: 'guard', job: second })
        assert.deepEqual(await seenOf(b), before)
      },
    ),
  ),
  fact(
    'claim › time after time › gives a fence that is its version and above every earlier one [FENCE-2]',
    async ({ a, clock }) => {
      const { id } = await insertOne(a)
      let last = 0
      for (const end of ['released', 'expired', 'retried', 'released'] as const) {
        const job = only(await take(a, { leaseMs: 1000 }))
        assert.equal(job.lease?.fence, job.version)
        assert.ok(job.version > last, `the fence ${job.version} is not above ${last}`)
        last = job.version
        clock.move(1000)
        if (end === 'released') await must(a, release(job))
        else if (end === 'expired') await must(a, expireTo('queued', job))
        else await must(a, retry(await must(a, failTo('dead', job))))
      }
      const fences = (await eventsOf(a, id))
        .filter(({ type }) => type === 'leased')
        .map(({ fence, seq }) => fence === seq)
      assert.deepEqual(fences, [true, true, true, true])
    },
  ),
  fact(
    'a change to any other state › ends the lease, and its token is dead from then on [FENCE-3]',
    async ({ a, clock }) => {
      const endings = [
        succeed,
        failTo.bind(null, 'queued'),
        failTo.bind(null, 'dead'),
        release,
        expireTo.bind(null, 'queued'),
        cancel,
      ]
      for (const ending of endings) {
        const { job, token } = await jobIn(a, 'running', { queue: 'endings' })
        clock.move(30_000)
        const after = await must(a, ending(job))
        assert.equal(after.lease, null)
        const beat = { id: job.id, token, leaseMs: 1000 }
        assert.deepEqual((await a.exchange({ beats: [beat] })).beats, [{ ok: false, why: 'guard', job: after }])
        assert.deepEqual(await changeOne(a, succeed(job, token)), { ok: false, why: 'guard', job: after })
      }
    },
  ),
  fact('start › and a change that keeps a held state › leave the lease as it is [FENCE-3, FENCE-2]', async ({ a }) => {
    const { job } = await jobIn(a, 'leased')
    const running = await must(a, start(job))
    assert.deepEqual(running.lease, job.lease)
    assert.equal(running.version, 3)
  }),
  fact(
    'settle › long after the lease is over, while nobody took it › is accepted [FENCE-4, GUARD-1]',
    async ({ a, b, clock }) => {
      const { job } = await jobIn(a, 'running')
      clock.move(1_000_000)
      assert.equal((await must(a, succeed(job))).state, 'succeeded')
      assert.equal((await read(b, job.id)).result, '"done"')
    },
  ),
  fact('a token › stands in the record of the lease and nowhere else [FENCE-5]', async ({ a, b, clock }) => {
    const hints: unknown[] = []
    const unsubscribe = a.subscribe((hint) => hints.push(hint))
    const jobs = await insertAll(a, newJobs(3))
    const token = 'a-token-that-is-easy-to-find'
    const taken = await take(a, { token, max: 3, leaseMs: 1000 })
    await a.configure([{ kind: 'worker', name: 'worker-1', value: '{"seen":1}' }])
    await changeOne(a, failTo('queued', at(taken, 0)))
    clock.move(1000)
    await changeOne(a, expireTo('queued', at(taken, 1)))
    const events = await Promise.all(jobs.map(({ id }) => eventsOf(b, id)))
    const seen = [
      events,
      await b.feed({ after: 'start', limit: 100 }),
      await b.settings('worker'),
      await b.stats(),
      hints,
    ]
    assert.equal(JSON.stringify(seen).includes(token), false)
    const held = await read(b, at(jobs, 2).id)
    assert.equal(held.lease?.token, token)
    assert.equal(JSON.stringify({ ...held, lease: null }).includes(token), false)
    unsubscribe()
  }),
]
