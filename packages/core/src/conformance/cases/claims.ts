import assert from 'node:assert/strict'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { cancel, failTo, release, succeed } from '../stage/commands.js'
import {
  at,
  changeAll,
  claim,
  claimOnce,
  eventsOf,
  idsOf,
  insertAll,
  insertOne,
  must,
  newJob,
  newJobs,
  only,
  read,
  take,
  takeIds,
} from '../stage/fixtures.js'
import { START } from '../stage/movable-clock.js'
import type { Stage } from '../stage/stage.js'
import { claimsPerState } from './per-state.js'

const selection: readonly StoreCase[] = [
  fact('claim › takes what is due in the queue asked for, and nothing else [CLAIM-1]', async ({ a, b }) => {
    const [due] = await insertAll(a, [
      newJob(),
      newJob({ run: { inMs: 1 } }),
      newJob({ queue: 'default2' }),
      newJob({ queue: 'Default' }),
      newJob({ state: 'waiting' }),
    ])
    assert.deepEqual(idsOf(await take(b, { max: 10 })), [due?.id])
    assert.deepEqual(await take(b, { max: 10 }), [])
  }),
  fact('claim › with types › takes jobs of these types only; without, of any [CLAIM-1]', async ({ a }) => {
    const [mail, sms, fax, mails] = await insertAll(a, [
      newJob(),
      newJob({ type: 'sms' }),
      newJob({ type: 'fax' }),
      newJob({ type: 'mails' }),
    ])
    const some = await take(a, { max: 10, from: [{ queue: 'default', types: ['mail', 'fax', 'none'], limit: 10 }] })
    assert.deepEqual(idsOf(some), [mail?.id, fax?.id])
    assert.deepEqual(await take(a, { max: 10, from: [{ queue: 'default', types: [], limit: 10 }] }), [])
    assert.deepEqual(idsOf(await take(a, { max: 10 })), [sms?.id, mails?.id])
  }),
  fact('claim › by ids › takes what is due among them, in any queue, and nothing else [CLAIM-1]', async ({ a }) => {
    const jobs = await insertAll(a, [
      newJob(),
      newJob({ queue: 'other', type: 'sms' }),
      newJob({ run: { inMs: 1 } }),
      newJob({ state: 'waiting' }),
      newJob(),
    ])
    const ids = [...idsOf(jobs.slice(0, 4)), 'nobody']
    assert.deepEqual(idsOf(await take(a, { max: 10, from: [{ ids }] })), ids.slice(0, 2))
    assert.equal((await read(a, at(jobs, 4).id)).state, 'queued')
  }),
  fact('claim › of what was taken before › takes nothing, by any handle [CLAIM-2]', async ({ a, b }) => {
    const jobs = await insertAll(a, newJobs(5))
    const first = await take(a, { max: 3 })
    const second = await take(b, { max: 5 })
    assert.deepEqual([...idsOf(first), ...idsOf(second)], idsOf(jobs))
    assert.deepEqual(await take(a, { max: 5, from: [{ ids: idsOf(jobs) }] }), [])
  }),
  fact('claim › that names a job twice, in one entry and in two › takes it once [CLAIM-2]', async ({ a }) => {
    const job = await insertOne(a)
    const from = [{ ids: [job.id, job.id] }, { queue: 'default', limit: 5 }, { ids: [job.id] }]
    assert.equal(only(await take(a, { max: 5, from })).version, 2)
    assert.equal((await eventsOf(a, job.id)).length, 2)
  }),
  fact('claim › never takes more than `limit` of an entry and `max` in all [CLAIM-3]', async ({ a }) => {
    await insertAll(a, [
      ...newJobs(20),
      ...newJobs(20, { queue: 'other' }),
      ...newJobs(20, { queue: 'third', type: 'sms' }),
    ])
    const from = [
      { queue: 'default', limit: 4 },
      { queue: 'other', types: ['mail', 'sms'], limit: 4 },
      { queue: 'third', limit: 4 },
    ]
    const queues = async (max: number) => (await take(a, { max, from })).map(({ queue }) => queue)
    assert.deepEqual(await queues(1), ['default'])
    assert.deepEqual(await queues(6), [...Array(4).fill('default'), 'other', 'other'])
    assert.deepEqual(await queues(500), [
      ...Array(4).fill('default'),
      ...Array(4).fill('other'),
      ...Array(4).fill('third'),
    ])
  }),
  fact('claim › by ids › never takes more than `max` [CLAIM-3]', async ({ a, b }) => {
    const ids = idsOf(await insertAll(a, newJobs(8)))
    assert.deepEqual(idsOf(await take(a, { max: 3, from: [{ ids }] })), ids.slice(0, 3))
    assert.equal((await read(b, at(ids, 3))).state, 'queued')
  }),
  fact('claim › of 500 out of 700 › takes 500 [CLAIM-3, CLAIM-4]', async ({ a }) => {
    await insertAll(a, newJobs(700))
    assert.equal((await take(a, { max: 500 })).length, 500)
    assert.equal((await take(a, { max: 500 })).length, 200)
  }),
]

