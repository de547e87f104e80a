import assert from 'node:assert/strict'
import { defineJob, handle, type JobContext, JobQueue, StintError } from '@stint/core'
import { describe, test } from 'vitest'
import { codeOf, faulty, gate, settled, world } from '../queue/world.js'

const job = defineJob({ type: 'job', backoff: { kind: 'fixed', base: '10s', jitter: false } })
const other = defineJob({ type: 'other', queue: 'slow' })

describe('a pool', () => {
  test('runs at most `concurrency` at once, in claim order, and claims no more than it has slots', async () => {
    const { clock, jobs } = world()
    const order: unknown[] = []
    const gates = new Map<unknown, ReturnType<typeof gate<void>>>()
    await jobs.enqueueMany([5, 90, 50, 20].map((priority) => ({ job, payload: priority, priority })))
    const worker = jobs.work(
      handle(job, async ({ payload }) => {
        order.push(payload)
        const hold = gate()
        gates.set(payload, hold)
        await hold.promise
      }),
      { concurrency: 2 },
    )
    await settled(clock)
    assert.deepEqual(
      [order, worker.active, (await jobs.stats()).running, (await jobs.stats()).queued],
      [[90, 50], 2, 2, 2],
    )
    gates.get(50)?.open()
    await settled(clock)
    assert.deepEqual([order, worker.active], [[90, 50, 20], 2])
    for (const hold of gates.values()) hold.open()
    await settled(clock)
    gates.get(5)?.open()
    await settled(clock)
    assert.equal((await jobs.stats()).succeeded, 4)
  })

  test('takes only types it has handlers for, from the lanes of its definitions unless told', async () => {
    const { clock, jobs } = world()
    const seen: string[] = []
    const note = ({ job }: JobContext<unknown, unknown>): void => void seen.push(`${job.queue}/${job.type}`)
    jobs.work([handle(job, note), handle(other, note)])
    jobs.work(handle(job, note), { queues: ['bulk'], workerId: 'bulk-worker' })
    await jobs.enqueue(job, 1)
    await jobs.enqueue(other, 1)
    await jobs.enqueue(job, 1, { queue: 'bulk' })
    await jobs.enqueue(defineJob({ type: 'nobody' }), 1)
    await settled(clock)
    assert.deepEqual(seen.sort(), ['bulk/job', 'default/job', 'slow/other'])
    assert.equal((await jobs.stats()).queued, 1)
  })

  test('mistakes › TypeError at once', () => {
    const { jobs } = world()
    const on = handle(job, () => {})
    assert.throws(() => jobs.work([]), /at least one handler/)
    assert.throws(() => jobs.work(job as never), /made by handle/)
    assert.throws(() => jobs.work([on, on]), /two handlers for one job type/)
    assert.throws(() => jobs.work(on, { concurrency: 0 }), /concurrency/)
    assert.throws(() => jobs.work(on, { lease: '1ms' }), /lease/)
    assert.throws(() => jobs.work(on, { queues: [] }), /queues/)
  })

  test('paused › takes nothing; resumed › goes on without waiting for the poll', async () => {
    const { clock, jobs } = world()
    jobs.work(
      handle(job, () => {}),
      { poll: '1h' },
    )
    await settled(clock)
    await jobs.pause('default', { actor: 'ada' })
    const { id } = await jobs.enqueue(job, 1)
    await clock.advance('5m')
    assert.equal((await jobs.get(id))?.state, 'queued')
    await jobs.resume('default')
    await settled(clock)
    assert.equal((await jobs.get(id))?.state, 'succeeded')
  })

  test('a job for later › is taken when it is due, long before the poll', async () => {
    const { clock, jobs } = world()
    jobs.work(
      handle(job, () => {}),
      { poll: '1h' },
    )
    const { id } = await jobs.enqueue(job, 1, { delay: '90s' })
    await clock.advance('89999ms')
    assert.equal((await jobs.get(id))?.state, 'queued')
    await clock.advance('1ms')
    assert.equal((await jobs.get(id))?.state, 'succeeded')
  })

  test('a lease that ran out › is taken over by the next look, without waiting for the sweep; its budget counts', async () => {
    const { clock, jobs, another } = world()
    const { id } = await jobs.enqueue(job, 1, { maxAttempts: 2 })
    await another().claim({ workerId: 'gone', lease: '1m' })
    jobs.work(handle(job, () => {}))
    await clock.advance('59s')
    assert.equal((await jobs.get(id))?.lease?.workerId, 'gone')
    await clock.advance('2s')
    assert.deepEqual([(await jobs.get(id))?.state, (await jobs.get(id))?.attempt], ['succeeded', 2])
    const expired = (await jobs.audit(id)).find((event) => event.type === 'lease_expired')
    assert.deepEqual([expired?.actor, expired?.workerId, expired?.attempt], ['sweep', 'gone', 1])
  })
})

