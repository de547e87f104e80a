import assert from 'node:assert/strict'
import { systemClock } from '../../seam.js'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { cancel, expireTo, failTo, reprioritise, reschedule, succeed } from '../stage/commands.js'
import {
  at,
  changeAll,
  changeOne,
  eventsOf,
  idsOf,
  insertAll,
  insertOne,
  listAll,
  must,
  newJob,
  newJobs,
  only,
  read,
  take,
  tokenOf,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import { movableClock, START } from '../stage/movable-clock.js'

/** A year: no engine’s own clock is mistaken for the one that is given. */
const FAR = 365 * 86_400_000

export const time: readonly StoreCase[] = [
  fact('one call › reads the clock once: all its instants are one [TIME-1]', async ({ a, b, clock }) => {
    clock.tickWhenRead(7)
    const { inserts } = await a.exchange({ inserts: [...newJobs(20), ...newJobs(5, { run: { inMs: 0 } })] })
    const jobs = inserts.map(({ job }) => job)
    const created = at(jobs, 0).createdAt
    for (const job of jobs) assert.deepEqual([job.createdAt, job.updatedAt, job.runAt], [created, created, created])
    const taken = await take(a, { max: 25, leaseMs: 1000 })
    assert.equal(taken.length, 25)
    const now = at(taken, 0).updatedAt
    for (const job of taken) assert.deepEqual([job.updatedAt, job.startedAt, job.lease?.until], [now, now, now + 1000])
    assert.deepEqual(await b.get(idsOf(taken)), taken)
    const events = await Promise.all(idsOf(taken).map((id) => eventsOf(b, id)))
    assert.deepEqual(new Set(events.map(([, leased]) => leased?.at)), new Set([now]))
  }),
  fact('one call › of several changes › gives all of them the same instant [TIME-1]', async ({ a, b, clock }) => {
    const jobs = await insertAll(a, newJobs(10))
    clock.tickWhenRead(3)
    await changeAll(
      a,
      jobs.map((job) => reschedule(job, 100)),
    )
    const now = await b.get(idsOf(jobs))
    const updated = now.at(0)?.updatedAt as number
    assert.deepEqual(
      now.map((job) => [job?.updatedAt, job?.runAt]),
      jobs.map(() => [updated, updated + 100]),
    )
  }),
  fact(
    'with a clock given › every instant and judgement comes from it, a year ahead and a year back [TIME-2, TIME-7]',
    async ({ a, b, clock }) => {
      for (const now of [START + FAR, START - FAR * 20]) {
        clock.set(now)
        assert.equal(await a.now(), now)
        const queue = `at-${now}`
        const due = await insertOne(a, { queue })
        const later = await insertOne(a, { queue, run: { inMs: 1000 } })
        assert.deepEqual([due.createdAt, due.runAt, later.runAt], [now, now, now + 1000])
        const from = [{ queue, limit: 5 }]
        const taken = only(await take(b, { max: 5, from, leaseMs: 500 }))
        assert.deepEqual([taken.id, taken.lease?.until], [due.id, now + 500])
        assert.deepEqual(await listAll(b, { walk: 'lease', overOnly: true, queue, limit: 10 }), [])
        clock.move(1000)
        assert.deepEqual(idsOf(await listAll(b, { walk: 'lease', overOnly: true, queue, limit: 10 })), [due.id])
        assert.equal((await must(a, expireTo('dead', taken))).finishedAt, now + 1000)
        assert.deepEqual(idsOf(await take(b, { max: 5, from })), [later.id])
      }
    },
  ),
  fact('with a clock given › nothing acts by itself when years go by [TIME-2]', async ({ a, b, clock }) => {
    const { job: running } = await jobIn(a, 'running')
    const { job: over } = await jobIn(a, 'dead')
    const waiting = await insertOne(a, { run: { inMs: 1000 } })
    clock.move(10 * FAR)
    assert.deepEqual(await b.get([running.id, over.id, waiting.id]), [running, over, waiting])
  }),
  fact('instants › of a clock between two milliseconds › are rounded down [TIME-3]', async ({ a, b, clock }) => {
    clock.set(START + 0.9)
    assert.equal(await a.now(), START)
    const job = await insertOne(a, { run: { inMs: 10 } })
    assert.deepEqual([job.createdAt, job.updatedAt, job.runAt], [START, START, START + 10])
    clock.set(START + 9.999)
    assert.deepEqual(await take(a), [])
    clock.set(START + 10.001)
    const taken = only(await take(a, { leaseMs: 5 }))
    assert.deepEqual([taken.updatedAt, taken.startedAt, taken.lease?.until], [START + 10, START + 10, START + 15])
    clock.set(START + 15.5)
    await a.exchange({ beats: [{ id: job.id, token: tokenOf(taken), leaseMs: 5 }] })
    assert.equal((await read(b, job.id)).lease?.until, START + 20)
    clock.set(START + 20.25)
    assert.equal((await must(a, expireTo('dead', taken))).finishedAt, START + 20)
    assert.deepEqual(await a.configure([{ kind: 'k', name: 'n', value: '1' }]), [{ ok: true, version: 1 }])
    assert.deepEqual(
      (await b.settings('k')).map(({ updatedAt }) => updatedAt),
      [START + 20],
    )
  }),
  fact(
    'without a clock › instants are whole milliseconds near to the time of this host [TIME-3, TIME-7]',
    async (stage) => {
      const own = await stage.another({ clock: undefined })
      const before = systemClock.now()
      const now = await own.now()
      assert.ok(
        Number.isInteger(now) && Math.abs(now - before) < 3_600_000,
        `now() is ${now} where this host has ${before}`,
      )
      const job = await insertOne(own, { queue: 'own' })
      assert.ok(Number.isInteger(job.createdAt) && Math.abs(job.createdAt - before) < 3_600_000)
    },
  ),
  fact('due › from the very millisecond of runAt [TIME-4]', async ({ a, clock }) => {
    const job = await insertOne(a, { run: { at: START + 500 } })
    clock.set(START + 499)
    assert.deepEqual(await take(a, { from: [{ queue: 'default', limit: 1 }, { ids: [job.id] }] }), [])
    assert.deepEqual(await listAll(a, { walk: 'claim', queue: 'default', dueOnly: true, limit: 10 }), [])
    clock.set(START + 500)
    assert.deepEqual(idsOf(await listAll(a, { walk: 'claim', queue: 'default', dueOnly: true, limit: 10 })), [job.id])
    assert.deepEqual(idsOf(await take(a)), [job.id])
  }),
  fact('over › from the very millisecond of the lease’s end [TIME-4]', async ({ a, clock }) => {
    await insertOne(a)
    const job = only(await take(a, { leaseMs: 500 }))
    clock.set(START + 499)
    assert.deepEqual(await listAll(a, { walk: 'lease', overOnly: true, limit: 10 }), [])
    assert.equal((await changeOne(a, expireTo('queued', job))).ok, false)
    clock.set(START + 500)
    assert.deepEqual(idsOf(await listAll(a, { walk: 'lease', overOnly: true, limit: 10 })), [job.id])
    assert.equal((await changeOne(a, expireTo('queued', job))).ok, true)
  }),
  fact(
    'a clock that steps back › no event is earlier than the one before, and updatedAt does not fall [TIME-5]',
    async ({ a, b, clock }) => {
      const { job, token } = await jobIn(a, 'running')
      clock.move(-60_000)
      const beaten = only((await a.exchange({ beats: [{ id: job.id, token, leaseMs: 1000, returning: true }] })).beats)
      assert.deepEqual([beaten.job?.updatedAt, beaten.job?.lease?.until], [START, START - 59_000])
      const done = await must(a, succeed(job))
      assert.deepEqual([done.updatedAt, done.finishedAt], [START, START])
      const { id } = await insertOne(a)
      clock.move(-60_000)
      await must(a, reprioritise(await read(a, id)))
      clock.move(30_000)
      await must(a, cancel({ id }))
      assert.deepEqual(
        (await eventsOf(b, id)).map((event) => event.at),
        [START - 60_000, START - 60_000, START - 60_000],
      )
      assert.deepEqual(
        (await eventsOf(b, job.id)).map((event) => event.at),
        [START, START, START],
      )
    },
  ),
  fact(
    'a clock that steps back › a claim starts no earlier than the job was updated, its lease runs from now [TIME-5, TIME-6]',
    async ({ a, clock }) => {
      await insertOne(a, { run: { at: 0 } })
      clock.move(-5000)
      const job = only(await take(a, { leaseMs: 1000 }))
      assert.deepEqual([job.updatedAt, job.startedAt, job.lease?.until], [START, START, START - 4000])
    },
  ),
  fact(
    'two handles whose clocks are ten minutes apart › each judges by its own, and the times of a job never fall [TIME-2, TIME-5, FENCE-4]',
    async (stage) => {
      const behind = await stage.another({ clock: movableClock(START - 600_000) })
      const job = only(await take(behind, { from: [{ ids: [(await insertOne(behind)).id] }], leaseMs: 30_000 }))
      assert.deepEqual([job.updatedAt, job.lease?.until], [START - 600_000, START - 570_000])
      // Over for the one ahead, not for the one behind; the holder is the holder for both until a change says otherwise.
      assert.equal((await changeOne(behind, expireTo('queued', job))).ok, false)
      const beats = [{ id: job.id, token: tokenOf(job), leaseMs: 60_000, returning: true }]
      assert.equal(only((await stage.a.exchange({ beats })).beats).job?.lease?.until, START + 60_000)
      const late = only((await behind.exchange({ beats })).beats).job
      assert.deepEqual([late?.updatedAt, late?.lease?.until], [START, START - 540_000])
      await must(stage.b, expireTo('queued', job))
      assert.deepEqual(await changeOne(behind, succeed(job)), {
        ok: false,
        why: 'guard',
        job: await read(stage.a, job.id),
      })
      await must(behind, cancel(job))
      assert.deepEqual(
        (await eventsOf(stage.b, job.id)).map((event) => event.at),
        [START - 600_000, START - 600_000, START, START],
      )
    },
    NEEDS.sharing,
  ),
  fact(
    'a clock that steps back › a delay is counted from now, not from updatedAt [TIME-5, TIME-6]',
    async ({ a, b, clock }) => {
      const { job } = await jobIn(a, 'running')
      clock.move(-10_000)
      const again = await must(a, failTo('queued', job))
      assert.deepEqual([again.runAt, again.updatedAt], [clock.now() + 60_000, job.updatedAt])
      assert.deepEqual(await read(b, job.id), again)
    },
  ),
  fact('a lease prolonged › ends at now + leaseMs, by a change as by a beat [TIME-6]', async ({ a, b, clock }) => {
    const { job, token } = await jobIn(a, 'running')
    clock.move(10_000)
    const heartbeat = {
      id: job.id,
      guard: { token },
      set: { leaseMs: 30_000 },
      event: { type: 'heartbeat', actor: null, detail: null },
    }
    assert.equal((await must(a, heartbeat)).lease?.until, START + 40_000)
    clock.move(1000)
    await a.exchange({ beats: [{ id: job.id, token, leaseMs: 5000 }] })
    assert.equal((await read(b, job.id)).lease?.until, START + 16_000)
  }),
  fact('`at` › is written as given, before and after now [TIME-6]', async ({ a }) => {
    const jobs = await insertAll(a, [newJob({ run: { at: 1 } }), newJob({ run: { at: START * 2 } })])
    assert.deepEqual(
      jobs.map(({ runAt }) => runAt),
      [1, START * 2],
    )
    const moved = await must(a, { ...reschedule(at(jobs, 0)), set: { run: { at: 2 ** 45 - 1 } } })
    assert.equal(moved.runAt, 2 ** 45 - 1)
  }),
]