const written: readonly StoreCase[] = [
  ...(['leased', 'running'] as const).map((to) =>
    fact(
      `claim › to ${to} › writes lease, fence and attempt, and answers with the whole job [CLAIM-4, FENCE-2, ATOM-4, TIME-6]`,
      async ({ a, b, clock }) => {
        const job = await insertOne(a, { payload: '{"big":"body"}', tags: ['x'], ext: '{"t":1}', key: 'k', group: 'g' })
        clock.move(5000)
        const event = { type: 'leased', actor: 'host-7', detail: '{"d":1}' }
        const taken = only(await take(a, { token: 'secret', workerId: 'host-7', leaseMs: 1234, to, event }))
        const lease = { token: 'secret', fence: 2, workerId: 'host-7', until: START + 6234 }
        const now = START + 5000
        const expected = {
          ...job,
          state: to,
          version: 2,
          attempt: 1,
          updatedAt: now,
          startedAt: to === 'running' ? now : null,
          lease,
        }
        assert.deepEqual(taken, expected)
        assert.deepEqual(await read(b, job.id), expected)
        const { jobId, queue, seq } = { jobId: job.id, queue: 'default', seq: 2 }
        const about = { from: 'queued', to, attempt: 1, fence: 2, workerId: 'host-7', at: now }
        assert.deepEqual(at(await eventsOf(b, job.id), 1), { jobId, queue, seq, ...about, ...event })
      },
    ),
  ),
  fact('claim › of a job that ran before › brings what earlier attempts left [CLAIM-4]', async ({ a }) => {
    const { id } = await insertOne(a)
    const first = only(await takeIds(a, [id]))
    const again = await must(a, {
      ...failTo('queued', first),
      set: { ...failTo('queued', first).set, run: { inMs: 0 }, checkpoint: '[7]', log: '"l"', progress: '1' },
    })
    const second = only(await takeIds(a, [id]))
    const { state, version, attempt, startedAt, lease } = second
    assert.deepEqual(second, { ...again, state, version, attempt, startedAt, lease })
    assert.deepEqual([version, attempt, lease?.fence, second.checkpoint, second.log], [4, 2, 4, '[7]', '"l"'])
  }),
  fact('claim › into leased, of a job that ran before › has not begun this time [CLAIM-4]', async ({ a, b }) => {
    const { id } = await insertOne(a)
    await must(a, release(only(await takeIds(a, [id], { to: 'running' }))))
    const leased = only(await takeIds(a, [id], { to: 'leased' }))
    assert.equal(leased.startedAt, null)
    assert.deepEqual(await read(b, id), leased)
  }),
  fact('claim › entries › are served in the order given [CLAIM-5]', async ({ a }) => {
    const [low, high, third] = await insertAll(a, [
      newJob({ priority: 1 }),
      newJob({ queue: 'other', priority: 99 }),
      newJob({ queue: 'third' }),
    ])
    const from = [{ queue: 'default', limit: 9 }, { ids: [third?.id as string] }, { queue: 'other', limit: 9 }]
    assert.deepEqual(idsOf(await take(a, { max: 9, from })), [low?.id, third?.id, high?.id])
  }),
  fact('claim › an entry of ids › is answered in the order asked [CLAIM-5]', async ({ a }) => {
    const ids = idsOf(
      await insertAll(a, [newJob({ priority: 9 }), newJob({ priority: 5 }), newJob({ priority: 99 }), newJob()]),
    )
    const asked = [at(ids, 1), at(ids, 3), at(ids, 0), at(ids, 2)]
    assert.deepEqual(idsOf(await take(a, { max: 9, from: [{ ids: asked }] })), asked)
  }),
  fact(
    'claims of a batch › are served in their order, each under its own token and worker [CLAIM-5, CLAIM-2]',
    async ({ a, b }) => {
      const ids = idsOf(await insertAll(a, newJobs(7)))
      const sent = [
        claim({ max: 2, workerId: 'w-1' }),
        claim({ max: 3, workerId: 'w-2', to: 'leased', leaseMs: 1000 }),
        claim({ max: 5, workerId: 'w-3' }),
      ]
      const { claims } = await a.exchange({ claims: sent })
      assert.deepEqual(
        claims.map(({ jobs }) => idsOf(jobs)),
        [ids.slice(0, 2), ids.slice(2, 5), ids.slice(5)],
      )
      for (const [n, { jobs }] of claims.entries()) {
        for (const job of jobs) {
          const { token, workerId, to, leaseMs } = at(sent, n)
          assert.deepEqual(job.lease, { token, workerId, fence: 2, until: START + leaseMs })
          assert.equal(job.state, to)
          assert.deepEqual(await read(b, job.id), job)
        }
      }
    },
  ),
  fact(
    'claims of a batch over several queues › do not take one another’s jobs [CLAIM-5, CLAIM-2, CLAIM-3]',
    async ({ a }) => {
      await insertAll(a, [...newJobs(4), ...newJobs(4, { queue: 'other' })])
      const from = [
        { queue: 'default', limit: 3 },
        { queue: 'other', limit: 3 },
      ]
      const { claims } = await a.exchange({
        claims: [claim({ max: 4, from }), claim({ max: 4, from: [...from].reverse() })],
      })
      assert.deepEqual(
        claims.map(({ jobs }) => jobs.map(({ queue }) => queue)),
        [
          ['default', 'default', 'default', 'other'],
          ['other', 'other', 'other', 'default'],
        ],
      )
      assert.equal(new Set(claims.flatMap(({ jobs }) => idsOf(jobs))).size, 8)
    },
  ),
]