describe('stop', () => {
  test('lets what runs finish; takes nothing more', async () => {
    const { clock, jobs } = world()
    const hold = gate()
    const worker = jobs.work(
      handle(job, () => hold.promise),
      { concurrency: 1 },
    )
    await jobs.enqueueMany([
      { job, payload: 1 },
      { job, payload: 2 },
    ])
    await settled(clock)
    const stopped = worker.stop({ grace: '30s' })
    await clock.advance('20s')
    hold.open()
    await settled(clock)
    await stopped
    assert.deepEqual([(await jobs.stats()).succeeded, (await jobs.stats()).queued, worker.active], [1, 1, 0])
  })

  test('after the grace › aborts with WORKER_STOPPING; a checkpoint is still accepted; what returns is released at no cost', async () => {
    const { clock, jobs } = world()
    const worker = jobs.work(
      handle(job, async ({ signal, saveCheckpoint }) => {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        if (signal.reason.code === 'WORKER_STOPPING') await saveCheckpoint('half')
        return 'no success'
      }),
    )
    const { id } = await jobs.enqueue(job, 1)
    await settled(clock)
    const stopped = worker.stop({ grace: '5s' })
    await clock.advance('5s')
    await stopped
    const back = await jobs.get(id)
    assert.deepEqual([back?.state, back?.attempt], ['queued', 0])
    const [lease] = await jobs.claim({ workerId: 'w' })
    assert.equal(lease?.checkpoint, 'half')
  })

  test('a handler that does not listen › is released two seconds later, its late outcome refused, and reported', async () => {
    const { clock, jobs } = world()
    const hold = gate()
    const errors: string[] = []
    jobs.on('error', ({ error }) => errors.push(error.message))
    const worker = jobs.work(handle(job, () => hold.promise))
    const { id } = await jobs.enqueue(job, 1)
    await settled(clock)
    const stopped = worker.stop({ grace: '1s' })
    await clock.advance('2999ms')
    assert.equal((await jobs.get(id))?.state, 'running')
    await clock.advance('1ms')
    await stopped
    assert.deepEqual([(await jobs.get(id))?.state, (await jobs.get(id))?.attempt], ['queued', 0])
    assert.match(errors.join(), /did not stop; the job was given back/)
    const [lease] = await jobs.claim({ workerId: 'w' })
    hold.open()
    await settled(clock)
    assert.equal((await jobs.get(id))?.lease?.workerId, 'w')
    await lease?.succeed('by the other')
    assert.equal((await jobs.get(id))?.result, 'by the other')
  })

  test('close › waits for handlers, which may still enqueue; then refuses', async () => {
    const { clock, jobs, another } = world()
    const hold = gate()
    jobs.work(
      handle(job, async ({ payload }) => {
        if (payload !== 'first') return
        await hold.promise
        await jobs.enqueue(job, 'child')
      }),
      { concurrency: 1 },
    )
    await jobs.enqueue(job, 'first')
    await settled(clock)
    const look = another()
    const closed = jobs.close({ grace: '30s' })
    hold.open()
    await settled(clock)
    await closed
    assert.equal(await codeOf(jobs.enqueue(job, 1)), 'QUEUE_CLOSED')
    assert.equal(await codeOf(look.stats()), 'STORE_CLOSED')
  })
})

describe('a deaf handler', () => {
  test('that has not returned after its signal aborted › is reported, and keeps its slot', async () => {
    const { clock, jobs } = world()
    const hold = gate()
    const errors: string[] = []
    jobs.on('error', ({ error, doing }) => errors.push(`${doing}: ${error.message}`))
    const worker = jobs.work(
      handle(job, () => hold.promise),
      { concurrency: 1 },
    )
    await jobs.enqueue(job, 1, { timeout: '1s' })
    await clock.advance('1s')
    assert.deepEqual([errors, worker.active], [[], 1])
    await clock.advance('30s')
    assert.match(
      errors.join(),
      /^handler: The handler of job .* has not returned after its signal aborted \(JOB_TIMEOUT\)/,
    )
    hold.open()
    await settled(clock)
    assert.equal(worker.active, 0)
  })
})

describe('prefetch', () => {
  test('claims ahead, starts when a slot is free, gives back what waited too long', async () => {
    const { clock, jobs } = world()
    const holds = [gate(), gate(), gate(), gate()]
    const order: unknown[] = []
    jobs.work(
      handle(job, async ({ payload }) => {
        order.push(payload)
        await holds[payload as number]?.promise
      }),
      { concurrency: 1, prefetch: 2 },
    )
    const made = await jobs.enqueueMany([0, 1, 2, 3].map((payload) => ({ job, payload })))
    await settled(clock)
    const states = async () => Promise.all(made.map(async ({ id }) => (await jobs.get(id))?.state))
    assert.deepEqual([order, await states()], [[0], ['running', 'leased', 'leased', 'queued']])
    holds[0]?.open()
    await settled(clock)
    assert.deepEqual([order, (await states())[1]], [[0, 1], 'running'])
    await clock.advance('500ms')
    assert.equal((await states())[2] === 'running', false, 'what waited half a second went back')
    holds[1]?.open()
    holds[2]?.open()
    holds[3]?.open()
    await clock.advance('5s')
    assert.deepEqual(await states(), ['succeeded', 'succeeded', 'succeeded', 'succeeded'])
    const trail = (await jobs.audit(made[1]!.id)).map((event) => event.type)
    assert.deepEqual(trail, ['enqueued', 'leased', 'started', 'succeeded'])
    assert.equal((await jobs.get(made[2]!.id))?.attempt, 1)
  })
})

