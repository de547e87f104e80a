import assert from 'node:assert/strict'
import { type Duration, handle, type JobState, type QueueSettings } from '@stint/core'
import { describe, test } from 'vitest'
import { ALL_STATES, inState, job } from './in-state.js'
import { watched } from './watched-store.js'
import { faulty, settled, type World, world } from './world.js'

const ENDS = ['succeeded', 'failed', 'dead', 'cancelled'] as const

async function ended(
  here: Pick<World, 'jobs'>,
  queue: string,
  end: (typeof ENDS)[number] = 'succeeded',
): Promise<string> {
  const { id } = await here.jobs.enqueue(job, 1, { queue, maxAttempts: end === 'dead' ? 1 : 3 })
  if (end === 'cancelled') await here.jobs.cancel(id)
  else {
    const [lease] = await here.jobs.claim({ workerId: 'w', ids: [id] })
    if (end === 'succeeded') await lease!.succeed(1)
    else await lease!.fail(new Error('no'), { retry: end === 'dead' })
  }
  return id
}
const there = async (here: Pick<World, 'jobs'>, ids: readonly string[]): Promise<boolean[]> =>
  Promise.all(ids.map(async (id) => (await here.jobs.get(id)) !== undefined))

describe('retention', () => {
  test.each<[string, QueueSettings, Record<(typeof ENDS)[number], Duration>]>([
    ['of a lane that says nothing', {}, { succeeded: '30d', failed: '90d', dead: '90d', cancelled: '30d' }],
    ['one for all', { retention: '5m' }, { succeeded: '5m', failed: '5m', dead: '5m', cancelled: '5m' }],
    [
      'by state',
      { retention: { succeeded: '1h', dead: '400d' } },
      { succeeded: '1h', failed: '90d', dead: '400d', cancelled: '30d' },
    ],
  ])('%s › not before its time, at its time', async (_name, settings, kept) => {
    const here = world({ queues: { lane: settings } })
    const other = await ended(here, 'other')
    for (const end of ENDS) {
      const id = await ended(here, 'lane', end)
      const { clock } = here
      const start = clock.now()
      const at = start + ms(kept[end]) - 1
      clock.now = () => at
      await here.jobs.purge()
      assert.deepEqual(await there(here, [id]), [true], `${end} is still there a moment before`)
      clock.now = () => at + 1
      await here.jobs.purge()
      assert.deepEqual(await there(here, [id]), [true], `${end}: kept for as long as was said`)
      clock.now = () => at + 2
      assert.equal((await here.jobs.purge()) >= 1, true)
      assert.deepEqual(await there(here, [id]), [false], `${end} is gone`)
      clock.now = () => start
    }
    assert.deepEqual(await there(here, [other]), [ms(kept.dead) < ms('30d')], 'another lane has its own time')
  })

  test('none at all › what finished less than a minute ago stays: a repeat of its enqueue may be under way', async () => {
    const here = world({ queues: { default: { retention: 0 } } })
    const id = await ended(here, 'default')
    await here.clock.advance('60s')
    assert.equal(await here.jobs.purge(), 0)
    await here.clock.advance('1ms')
    assert.equal(await here.jobs.purge(), 1)
    assert.deepEqual(await there(here, [id]), [false])
  })

  test('never a job that is not over, however old', async () => {
    const here = world({ queues: { default: { retention: 0, maxFinished: 0 } } })
    const placed = await Promise.all(
      ALL_STATES.map(async (state) => [state, (await inState(here, state)).id] as [JobState, string]),
    )
    await here.clock.advance('36500d')
    await here.jobs.purge()
    const left = (
      await Promise.all(placed.map(async ([state, id]) => ((await here.jobs.get(id)) ? state : null)))
    ).filter(Boolean)
    assert.deepEqual(left, ['waiting', 'queued', 'leased', 'running'])
  })

  test('a job that is retried between the look and the removal › stays', async () => {
    const here = world({ queues: { default: { retention: 0 } } })
    const control = watched(here.store)
    const cleaner = here.another({ store: control.store })
    const [kept, gone] = [await ended(here, 'default', 'dead'), await ended(here, 'default', 'dead')]
    await here.clock.advance('2m')
    control.before['remove'] = async () => {
      await here.jobs.retry(kept)
    }
    assert.equal(await cleaner.purge(), 1)
    assert.deepEqual(await there(here, [kept, gone]), [true, false])
  })

  test('the sweep › purges by itself, once this process works or claims; more than a page of them', async () => {
    const { clock, jobs, another } = world({ queues: { default: { retention: '1m' } } })
    const busy = another({ sweep: '1s' })
    for (let i = 0; i < 3; i++) await jobs.enqueueMany(Array.from({ length: 500 }, () => ({ job, payload: 1 })))
    for (;;) {
      const leases = await busy.claim({ workerId: 'w', limit: 500 })
      if (leases.length === 0) break
      await Promise.all(leases.map((lease) => lease.succeed(1)))
    }
    assert.equal(await jobs.count({ state: 'succeeded' }), 1500)
    await clock.advance('59s')
    assert.equal(await jobs.count(), 1500)
    await clock.advance('4s')
    assert.equal(await jobs.count(), 0)
  })

  test('a purge that nobody asked for › not by a process that only enqueues', async () => {
    const { clock, jobs, another } = world({ queues: { default: { retention: '1m' } } })
    await ended({ jobs }, 'default')
    const producer = another({ sweep: '1s' })
    await producer.enqueue(job, 1)
    await clock.advance('10m')
    assert.equal(await jobs.count({ state: 'succeeded' }), 1)
  })
})