/** 0 is always allowed where more may be due; a time is never later than the truth. */
const dueIn = async ({ a }: Stage, over: Parameters<typeof claim>[0]): Promise<number | null> =>
  (await claimOnce(a, over)).nextDueInMs

const timers: readonly StoreCase[] = [
  fact('nextDueInMs › is 0 when the claim reached its bound [CLAIM-6]', async (stage) => {
    await insertAll(stage.a, newJobs(3))
    assert.equal(await dueIn(stage, { max: 2 }), 0)
  }),
  fact('nextDueInMs › is 0 when an entry reached its limit and more are due [CLAIM-6]', async (stage) => {
    await insertAll(stage.a, newJobs(3))
    assert.equal(await dueIn(stage, { max: 10, from: [{ queue: 'default', limit: 2 }] }), 0)
  }),
  fact('nextDueInMs › is the time to the next job of the entries [CLAIM-6]', async (stage) => {
    const { a, clock } = stage
    await insertAll(a, [
      newJob({ run: { inMs: 9000 }, priority: 99 }),
      newJob({ run: { inMs: 7000 }, priority: 0 }),
      newJob({ run: { inMs: 10 }, queue: 'other' }),
      newJob({ run: { inMs: 20 }, type: 'sms' }),
      newJob({ state: 'waiting' }),
    ])
    const from = [{ queue: 'default', types: ['mail'], limit: 5 }]
    assert.equal(await dueIn(stage, { max: 5, from }), 7000)
    clock.move(6999)
    assert.equal(await dueIn(stage, { max: 5, from }), 1)
    clock.move(1)
    assert.equal(await dueIn(stage, { max: 5, from }), 2000) // the one that was due is taken
  }),
  fact('nextDueInMs › over several entries › is the earliest of them [CLAIM-6]', async (stage) => {
    const later = await insertOne(stage.a, { run: { inMs: 3000 }, queue: 'third' })
    await insertAll(stage.a, [newJob({ run: { inMs: 9000 } }), newJob({ run: { inMs: 5000 }, queue: 'other' })])
    const from = [
      { queue: 'default', limit: 5 },
      { queue: 'other', limit: 5 },
    ]
    assert.equal(await dueIn(stage, { max: 5, from }), 5000)
    assert.equal(await dueIn(stage, { max: 5, from: [...from, { ids: [later.id] }] }), 3000)
  }),
  fact('nextDueInMs › of ids › is the time to the earliest of them [CLAIM-6]', async ({ a, b }) => {
    const [late, soon] = await insertAll(a, [newJob({ run: { inMs: 9000 } }), newJob({ run: { inMs: 4000 } })])
    await insertOne(a, { run: { inMs: 1000 } })
    const ids = idsOf([late, soon].flatMap((job) => job ?? []))
    assert.equal((await claimOnce(b, { max: 2, from: [{ ids }] })).nextDueInMs, 4000)
  }),
  fact('nextDueInMs › when nothing is queued › is null [CLAIM-6]', async (stage) => {
    await insertAll(stage.a, [newJob({ state: 'waiting' }), newJob({ queue: 'other', run: { inMs: 10 } })])
    assert.equal(await dueIn(stage, { max: 5 }), null)
  }),
  fact('nextDueInMs › a job put back for later › is known to the next claim [CLAIM-6]', async (stage) => {
    await insertOne(stage.a)
    const job = only(await take(stage.a))
    await must(stage.b, failTo('queued', job))
    assert.equal(await dueIn(stage, { max: 5 }), 60_000)
  }),
]