describe('an outage', () => {
  test('of the store › the worker goes on within five seconds of its return, what was done is settled, one line a second at most', async () => {
    const { clock, store, another } = world()
    const control = faulty(store)
    const lines: string[] = []
    const logger = {
      debug() {},
      info() {},
      warn() {},
      error: (_fields: object, message: string) => void lines.push(message),
    }
    const jobs = another({ store: control.store, logger })
    const hold = gate()
    jobs.work(
      handle(job, () => hold.promise),
      { lease: '5m' },
    )
    const { id } = await jobs.enqueue(job, 1)
    await settled(clock)
    control.next = 'away'
    hold.open()
    await clock.advance('60s')
    assert.equal(lines.length <= 2 * 60, true, `${lines.length} lines`)
    assert.equal((await store.get([id]))[0]?.state, 'running')
    control.next = 'pass'
    await clock.advance('5s')
    assert.equal((await jobs.get(id))?.state, 'succeeded')
    assert.equal((await jobs.get(id))?.attempt, 1)
    const next = await jobs.enqueue(job, 2)
    await settled(clock)
    assert.equal((await jobs.get(next.id))?.state, 'succeeded')
  })

  test('a reply that is lost at each kind of write › nothing is done twice', async () => {
    for (const fault of ['lose request', 'lose reply'] as const) {
      const { clock, store, another } = world()
      const control = faulty(store)
      const jobs = another({ store: control.store })
      let runs = 0
      const hold = gate()
      jobs.work(
        handle(job, async () => {
          runs++
          await hold.promise
        }),
        { poll: '1h' },
      )
      await settled(clock)
      control.next = fault // the enqueue
      const enqueued = jobs.enqueue(job, 1)
      await clock.advance('1s')
      control.next = fault // the next claim, beat or settle, whatever comes
      const { id } = await enqueued
      await clock.advance('20s')
      control.next = fault
      hold.open()
      await clock.advance('20s')
      assert.deepEqual([runs, (await jobs.get(id))?.state], [1, 'succeeded'], fault)
      assert.deepEqual(
        (await jobs.audit(id)).map((event) => event.type),
        ['enqueued', 'leased', 'succeeded'],
        fault,
      )
    }
  })
})

describe('the event loop', () => {
  test('blocked longer than a third of the lease › is reported with what to do', async () => {
    const { clock, jobs } = world()
    const errors: string[] = []
    jobs.on('error', ({ error, doing }) => errors.push(`${doing}: ${error.message}`))
    const hold = gate()
    jobs.work(
      handle(job, () => hold.promise),
      { lease: '3s' },
    )
    await jobs.enqueue(job, 1)
    await settled(clock)
    // A blocked loop is a clock that jumps without firing its timers in time.
    const stand = clock as unknown as { now(): number }
    const now = stand.now()
    stand.now = () => now + 20_000
    await clock.advance('1s')
    assert.match(
      errors.join(),
      /heartbeat: The event loop was blocked: heartbeats came 19000 ms late, leases last 3000 ms/,
    )
    hold.open()
  })

  test('blocked by a handler that then returned › is reported all the same', async () => {
    const { clock, jobs } = world()
    const errors: string[] = []
    jobs.on('error', ({ error, doing }) => errors.push(`${doing}: ${error.message}`))
    jobs.work(
      handle(job, () => {
        const stand = clock as unknown as { now(): number }
        const now = stand.now()
        stand.now = () => now + 20_000
      }),
      { lease: '3s' },
    )
    const { id } = await jobs.enqueue(job, 1)
    await settled(clock)
    assert.equal((await jobs.get(id))?.state, 'succeeded')
    await clock.advance('1s')
    assert.match(errors.join(), /heartbeat: The event loop was blocked: heartbeats came 19000 ms late/)
  })
})

test('a listener that throws › harms nobody and is told', async () => {
  const { clock, jobs } = world()
  const errors: string[] = []
  jobs.on('error', ({ error, doing }) => errors.push(`${doing}: ${error.message}`))
  jobs.on('succeeded', () => {
    throw new Error('listener')
  })
  jobs.work(handle(job, () => {}))
  const { id } = await jobs.enqueue(job, 1)
  await settled(clock)
  assert.deepEqual([(await jobs.get(id))?.state, errors], ['succeeded', ['a listener of succeeded: listener']])
})

test('work after close › QUEUE_CLOSED', async () => {
  const { jobs } = world()
  await jobs.close()
  assert.throws(
    () => jobs.work(handle(job, () => {})),
    (error) => error instanceof StintError && error.code === 'QUEUE_CLOSED',
  )
  assert.equal(jobs instanceof JobQueue, true)
})
