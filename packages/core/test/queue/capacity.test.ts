import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { job } from './in-state.js'
import { watched } from './watched-store.js'
import { codeOf, world } from './world.js'

const put = (n: number, queue: string, more: object = {}) =>
  Array.from({ length: n }, () => ({ job, payload: 1, queue, ...more }))

describe('capacity', () => {
  test('over two lanes at once › all or none, whichever of the two is full', async () => {
    const { jobs } = world({ queues: { a: { maxQueued: 2 }, b: { maxQueued: 3 } } })
    assert.equal(await codeOf(jobs.enqueueMany([...put(2, 'a'), ...put(4, 'b')])), 'QUEUE_FULL')
    const error = await jobs.enqueueMany([...put(3, 'a'), ...put(1, 'b')]).then(
      () => assert.fail('it was accepted'),
      (thrown) => thrown,
    )
    assert.deepEqual(error.details, { queue: 'a', maxQueued: 2 })
    assert.equal(await jobs.count(), 0)
    await jobs.enqueueMany([...put(2, 'a'), ...put(3, 'b'), ...put(5, 'free')])
    assert.deepEqual(
      [(await jobs.stats('a')).queued, (await jobs.stats('b')).queued, (await jobs.stats('free')).queued],
      [2, 3, 5],
    )
  })

  test('many calls over two lanes, in either order, at once › no deadlock, no lane above its limit, as many as fit', async () => {
    const { jobs } = world({ queues: { a: { maxQueued: 10 }, b: { maxQueued: 7 } } })
    const calls = Array.from({ length: 30 }, (_, i) =>
      i % 3 === 0
        ? jobs.enqueueMany([...put(1, 'a'), ...put(1, 'b')])
        : i % 3 === 1
          ? jobs.enqueueMany([...put(1, 'b'), ...put(1, 'a')])
          : jobs.enqueue(job, 1, { queue: i % 2 ? 'a' : 'b' }),
    )
    const codes = await Promise.all(calls.map((call) => codeOf(call as Promise<unknown>)))
    assert.deepEqual(new Set(codes), new Set(['resolved', 'QUEUE_FULL']))
    assert.equal((await jobs.stats('a')).queued <= 10, true)
    assert.equal((await jobs.stats('b')).queued, 7)
  })

  test('repeats and new ones at once › repeats take no room, so nobody is turned away before the lane is full', async () => {
    const { jobs } = world({ queues: { a: { maxQueued: 3 } } })
    await jobs.enqueue(job, 1, { queue: 'a', uniqueKey: 'k' })
    const codes = await Promise.all([
      ...Array.from({ length: 5 }, () => codeOf(jobs.enqueue(job, 1, { queue: 'a', uniqueKey: 'k' }))),
      ...Array.from({ length: 3 }, () => codeOf(jobs.enqueue(job, 1, { queue: 'a' }))),
    ])
    assert.deepEqual(codes, [...Array.from({ length: 7 }, () => 'resolved'), 'QUEUE_FULL'])
    assert.equal((await jobs.stats('a')).queued, 3)
  })

  test('one key or one id twice in a call › takes one place', async () => {
    const { jobs } = world({ queues: { a: { maxQueued: 1 } } })
    assert.equal(await codeOf(jobs.enqueueMany(put(2, 'a', { uniqueKey: 'k' }))), 'resolved')
    assert.equal((await jobs.stats('a')).queued, 1)
    const other = world({ queues: { a: { maxQueued: 1 } } }).jobs
    assert.equal(await codeOf(other.enqueueMany(put(2, 'a', { id: 'x' }))), 'resolved')
  })

  test('later jobs count; leased, running and finished ones do not; 0 admits none', async () => {
    const { jobs } = world({ queues: { a: { maxQueued: 1 }, none: { maxQueued: 0 } } })
    await jobs.enqueue(job, 1, { queue: 'a', delay: '1h' })
    assert.equal(await codeOf(jobs.enqueue(job, 1, { queue: 'a' })), 'QUEUE_FULL')
    await jobs.reschedule((await jobs.list()).jobs[0]!.id, { delay: 0 })
    await jobs.claim({ workerId: 'w', queues: ['a'] })
    assert.equal(await codeOf(jobs.enqueue(job, 1, { queue: 'a' })), 'resolved')
    assert.equal(await codeOf(jobs.enqueue(job, 1, { queue: 'none' })), 'QUEUE_FULL')
  })

  test('a store that is away at the look › that call is told, the next goes through', async () => {
    const here = world({ queues: { a: { maxQueued: 1 } } })
    const control = watched(here.store)
    const jobs = here.another({ store: control.store, queues: { a: { maxQueued: 1 } } })
    await jobs.open()
    control.isAway = true
    assert.equal(await codeOf(jobs.enqueue(job, 1, { queue: 'a' })), 'STORE_UNAVAILABLE')
    control.isAway = false
    assert.equal(await codeOf(jobs.enqueue(job, 1, { queue: 'a' })), 'resolved')
  })

  test('a thousand at once › a look at the counts for a crowd, not for each', async () => {
    const here = world({ queues: { a: { maxQueued: 10_000 } } })
    const control = watched(here.store)
    await here.jobs.open()
    const jobs = here.another({ store: control.store })
    await Promise.all(Array.from({ length: 1000 }, (_, i) => jobs.enqueue(job, i, { queue: 'a' })))
    assert.equal(control.calls['stats']! <= 5, true, `${control.calls['stats']} looks`)
  })
})