describe('maxFinished', () => {
  test('the oldest over all ends go as others finish; other lanes and live jobs stay', async () => {
    const here = world({ queues: { lane: { maxFinished: 3 } } })
    const ids: string[] = []
    const other = await ended(here, 'other')
    const { id: live } = await here.jobs.enqueue(job, 1, { queue: 'lane' })
    for (const end of ['dead', 'succeeded', 'cancelled', 'failed', 'succeeded', 'cancelled'] as const) {
      ids.push(await ended(here, 'lane', end))
      await here.clock.advance('1s')
    }
    assert.deepEqual(await there(here, ids), [false, false, false, true, true, true])
    assert.deepEqual(await there(here, [other, live]), [true, true])
  })

  test('0 › none stays, not even for a minute', async () => {
    const here = world({ queues: { lane: { maxFinished: 0 } } })
    const id = await ended(here, 'lane')
    await settled(here.clock)
    assert.deepEqual(await there(here, [id]), [false])
  })

  test('a worker that finishes hundreds at once › exactly so many are left, the newest', async () => {
    const here = world({ queues: { lane: { maxFinished: 10 } } })
    here.jobs.work(
      handle(job, () => {}),
      { queues: ['lane'], concurrency: 50 },
    )
    const made = await here.jobs.enqueueMany(
      Array.from({ length: 700 }, (_, i) => ({ job, payload: i, queue: 'lane' })),
    )
    await settled(here.clock)
    const left = (await here.jobs.list({ queue: 'lane', order: 'oldest' })).jobs
    assert.equal(left.length, 10)
    assert.deepEqual(
      left.map((one) => one.id),
      made.slice(-10).map((one) => one.id),
    )
  })

  test('a job that is over while the history is being cut › is cut as well', async () => {
    const { clock, store, another } = world()
    const control = watched(store)
    const jobs = another({ store: control.store, queues: { default: { maxFinished: 0 } } })
    const [first, second] = [await inState({ jobs }, 'leased'), await inState({ jobs }, 'leased')]
    control.after['stats'] = async () => {
      delete control.after['stats']
      await second.lease!.succeed(2)
    }
    await first.lease!.succeed(1)
    await settled(clock)
    assert.equal(await jobs.count(), 0)
  })

  test('an end whose reply was lost › counts too', async () => {
    const { clock, store, another } = world()
    const control = faulty(store)
    const jobs = another({ store: control.store, queues: { default: { maxFinished: 0 } } })
    const { lease } = await inState({ jobs }, 'leased')
    control.next = 'lose reply'
    const done = lease!.succeed(1)
    await clock.advance('1s')
    assert.equal((await done).job.state, 'succeeded')
    await settled(clock)
    assert.equal(await jobs.count(), 0)
  })

  test('every way a job can end › counts: settled, cancelled, expired, tracked', async () => {
    const here = world({ queues: { default: { maxFinished: 0 } } })
    const { clock, jobs } = here
    const expired = await jobs.enqueue(job, 1, { maxAttempts: 1 })
    await jobs.claim({ workerId: 'gone', ids: [expired.id], lease: '1s' })
    await clock.advance('2s')
    await jobs.claim({ workerId: 'w' })
    const tracked = jobs.track(job, 1)
    await tracked.succeed(1)
    for (const end of ENDS) await ended(here, 'default', end)
    await settled(clock)
    assert.equal(await jobs.count(), 0)
  })
})

const ms = (duration: Duration): number => {
  const [, n, unit] = /^(\d+)([mhd])$/.exec(String(duration)) ?? []
  return Number(n) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[unit as 'm']
}
