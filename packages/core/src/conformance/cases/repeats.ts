import assert from 'node:assert/strict'
import { fact, type StoreCase } from '../case.js'
import { cancel, expireTo, reprioritise, succeed } from '../stage/commands.js'
import {
  at,
  changeOne,
  claim,
  draft,
  eventsOf,
  idsOf,
  insertAll,
  insertOne,
  must,
  newJob,
  newJobs,
  only,
  read,
  seenOf,
  take,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'

export const repeats: readonly StoreCase[] = [
  fact('insert › sent twice › is one job with one event, and answers with it both times [IDEM-1]', async ({ a, b }) => {
    const job = newJob()
    const first = only((await a.exchange({ inserts: [job] })).inserts)
    const second = only((await b.exchange({ inserts: [job] })).inserts)
    assert.deepEqual([first.isNew, second.isNew], [true, false])
    assert.deepEqual(second.job, first.job)
    assert.equal((await eventsOf(a, job.id)).length, 1)
  }),
  fact('insert › sent again when the job has long been over › answers with it as it is [IDEM-1]', async ({ a }) => {
    const sent = newJob()
    await a.exchange({ inserts: [sent] })
    const done = await must(a, succeed(only(await take(a))))
    assert.deepEqual((await a.exchange({ inserts: [sent] })).inserts, [{ isNew: false, job: done }])
  }),
  fact('insert › of one id twenty times at once › one is new [IDEM-1]', async ({ a, b }) => {
    const job = newJob()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 ? a : b).exchange({ inserts: [job] })),
    )
    assert.equal(answers.filter(({ inserts }) => only(inserts).isNew).length, 1)
    assert.equal((await eventsOf(a, job.id)).length, 1)
  }),
  fact(
    'claim again › returns what its token still holds and takes nothing more [IDEM-2, CLAIM-5]',
    async ({ a, b }) => {
      const jobs = await insertAll(a, [
        newJob({ priority: 10 }),
        newJob(),
        newJob({ priority: 90 }),
        newJob({ priority: 5 }),
      ])
      const sent = claim({ max: 3 })
      const { jobs: first } = only((await a.exchange({ claims: [sent] })).claims)
      assert.equal(first.length, 3)
      const before = await seenOf(b)
      const { jobs: second } = only((await b.exchange({ claims: [{ ...sent, again: true }] })).claims)
      assert.deepEqual(second, first)
      assert.deepEqual(await seenOf(b), before)
      assert.equal((await read(b, at(jobs, 3).id)).state, 'queued')
    },
  ),
  fact('claim again › of 300 jobs › returns all of them [IDEM-2]', async ({ a, b }) => {
    await insertAll(a, newJobs(310))
    const sent = claim({ max: 300 })
    const { jobs: first } = only((await a.exchange({ claims: [sent] })).claims)
    const { jobs: second } = only((await b.exchange({ claims: [{ ...sent, again: true }] })).claims)
    assert.deepEqual([first.length, idsOf(second)], [300, idsOf(first)])
  }),
  fact('claim again › of ids and of a queue › answers in the order of the first answer [IDEM-2]', async ({ a, b }) => {
    const [low, high, middle] = await insertAll(
      a,
      [1, 99, 50].map((priority) => newJob({ priority })),
    )
    const others = await insertAll(a, [newJob({ queue: 'other', priority: 99 }), newJob({ queue: 'other' })])
    assert.ok(low && high && middle)
    // Neither entries nor ids stand in claim order, which one sort over all would give.
    const from = [{ ids: [middle.id, low.id, high.id] }, { queue: 'other', limit: 2 }]
    const sent = claim({ max: 5, from })
    const { jobs: first } = only((await a.exchange({ claims: [sent] })).claims)
    assert.deepEqual(
      idsOf(first),
      [middle, low, high, ...others].map(({ id }) => id),
    )
    const { jobs: second } = only((await b.exchange({ claims: [{ ...sent, again: true }] })).claims)
    assert.deepEqual(idsOf(second), idsOf(first))
  }),
  fact(
    'claim again › that takes, of a queue and of ids in it › answers entry by entry [IDEM-2, CLAIM-5]',
    async ({ a }) => {
      const [first, second, third] = await insertAll(
        a,
        [90, 50, 10].map((priority) => newJob({ priority })),
      )
      assert.ok(first && second && third)
      const from = [{ queue: first.queue, limit: 1 }, { ids: [third.id, second.id] }]
      const { jobs } = only((await a.exchange({ claims: [claim({ max: 3, from, again: true })] })).claims)
      assert.deepEqual(idsOf(jobs), [first.id, third.id, second.id])
    },
  ),
  fact('claim again › when the first never arrived › takes as if it were the first [IDEM-2]', async ({ a }) => {
    const ids = idsOf(await insertAll(a, newJobs(3)))
    assert.deepEqual(idsOf(await take(a, { max: 2, again: true })), ids.slice(0, 2))
  }),
  fact(
    'claim again › when some of what it took has been settled or expired › returns the rest alone [IDEM-2]',
    async ({ a, clock }) => {
      await insertAll(a, newJobs(5))
      const sent = claim({ max: 3, leaseMs: 1000 })
      const { jobs } = only((await a.exchange({ claims: [sent] })).claims)
      await must(a, succeed(at(jobs, 0)))
      clock.move(1000)
      await must(a, expireTo('queued', at(jobs, 1)))
      const again = only((await a.exchange({ claims: [{ ...sent, again: true }] })).claims).jobs
      assert.deepEqual(again, [at(jobs, 2)])
    },
  ),
  fact('claim again › when all of what it took is settled › takes more [IDEM-2]', async ({ a }) => {
    const ids = idsOf(await insertAll(a, newJobs(3)))
    const sent = claim()
    await must(a, succeed(only(only((await a.exchange({ claims: [sent] })).claims).jobs)))
    assert.deepEqual(idsOf(only((await a.exchange({ claims: [{ ...sent, again: true }] })).claims).jobs), [at(ids, 1)])
  }),
  fact('claim again › does not return what another token holds [IDEM-2, CLAIM-2]', async ({ a }) => {
    await insertAll(a, newJobs(2))
    const mine = only(await take(a, { token: 'mine', workerId: 'w' }))
    const others = only(await take(a, { token: 'others', workerId: 'w' }))
    assert.deepEqual(idsOf(await take(a, { token: 'mine', workerId: 'w', again: true })), [mine.id])
    assert.deepEqual(idsOf(await take(a, { token: 'others', again: true })), [others.id])
  }),
  fact(
    'one call › is carried out once: one event, one version, one claim’s worth of jobs [IDEM-3]',
    async ({ a, b }) => {
      const jobs = await insertAll(a, newJobs(6))
      const event = draft('reprioritised')
      // Guarded by states alone, and a claim that is not `again`: a second execution would show.
      await changeOne(a, { id: at(jobs, 5).id, guard: { states: ['queued'] }, set: { priority: 1 }, event })
      assert.equal((await read(b, at(jobs, 5).id)).version, 2)
      assert.equal((await take(a, { max: 2 })).length, 2)
      assert.equal((await b.stats()).find(({ state }) => state === 'running')?.count, 2)
      assert.deepEqual(await a.configure([{ kind: 'k', name: 'n', value: '1' }]), [{ ok: true, version: 1 }])
      assert.deepEqual(
        (await b.settings('k')).map(({ version }) => version),
        [1],
      )
    },
  ),
  fact(
    'a settle, repeated › is refused, and the events tell that the first took effect [IDEM-3, FENCE-3, GUARD-2]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'running')
      const done = await must(a, succeed(job))
      assert.deepEqual(await changeOne(b, succeed(job)), { ok: false, why: 'guard', job: done })
      const last = (await eventsOf(b, job.id)).at(-1)
      assert.deepEqual([last?.type, last?.fence], ['succeeded', job.lease?.fence])
    },
  ),
  fact('a remove and a setting, repeated › do no more harm [IDEM-3, REMOVE-1]', async ({ a }) => {
    const { job } = await jobIn(a, 'dead')
    const removal = [{ id: job.id, version: job.version }]
    assert.deepEqual([await a.remove(removal), await a.remove(removal)], [[true], [false]])
    const write = { kind: 'k', name: 'n', value: '1', ifVersion: 0 }
    assert.equal(only(await a.configure([write])).ok, true)
    assert.equal(only(await a.configure([write])).ok, false)
    const other = await insertOne(a)
    await must(a, reprioritise(other))
    assert.equal((await changeOne(a, reprioritise(other))).ok, false)
    assert.equal((await changeOne(a, cancel(other))).ok, true)
    assert.equal((await changeOne(a, cancel(other))).ok, false)
  }),
]
