import assert from 'node:assert/strict'
import { fact, type StoreCase } from '../case.js'
import { expireTo, failTo, release, reprioritise, reschedule, snooze } from '../stage/commands.js'
import { at, idsOf, insertAll, listAll, must, newJob, newJobs, only, take, takeIds } from '../stage/fixtures.js'
import { START } from '../stage/movable-clock.js'

/** In the order of their bytes; a collation of a language orders them otherwise. */
const BYTES = ['-', '.', '0', '10', '9', ':', 'A', 'B', 'Z', '_', 'a', 'ab', 'b', 'z'] as const

/** A fixed shuffle, so that a failure is the same each time. */
const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item, n) => ({ item, n: (n * 7919 + 13) % 97 }))
    .sort((a, b) => a.n - b.n)
    .map(({ item }) => item)

export const order: readonly StoreCase[] = [
  fact('claim › goes by priority, then runAt, then id [ORDER-1, ORDER-2]', async ({ a, b, clock }) => {
    // Made the other way round, so that the order of the ids is not that of the line.
    const made = [0, 50, 51, 100].flatMap((priority) =>
      [3000, 10, 0].map((inMs) => newJobs(3, { priority, run: { inMs } })),
    )
    const jobs = made.reverse().flat()
    await insertAll(a, shuffled(jobs))
    clock.move(3000)
    const taken = [...(await take(a, { max: 5 })), ...(await take(b, { max: 20 })), ...(await take(a, { max: 100 }))]
    assert.deepEqual(idsOf(taken), idsOf(jobs))
  }),
  fact('claim › of equal priority and runAt › goes by the bytes of the ids [ORDER-1, ORDER-2]', async ({ a }) => {
    const ids = BYTES.flatMap((one) => [`k${one}`, `k${one}~`.replace('~', '-')])
    await insertAll(
      a,
      shuffled(ids).map((id) => newJob({ id })),
    )
    assert.deepEqual(idsOf(await take(a, { max: 100 })), [...ids].sort())
    assert.deepEqual(
      [...ids].sort(),
      [...ids].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y))),
    )
  }),
  fact(
    'claim › of jobs of one millisecond, by a clock that is finer › goes by id [ORDER-1, TIME-3]',
    async ({ a, clock }) => {
      clock.move(0.2)
      await insertAll(a, [newJob({ id: 'b' })])
      clock.move(0.5)
      await insertAll(a, [newJob({ id: 'a' })])
      assert.deepEqual(idsOf(await take(a, { max: 2 })), ['a', 'b'])
    },
  ),
  fact('claim › over several types › is one order over all of them [ORDER-1, ORDER-2]', async ({ a, clock }) => {
    const types = ['c', 'a', 'd', 'b']
    const jobs = [90, 50, 10].flatMap((priority) =>
      [0, 5].flatMap((inMs) => types.map((type) => newJob({ type, priority, run: { inMs } }))),
    )
    await insertAll(a, shuffled(jobs))
    clock.move(5)
    const ordered = idsOf(jobs.filter(({ type }) => type !== 'd'))
    const from = [{ queue: 'default', types: ['b', 'c', 'a'], limit: 7 }]
    assert.deepEqual(idsOf(await take(a, { max: 7, from })), ordered.slice(0, 7))
    assert.deepEqual(idsOf(await take(a, { max: 500, from: [{ ...only(from), limit: 500 }] })), ordered.slice(7))
  }),
  fact(
    'claim › a higher one that fell due last › is before 600 that were due long ago [ORDER-1]',
    async ({ a, clock }) => {
      await insertAll(a, newJobs(600, { priority: 20 }))
      const high = newJob({ priority: 21, run: { inMs: 60_000 } })
      await insertAll(a, [high])
      clock.move(59_999)
      assert.equal(only(await take(a)).priority, 20)
      clock.move(1)
      assert.equal(only(await take(a)).id, high.id)
    },
  ),
  fact(
    'claim › long after all fell due › goes by when they did, not by when they were written [ORDER-1]',
    async ({ a, clock }) => {
      const [third, first, second] = await insertAll(a, [
        newJob({ run: { inMs: 30 } }),
        newJob({ run: { at: 1000 } }),
        newJob({ run: { inMs: 20 } }),
      ])
      clock.move(1_000_000)
      assert.deepEqual(idsOf(await take(a, { max: 3 })), [first?.id, second?.id, third?.id])
    },
  ),
  fact('reprioritise and reschedule › move a job in the line [ORDER-1]', async ({ a, clock }) => {
    const jobs = await insertAll(a, newJobs(3))
    await must(a, reprioritise(at(jobs, 2), 60))
    await must(a, reschedule(at(jobs, 0), 10))
    clock.move(10)
    assert.deepEqual(
      idsOf(await take(a, { max: 3 })),
      [2, 1, 0].map((n) => at(jobs, n).id),
    )
  }),
  ...[
    { name: 'release', change: release },
    { name: 'expire', change: expireTo.bind(null, 'queued') },
  ].map(({ name, change }) =>
    fact(`${name} › keeps runAt, hence the place in line [ORDER-3, ORDER-1]`, async ({ a, clock }) => {
      const [first, second] = await insertAll(a, newJobs(2))
      const taken = only(await take(a, { leaseMs: 1000 }))
      clock.move(60_000)
      const back = await must(a, change(taken))
      assert.equal(back.runAt, START)
      await insertAll(a, newJobs(1))
      assert.deepEqual(idsOf(await take(a, { max: 2 })), [first?.id, second?.id])
    }),
  ),
  ...[
    { name: 'snooze', change: snooze },
    { name: 'a failure that is retried', change: failTo.bind(null, 'queued') },
  ].map(({ name, change }) =>
    fact(`${name} › sets runAt by the clock of the store [ORDER-3, TIME-6]`, async ({ a, clock }) => {
      await insertAll(a, newJobs(1))
      const taken = only(await take(a))
      clock.move(500)
      assert.equal((await must(a, change(taken))).runAt, START + 60_500)
      clock.move(59_999)
      assert.deepEqual(await take(a), [])
      clock.move(1)
      assert.deepEqual(idsOf(await take(a)), [taken.id])
    }),
  ),
  fact('two claims at once › pass over nothing but what the other takes [ORDER-4, CLAIM-2]', async ({ a, b }) => {
    const line = idsOf(await insertAll(a, newJobs(40)))
    for (let round = 0; round < 4; round++) {
      const [one, two] = await Promise.all([take(a, { max: 5 }), take(b, { max: 5 })])
      const left = idsOf(await listAll(a, { walk: 'claim', queue: 'default', limit: 100 }))
      const taken = new Set([...idsOf(one), ...idsOf(two)])
      const before = line.filter((id) => left.includes(id) || taken.has(id))
      assert.deepEqual(
        before.slice(0, taken.size),
        before.filter((id) => taken.has(id)),
      )
    }
  }),
  fact('a claim by ids › leaves the line of the others as it was [ORDER-1, CLAIM-5]', async ({ a }) => {
    const ids = idsOf(await insertAll(a, newJobs(5)))
    await takeIds(a, [at(ids, 2)])
    assert.deepEqual(
      idsOf(await take(a, { max: 9 })),
      ids.filter((_, n) => n !== 2),
    )
  }),
]
