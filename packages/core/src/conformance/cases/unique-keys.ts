import assert from 'node:assert/strict'
import { TERMINAL_STATES } from '../../transitions.js'
import { fact, type StoreCase } from '../case.js'
import { cancel, end, expireTo, failTo, release, retry, start, succeed } from '../stage/commands.js'
import {
  at,
  changeOne,
  eventsOf,
  insertOne,
  must,
  newJob,
  newJobs,
  only,
  read,
  seenOf,
  take,
  takeIds,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'

const KEYED = { key: 'order-7', queue: 'default' } as const

export const uniqueKeys: readonly StoreCase[] = [
  ...(['waiting', 'queued', 'leased', 'running'] as const).map((state) =>
    fact(
      `insert › of a key that a ${state} job holds › answers with that job and changes nothing [UNIQ-1, ATOM-2]`,
      async ({ a, b, clock }) => {
        const { job } = await jobIn(a, state, KEYED)
        clock.move(50)
        const before = await seenOf(b)
        const { inserts } = await b.exchange({ inserts: [newJob({ ...KEYED, type: 'other', payload: '2' })] })
        assert.deepEqual(inserts, [{ isNew: false, job }])
        assert.deepEqual(await seenOf(b), before)
      },
    ),
  ),
  ...TERMINAL_STATES.map((state) =>
    fact(`insert › of a key whose job is ${state} › is new [UNIQ-2]`, async ({ a, b }) => {
      const { job } = await jobIn(a, state, KEYED)
      assert.equal(job.key, KEYED.key)
      const { isNew, job: second } = only((await b.exchange({ inserts: [newJob(KEYED)] })).inserts)
      assert.equal(isNew, true)
      assert.equal((await b.get([{ queue: 'default', key: 'order-7' }])).at(0)?.id, second.id)
    }),
  ),
  fact(
    'insert › of two with one key in a batch › the first is new, the second answers with it [UNIQ-1]',
    async ({ a, b }) => {
      const [first, second, third] = [newJob(KEYED), newJob(KEYED), newJob({ key: 'order-8' })]
      const { inserts } = await a.exchange({ inserts: [first, second, third] })
      assert.deepEqual(
        inserts.map(({ isNew, job }) => [isNew, job.id]),
        [
          [true, first.id],
          [false, first.id],
          [true, third.id],
        ],
      )
      assert.deepEqual(await b.get([second.id]), [null])
    },
  ),
  fact(
    'insert › of an id that exists, with a key that another holds › answers with the job of the id [UNIQ-1, IDEM-1]',
    async ({ a }) => {
      const first = await insertOne(a)
      await insertOne(a, KEYED)
      const { inserts } = await a.exchange({ inserts: [newJob({ ...KEYED, id: first.id })] })
      assert.deepEqual(inserts, [{ isNew: false, job: first }])
    },
  ),
  fact(
    'a key › is of its queue: the same key elsewhere is another, and so is a key in other letters [UNIQ-1]',
    async ({ a, b }) => {
      const keys = [
        KEYED,
        { ...KEYED, queue: 'other' },
        { ...KEYED, key: 'Order-7' },
        { ...KEYED, key: 'order-7 ' },
        { ...KEYED, key: 'órder-7' },
        { ...KEYED, key: 'o\u0301rder-7' },
      ]
      const { inserts } = await a.exchange({ inserts: keys.map((keyed) => newJob(keyed)) })
      assert.deepEqual(
        inserts.map(({ isNew }) => isNew),
        keys.map(() => true),
      )
      const found = await b.get(keys.map(({ queue, key }) => ({ queue, key })))
      assert.deepEqual(
        found.map((job) => job?.id),
        inserts.map(({ job }) => job.id),
      )
    },
  ),
  fact(
    'a key › is held through claim, start, release, expire and failures until its job is over [UNIQ-2]',
    async ({ a, clock }) => {
      const { id } = await insertOne(a, KEYED)
      const holder = async (): Promise<string | null> => (await a.get([KEYED])).at(0)?.id ?? null
      const isHeld = async (): Promise<void> => {
        const { isNew, job } = only((await a.exchange({ inserts: [newJob(KEYED)] })).inserts)
        assert.deepEqual([isNew, job.id, await holder()], [false, id, id])
      }
      const leased = only(await takeIds(a, [id], { to: 'leased' }))
      await isHeld()
      await must(a, release(await must(a, start(leased))))
      await isHeld()
      const second = only(await takeIds(a, [id], { leaseMs: 10 }))
      clock.move(10)
      await must(a, expireTo('queued', second))
      await isHeld()
      await must(a, failTo('queued', only(await takeIds(a, [id]))))
      await isHeld()
      await must(a, cancel({ id }))
      assert.equal(await holder(), null)
    },
  ),
  fact('a key › is free in the step after its job was removed, with the job [UNIQ-2, REMOVE-2]', async ({ a, b }) => {
    const { job } = await jobIn(a, 'dead', KEYED)
    assert.deepEqual(await a.remove([{ id: job.id, version: job.version }]), [true])
    assert.equal(only((await b.exchange({ inserts: [newJob(KEYED)] })).inserts).isNew, true)
  }),
  fact(
    'keyUntil claimed › the key is free from the claim on and for good, and the record has none [UNIQ-2, CLAIM-4]',
    async ({ a, b }) => {
      const until = { ...KEYED, keyUntil: 'claimed' } as const
      const first = await insertOne(a, until)
      assert.equal(only((await a.exchange({ inserts: [newJob(until)] })).inserts).isNew, false)
      const taken = only(await take(a))
      assert.equal(taken.key, null)
      const { isNew, job: second } = only((await b.exchange({ inserts: [newJob(until)] })).inserts)
      assert.equal(isNew, true)
      const back = await must(a, release(taken)) // a settle never meets a conflict
      assert.equal(back.key, null)
      assert.equal(only(await b.get([KEYED]))?.id, second.id)
      assert.equal((await read(b, first.id)).key, null)
    },
  ),
  fact(
    'settle in one batch with an insert of the key › the insert comes first and meets the holder [UNIQ-1, BATCH-1]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'running', KEYED)
      const { inserts, changes } = await a.exchange({ inserts: [newJob(KEYED)], changes: [succeed(job)] })
      assert.deepEqual(inserts, [{ isNew: false, job }])
      assert.deepEqual(changes, [{ ok: true, job: null }])
      assert.deepEqual(await b.get([KEYED]), [null])
    },
  ),
  ...(['failed', 'dead', 'cancelled'] as const).map((state) =>
    fact(
      `retry › of a ${state} job whose key another holds › is refused, with the holder, and changes nothing [UNIQ-3, ATOM-2]`,
      async ({ a, b, clock }) => {
        const { job } = await jobIn(a, state, KEYED)
        const { id: holder } = await insertOne(a, KEYED)
        clock.move(10)
        const before = await seenOf(b)
        assert.deepEqual(await changeOne(b, retry(job)), { ok: false, why: 'key', job, holder })
        assert.deepEqual(await seenOf(b), before)
      },
    ),
  ),
  fact(
    'retry › two dead jobs of one key in a batch › one lives, the other is shown it [UNIQ-3, BATCH-2]',
    async ({ a, b }) => {
      const { job: first } = await jobIn(a, 'dead', KEYED)
      const { job: second } = await jobIn(a, 'dead', KEYED)
      const neighbour = await insertOne(a)
      const { changes } = await a.exchange({ changes: [retry(first), retry(second), cancel(neighbour)] })
      assert.deepEqual(changes, [
        { ok: true, job: null },
        { ok: false, why: 'key', job: second, holder: first.id },
        { ok: true, job: null },
      ])
      assert.equal((await read(b, second.id)).state, 'dead')
    },
  ),
  fact('retry › once the key is free again › holds it [UNIQ-3, UNIQ-2]', async ({ a, b }) => {
    const { job } = await jobIn(a, 'failed', KEYED)
    const holder = await insertOne(a, KEYED)
    await must(a, cancel(holder))
    assert.equal((await must(a, retry(job))).key, KEYED.key)
    assert.deepEqual(
      (await b.exchange({ inserts: [newJob(KEYED)] })).inserts.map((one) => one.job.id),
      [job.id],
    )
  }),
  fact(
    'retry › under a version that is not the job’s, of a key that another holds › is refused by its guard [UNIQ-3, GUARD-2]',
    async ({ a }) => {
      const { job } = await jobIn(a, 'dead', KEYED)
      await insertOne(a, KEYED)
      assert.deepEqual(await changeOne(a, retry({ ...job, version: 1 })), { ok: false, why: 'guard', job })
    },
  ),
  fact('remove › of a job whose key another has by now › leaves the key with it [UNIQ-1, UNIQ-5]', async ({ a, b }) => {
    const { job: dead } = await jobIn(a, 'dead', KEYED)
    const live = await insertOne(a, KEYED)
    assert.deepEqual(await a.remove([{ id: dead.id, version: dead.version }]), [true])
    assert.deepEqual((await b.exchange({ inserts: [newJob(KEYED)] })).inserts, [{ isNew: false, job: live }])
    assert.deepEqual(await b.get([KEYED]), [live])
  }),
  fact(
    'keyUntil claimed › the end of the claimed one › leaves the key with the next [UNIQ-1, UNIQ-2]',
    async ({ a, b }) => {
      const { job: claimed } = await jobIn(a, 'running', { ...KEYED, keyUntil: 'claimed' })
      const next = await insertOne(a, KEYED)
      await must(a, succeed(claimed))
      assert.deepEqual((await b.exchange({ inserts: [newJob(KEYED)] })).inserts, [{ isNew: false, job: next }])
    },
  ),
  fact('a key › is held as long as its job lives, however long that is [UNIQ-2, TIME-2]', async ({ a, b, clock }) => {
    const { job } = await jobIn(a, 'queued', KEYED)
    clock.move(400 * 86_400_000)
    assert.deepEqual((await b.exchange({ inserts: [newJob(KEYED)] })).inserts, [{ isNew: false, job }])
  }),
  fact(
    'twenty inserts of one key at once › one is new, and all answer with one job [UNIQ-4, UNIQ-1]',
    async ({ a, b }) => {
      for (let round = 0; round < 5; round++) {
        const keyed = { ...KEYED, key: `round-${round}` }
        const answers = await Promise.all(
          newJobs(20, keyed).map((job, n) => (n % 2 ? a : b).exchange({ inserts: [job] })),
        )
        const inserts = answers.map(({ inserts }) => only(inserts))
        const { job } = at(
          inserts.filter(({ isNew }) => isNew),
          0,
        )
        assert.equal(inserts.filter(({ isNew }) => isNew).length, 1)
        assert.deepEqual(new Set(inserts.map((one) => one.job.id)), new Set([job.id]))
        assert.equal((await eventsOf(a, job.id)).length, 1)
      }
    },
  ),
  fact('get by key › is the live holder, whole, or null [UNIQ-5]', async ({ a, b }) => {
    const key = { queue: 'default', key: 'order-7' }
    assert.deepEqual(await b.get([key]), [null])
    const { job: dead } = await jobIn(a, 'dead', KEYED)
    assert.deepEqual(await b.get([key, dead.id]), [null, dead])
    const { job: running } = await jobIn(a, 'running', { ...KEYED, payload: '[1]' })
    assert.deepEqual(await b.get([key, { ...key, queue: 'other' }, running.id]), [running, null, running])
    await must(a, end('succeeded', running))
    assert.deepEqual(await b.get([key]), [null])
  }),
]
