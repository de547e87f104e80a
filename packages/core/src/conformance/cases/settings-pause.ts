import assert from 'node:assert/strict'
import { fact, type StoreCase } from '../case.js'
import { expireTo, release, succeed } from '../stage/commands.js'
import {
  at,
  claimOnce,
  idsOf,
  insertAll,
  insertOne,
  listAll,
  must,
  newJob,
  newJobs,
  only,
  take,
  tokenOf,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import { START } from '../stage/movable-clock.js'

const PAUSED = { kind: 'paused', name: 'default', value: '{"actor":"ada"}' } as const
const RESUMED = { ...PAUSED, value: null } as const

const pause: readonly StoreCase[] = [
  fact(
    'a paused queue › gives no job to any claim, by ids neither, until it is resumed [PAUSE-1, CLAIM-1]',
    async ({ a, b }) => {
      const [job] = await insertAll(a, newJobs(1))
      const id = job?.id as string
      assert.deepEqual(await a.configure([PAUSED]), [{ ok: true, version: 1 }])
      for (const store of [a, b]) {
        for (const from of [
          [{ queue: 'default', limit: 5 }],
          [{ queue: 'default', types: ['mail'], limit: 5 }],
          [{ ids: [id] }],
        ]) {
          assert.deepEqual(await take(store, { max: 5, from }), [])
        }
      }
      await a.configure([RESUMED])
      assert.deepEqual(idsOf(await take(b, { max: 5 })), [id])
    },
  ),
  fact(
    'a paused queue › is paused by the setting, whatever its value, and for good [PAUSE-1, TIME-2]',
    async ({ a, b, clock }) => {
      await insertOne(a)
      for (const value of ['false', 'null', '0', '""', '{}']) {
        await a.configure([{ ...PAUSED, value }])
        assert.deepEqual(await take(b), [], value)
        clock.move(400 * 86_400_000)
        assert.deepEqual(await take(b), [], `${value}, a year later`)
      }
    },
  ),
  fact('a paused queue › leaves other queues of the same claim alone [PAUSE-1]', async ({ a, b }) => {
    const [one, two] = await insertAll(a, [newJob({ queue: 'other' }), newJob({ queue: 'default2' }), newJob()])
    await a.configure([PAUSED])
    const ids = [...idsOf(await listAll(b, { walk: 'id', direction: 'asc', limit: 9 }))]
    const from = [{ queue: 'default', limit: 5 }, { queue: 'other', limit: 5 }, { ids }]
    assert.deepEqual(idsOf(await take(b, { max: 9, from })), [one?.id, two?.id])
  }),
  fact(
    'a paused queue › takes inserts, settles, beats, releases and the sweep as ever [PAUSE-1]',
    async ({ a, b, clock }) => {
      await insertAll(a, newJobs(4))
      const jobs = await take(a, { max: 4, leaseMs: 1000 })
      await a.configure([PAUSED])
      assert.equal((await must(a, succeed(at(jobs, 0)))).state, 'succeeded')
      assert.equal((await must(a, release(at(jobs, 1)))).state, 'queued')
      const beat = { id: at(jobs, 2).id, token: tokenOf(at(jobs, 2)), leaseMs: 60_000 }
      assert.deepEqual((await a.exchange({ beats: [beat] })).beats, [{ ok: true, job: null }])
      clock.move(1000)
      assert.deepEqual(idsOf(await listAll(b, { walk: 'lease', overOnly: true, limit: 9 })), [at(jobs, 3).id])
      assert.equal((await must(a, expireTo('queued', at(jobs, 3)))).state, 'queued')
      await insertOne(a)
      assert.deepEqual(await take(a, { max: 9 }), [])
    },
  ),
  fact('a claim again, of a queue paused meanwhile › returns what its token holds [PAUSE-1, IDEM-2]', async ({ a }) => {
    await insertAll(a, newJobs(2))
    const [job] = await take(a, { token: 'mine' })
    await a.configure([PAUSED])
    assert.deepEqual(await take(a, { token: 'mine', again: true }), [job])
    assert.deepEqual(await take(a, { token: 'other', again: true }), [])
  }),
  fact('a claim of a paused queue › names no moment too late for other queues [PAUSE-1, CLAIM-6]', async ({ a }) => {
    await insertAll(a, [newJob(), newJob({ queue: 'other', run: { inMs: 700 } })])
    await a.configure([PAUSED])
    const { nextDueInMs } = await claimOnce(a, {
      max: 5,
      from: [
        { queue: 'default', limit: 5 },
        { queue: 'other', limit: 5 },
      ],
    })
    assert.ok(nextDueInMs !== null && nextDueInMs <= 700)
  }),
  fact(
    'a setting of another kind, or of another queue, with the same name › pauses nothing [PAUSE-1, SET-1]',
    async ({ a }) => {
      await insertAll(a, newJobs(1))
      await a.configure([
        { ...PAUSED, kind: 'queue' },
        { ...PAUSED, name: 'defaul' },
        { ...PAUSED, name: 'Default' },
      ])
      assert.equal((await take(a)).length, 1)
    },
  ),
]

const W = { kind: 'schedule', name: 'nightly', value: '{"cron":"0 3 * * *"}' } as const

const settings: readonly StoreCase[] = [
  fact('configure › writes a setting whole, and counts its versions up [SET-1, READ-1]', async ({ a, b, clock }) => {
    assert.deepEqual(await a.configure([W]), [{ ok: true, version: 1 }])
    assert.deepEqual(await b.settings('schedule'), [{ ...W, version: 1, updatedAt: START }])
    clock.move(5)
    assert.deepEqual(await b.configure([{ ...W, value: '{}' }]), [{ ok: true, version: 2 }])
    assert.deepEqual(await a.settings('schedule'), [{ ...W, value: '{}', version: 2, updatedAt: START + 5 }])
    assert.deepEqual(await a.settings('schedules'), [])
  }),
  fact(
    'configure › with ifVersion › writes only when it holds, else answers with the current one [SET-1]',
    async ({ a, b }) => {
      assert.deepEqual(await a.configure([{ ...W, ifVersion: 1 }]), [{ ok: false, current: null }])
      assert.deepEqual(await a.configure([{ ...W, ifVersion: 0 }]), [{ ok: true, version: 1 }])
      const current = { ...W, version: 1, updatedAt: START }
      assert.deepEqual(await b.configure([{ ...W, value: '2', ifVersion: 0 }]), [{ ok: false, current }])
      assert.deepEqual(await b.configure([{ ...W, value: '2', ifVersion: 2 }]), [{ ok: false, current }])
      assert.deepEqual(await b.configure([{ ...W, value: null, ifVersion: 2 }]), [{ ok: false, current }])
      assert.deepEqual(await b.settings('schedule'), [current])
      assert.deepEqual(await b.configure([{ ...W, value: '2', ifVersion: 1 }]), [{ ok: true, version: 2 }])
    },
  ),
  fact(
    'configure › of the value that is there › is a version more, at its own time [SET-1, TIME-2]',
    async ({ a, b, clock }) => {
      const write = { kind: 'k', name: 'n', value: '1' }
      for (const version of [1, 2, 3]) {
        clock.move(1000)
        assert.deepEqual(await a.configure([write]), [{ ok: true, version }])
        assert.deepEqual(await b.settings('k'), [{ ...write, version, updatedAt: clock.now() }])
      }
    },
  ),
  fact('configure › with null › removes, and what comes after begins anew [SET-1]', async ({ a, b }) => {
    await a.configure([W])
    assert.equal(only(await a.configure([{ ...W, value: null, ifVersion: 1 }])).ok, true)
    assert.deepEqual(await b.settings('schedule'), [])
    assert.equal(only(await a.configure([{ ...W, value: null }])).ok, true)
    assert.deepEqual(await b.configure([{ ...W, ifVersion: 0 }]), [{ ok: true, version: 1 }])
  }),
  fact('configure › of several › judges each alone, in their order [SET-1]', async ({ a, b }) => {
    await a.configure([W])
    const results = await a.configure([
      { ...W, ifVersion: 9, value: '1' },
      { ...W, name: 'hourly' },
      { ...W, value: '2' },
      { ...W, kind: 'limit' },
    ])
    assert.deepEqual(
      results.map(({ ok }) => ok),
      [false, true, true, true],
    )
    assert.deepEqual(
      (await b.settings('schedule')).map(({ name, version }) => [name, version]),
      [
        ['hourly', 1],
        ['nightly', 2],
      ],
    )
    assert.deepEqual(
      (await b.settings('limit')).map(({ name }) => name),
      ['nightly'],
    )
  }),
  fact('configure › twenty at once under one ifVersion › one is written [SET-1]', async ({ a, b }) => {
    await a.configure([W])
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 ? a : b).configure([{ ...W, value: `${n}`, ifVersion: 1 }])),
    )
    assert.equal(answers.filter((results) => only(results).ok).length, 1)
    assert.equal(only(await b.settings('schedule')).version, 2)
  }),
  fact('10,000 settings of one kind, one of 64 KiB among them › are given by name [SET-2]', async ({ a, b }) => {
    const names = Array.from({ length: 10_000 }, (_, n) => `worker-${String((n * 7919) % 10_000).padStart(5, '0')}`)
    for (let from = 0; from < names.length; from += 500) {
      await a.configure(names.slice(from, from + 500).map((name) => ({ kind: 'worker', name, value: '{"seen":1}' })))
    }
    const big = JSON.stringify('x'.repeat(65_534))
    await a.configure([{ kind: 'worker', name: 'worker-00007', value: big }])
    const there = await b.settings('worker')
    assert.deepEqual(
      there.map(({ name }) => name),
      [...names].sort(),
    )
    assert.deepEqual([at(there, 7).value, at(there, 7).version, at(there, 8).value], [big, 2, '{"seen":1}'])
  }),
  fact('settings › write no event and count no job [SET-1, COUNT-1]', async ({ a, b }) => {
    await jobIn(a, 'running')
    const { cursor } = await b.feed({ after: 'end', limit: 1 })
    await a.configure([W, PAUSED])
    assert.deepEqual((await b.feed({ after: cursor, limit: 5 })).events, [])
    assert.deepEqual(
      (await b.stats()).filter(({ count }) => count),
      [{ queue: 'default', state: 'running', count: 1 }],
    )
  }),
]

export const settingsPause: readonly StoreCase[] = [...pause, ...settings]