/** Jobs that a claim of one due job has to pass over. */
async function inTheWay({ a }: Stage, count: number): Promise<void> {
  await insertAll(a, newJobs(count, { run: { inMs: 3_600_000 }, priority: 90 }))
  await insertAll(a, newJobs(count, { type: 'sms', priority: 90 }))
  await insertAll(a, newJobs(count, { queue: 'other', priority: 90 }))
  const over = await insertAll(a, newJobs(count, { queue: 'finished' }))
  await changeAll(a, over.map(cancel))
}

async function workOfAClaim(stage: Stage): Promise<number> {
  const [job] = await insertAll(stage.a, newJobs(1))
  const work = stage.hook('work')
  const before = work()
  const taken = await take(stage.a, { max: 1, from: [{ queue: 'default', types: ['mail', 'fax'], limit: 1 }] })
  const done = work() - before
  assert.deepEqual(idsOf(taken), [job?.id])
  await must(stage.a, succeed(only(taken)))
  return done
}

const cost: readonly StoreCase[] = [
  fact(
    'claim › with a crowd that is not due, of another type, of another queue and finished in its way › works no more than with 200 [CLAIM-7]',
    async (stage) => {
      await inTheWay(stage, 200)
      const few = await workOfAClaim(stage)
      await inTheWay(stage, stage.crowd - 200)
      const many = await workOfAClaim(stage)
      assert.ok(few > 0, 'the counted work of a claim is more than nothing')
      assert.ok(many <= 3 * few, `a claim worked ${few} with 200 in its way and ${many} with ${stage.crowd}`)
    },
    NEEDS.work,
  ),
  fact(
    'claim › with 2,000 of each kind in its way › takes the one that is due, and knows when the next is [CLAIM-1, CLAIM-6]',
    async (stage) => {
      await inTheWay(stage, 2000)
      const due = await insertOne(stage.a, { priority: 0 })
      const { jobs, nextDueInMs } = await claimOnce(stage.b, {
        max: 2,
        from: [{ queue: 'default', types: ['mail'], limit: 2 }],
      })
      assert.deepEqual(idsOf(jobs), [due.id])
      assert.equal(nextDueInMs, 3_600_000)
    },
  ),
  fact(
    'claim › after a release was acknowledged to another handle › takes what it put back [CLAIM-1, READ-1]',
    async ({ a, b }) => {
      await insertOne(a)
      const job = only(await take(a))
      await must(a, release(job))
      assert.deepEqual(idsOf(await take(b)), [job.id])
    },
  ),
]

export const claims: readonly StoreCase[] = [...selection, ...written, ...timers, ...claimsPerState, ...cost]
