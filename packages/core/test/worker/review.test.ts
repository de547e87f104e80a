import assert from 'node:assert/strict'
import { defineJob, handle, handleBatch, JobQueue, memoryStore, StintError } from '@stint/core'
import { type TestClock, testClock } from '@stint/core/testing'
import { describe, onTestFinished, test } from 'vitest'
import { type Watched, watched } from '../queue/watched-store.js'
import { codeOf, gate, settled, world } from '../queue/world.js'

const job = defineJob({ type: 'job', backoff: { kind: 'fixed', base: '10s', jitter: false } })
const other = defineJob({ type: 'other' })

const away = (): never => {
  throw new StintError('STORE_UNAVAILABLE', 'away', { store: 'memory' })
}

/** A world whose time goes on while a call of the store is out; that of `world` stands still until it is answered. */
function hurried(): { clock: TestClock; control: Watched; jobs: JobQueue<never, false> } {
  const clock = testClock()
  const control = watched(memoryStore({ clock: { now: () => clock.now(), after: (ms, run) => clock.after(ms, run) } }))
  const jobs = new JobQueue<never, false>({ store: control.store, sweep: false })
  onTestFinished(async () => {
    const closing = jobs.close({ grace: 0 })
    await clock.advance('1m')
    await closing
  })
  return { clock, control, jobs }
}

const hasClaim = (...[batch]: never[]): boolean =>
  ((batch as unknown as { claims?: unknown[] }).claims ?? []).length > 0

/** When the next timer of that virtual time is due. */
const nextAt = (clock: object): number | null => (clock as { nextAt: number | null }).nextAt

describe('a claim that came back short', () => {
  test('and whose look at ended leases fails › its jobs are run all the same, at the cost of one attempt', async () => {
    const { clock, store, another } = world()
    const control = watched(store)
    const jobs = another({ store: control.store })
    const errors: string[] = []
    jobs.on('error', ({ doing }) => errors.push(doing))
    const { id } = await jobs.enqueue(job, 1)
    control.before['list'] = away
    jobs.work(handle(job, () => 'done'))
    await settled(clock)
    const ended = await jobs.get(id)
    assert.deepEqual([ended?.state, ended?.attempt], ['succeeded', 1])
    assert.equal(errors.includes('claim'), true)
  })

  test('pulled › its leases are handed out though the look at ended leases fails', async () => {
    const { store, another } = world()
    const control = watched(store)
    const jobs = another({ store: control.store })
    const { id } = await jobs.enqueue(job, 1)
    control.before['list'] = away
    const leases = await jobs.claim({ workerId: 'w', limit: 2 })
    assert.deepEqual(
      leases.map((lease) => lease.jobId),
      [id],
    )
  })

  test('and had nothing › the failure is told', async () => {
    const { store, another } = world()
    const control = watched(store)
    const jobs = another({ store: control.store })
    await jobs.open()
    control.before['list'] = away
    assert.equal(await codeOf(jobs.claim({ workerId: 'w' })), 'STORE_UNAVAILABLE')
  })
})

test('a job that the same pool takes over › the signal of its first handler aborts with LEASE_LOST', async () => {
  const { clock, store, another } = world()
  const jobs = another({ store: watched(store, { hints: false }).store })
  const codes: string[] = []
  const hold = gate()
  let runs = 0
  jobs.work(
    handle(job, async ({ signal }) => {
      if (++runs > 1) return
      signal.addEventListener('abort', () => codes.push(signal.reason.code))
      await hold.promise
    }),
    { concurrency: 2, lease: '30s' },
  )
  const { id } = await jobs.enqueue(job, 1)
  await settled(clock)
  // The lease ran out while this process was asleep, and somebody's sweep expired it.
  const { lease } = (await store.get([id]))[0]!
  await store.exchange({
    changes: [
      {
        id,
        guard: { token: lease!.token },
        set: { state: 'queued' },
        event: { type: 'lease_expired', actor: 'sweep', detail: null },
      },
    ],
  })
  await clock.advance('1m')
  assert.deepEqual([runs, codes], [2, ['LEASE_LOST']])
  hold.open()
  await settled(clock)
})

describe('prefetch', () => {
  test('behind a handler that runs for hours › a job that waits is taken ahead once a free slot, not twice a second', async () => {
    const { clock, jobs } = world()
    const hold = gate()
    jobs.work(
      handle(job, ({ payload }) => (payload === 'long' ? hold.promise : undefined)),
      { concurrency: 1, prefetch: 2 },
    )
    await jobs.enqueue(job, 'long')
    await settled(clock)
    const { id } = await jobs.enqueue(job, 'short')
    await clock.advance('5m')
    const waiting = await jobs.get(id)
    assert.equal(waiting?.state, 'queued')
    assert.equal((waiting?.version ?? 0) <= 3, true, `${waiting?.version} events`)
    hold.open()
    await clock.advance('5s')
    assert.equal((await jobs.get(id))?.state, 'succeeded')
  })

  test('a job that is cancelled while it waits for a slot › leaves no heartbeat behind', async () => {
    const { clock, jobs } = world()
    const hold = gate()
    jobs.work(
      handle(job, () => hold.promise),
      { concurrency: 1, prefetch: 1, poll: '1h' },
    )
    await jobs.enqueue(job, 1)
    const { id } = await jobs.enqueue(job, 2)
    await settled(clock)
    assert.equal((await jobs.get(id))?.state, 'leased')
    await jobs.cancel(id)
    await settled(clock)
    hold.open()
    await clock.advance('1m')
    assert.equal((nextAt(clock) ?? 0) - clock.now() > 60_000, true, 'a timer is due within a minute')
  })
})

describe('a batch that is being gathered', () => {
  test('keeps its slot though the next claim fails', async () => {
    const { clock, store, another } = world()
    const control = watched(store)
    const jobs = another({ store: control.store })
    const hold = gate()
    let most = 0
    const worker = jobs.work(
      [
        handleBatch(
          job,
          async () => {
            most = Math.max(most, worker.active)
            await hold.promise
          },
          { size: 3, wait: '1m' },
        ),
        handle(other, async () => {
          most = Math.max(most, worker.active)
          await hold.promise
        }),
      ],
      { concurrency: 1 },
    )
    await jobs.enqueue(job, 1)
    await settled(clock)
    control.before['exchange'] = (...given: never[]) => {
      if (JSON.stringify(given).includes('"types":["job"]')) away()
    }
    await clock.advance('10s')
    await jobs.enqueue(other, 1)
    await clock.advance('10s')
    delete control.before['exchange']
    await clock.advance('2m')
    assert.equal(most, 1)
    hold.open()
    await clock.advance('2m')
    assert.equal((await jobs.stats()).succeeded, 2)
  })

  test('its time over while a claim is under way › what that brings goes along, in one slot', async () => {
    const { clock, control, jobs } = hurried()
    const batches: unknown[][] = []
    const hold = gate()
    const worker = jobs.work(
      handleBatch(
        job,
        async (batch) => {
          batches.push(batch.map((one) => one.payload))
          await hold.promise
        },
        { size: 3, wait: '100ms' },
      ),
      { concurrency: 1 },
    )
    await jobs.enqueue(job, 1)
    await clock.advance('50ms')
    const late = gate()
    control.before['exchange'] = async (...given) => {
      if (hasClaim(...given)) await late.promise
    }
    await jobs.enqueue(job, 2)
    await clock.advance('1s')
    late.open()
    delete control.before['exchange']
    await clock.advance('1s')
    assert.deepEqual([batches, worker.active], [[[1, 2]], 1])
    hold.open()
    await settled(clock)
  })

  test('whose jobs were all cancelled › gives its slot to the others at once', async () => {
    const { clock, jobs } = world()
    const worker = jobs.work([handleBatch(job, () => {}, { size: 3, wait: '10s' }), handle(other, () => {})], {
      concurrency: 1,
      poll: '1h',
    })
    const first = await jobs.enqueue(job, 1)
    await settled(clock)
    const second = await jobs.enqueue(other, 1)
    await settled(clock)
    assert.deepEqual([(await jobs.get(first.id))?.state, (await jobs.get(second.id))?.state], ['running', 'queued'])
    await jobs.cancel(first.id)
    await clock.advance('10s')
    assert.deepEqual([(await jobs.get(second.id))?.state, worker.active], ['succeeded', 0])
    await clock.advance('1m')
    assert.equal((nextAt(clock) ?? 0) - clock.now() > 60_000, true, 'a timer is due within a minute')
  })

  test('stopped while a claim is under way › is given back at once, not begun', async () => {
    const { clock, control, jobs } = hurried()
    let runs = 0
    const worker = jobs.work(
      handleBatch(job, () => void runs++, { size: 3, wait: '1s' }),
      { concurrency: 1 },
    )
    const { id } = await jobs.enqueue(job, 1)
    await settled(clock)
    const late = gate()
    control.before['list'] = () => late.promise
    await jobs.enqueue(job, 2)
    await settled(clock)
    const stopped = worker.stop()
    await clock.advance('5s')
    assert.deepEqual([(await jobs.get(id))?.state, (await jobs.get(id))?.attempt, runs], ['queued', 0, 0])
    late.open()
    await settled(clock)
    await stopped
    assert.deepEqual([(await jobs.stats()).queued, runs], [2, 0])
  })
})

test('stopped while a claim is under way › the grace of what runs begins at once', async () => {
  const { clock, control, jobs } = hurried()
  const codes: string[] = []
  const worker = jobs.work(
    handle(job, async ({ signal }) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      codes.push(signal.reason.code)
    }),
    { poll: '1s' },
  )
  const { id } = await jobs.enqueue(job, 1)
  await settled(clock)
  const late = gate()
  control.before['list'] = () => late.promise
  await clock.advance('2s')
  const stopped = worker.stop({ grace: '5s' })
  await clock.advance('5s')
  assert.deepEqual([codes, (await jobs.get(id))?.state], [['WORKER_STOPPING'], 'queued'])
  late.open()
  await settled(clock)
  await stopped
})

describe('a settle', () => {
  test('under way when the timeout strikes, and refused after it › the timeout holds', async () => {
    const { clock, control, jobs } = hurried()
    const hold = gate()
    const late = gate()
    const codes: string[] = []
    jobs.work(
      handle(job, async ({ succeed, signal }) => {
        signal.addEventListener('abort', () => codes.push(signal.reason.code))
        control.before['exchange'] = async () => {
          await late.promise
          away()
        }
        await succeed('x').catch(() => {})
        await hold.promise
      }),
      { lease: '1h', poll: '1h' },
    )
    const { id } = await jobs.enqueue(job, 1, { timeout: '5s' })
    await clock.advance('6s')
    assert.deepEqual(codes, [])
    late.open()
    await settled(clock)
    delete control.before['exchange']
    await clock.advance('5s')
    assert.deepEqual([codes, (await jobs.get(id))?.error?.code], [['JOB_TIMEOUT'], 'JOB_TIMEOUT'])
    hold.open()
    await settled(clock)
  })
})

test('a store that answers a claim with a type that was not asked for › that job is left to its lease, the others run', async () => {
  const { clock, store, another, jobs: look } = world()
  const control = watched(store)
  const jobs = another({ store: control.store })
  const errors: string[] = []
  jobs.on('error', ({ error }) => errors.push(error.message))
  const stranger = await look.enqueue(other, 1)
  const { id } = await look.enqueue(job, 1)
  control.before['exchange'] = (...[batch]: never[]) => {
    for (const claim of (batch as unknown as { claims?: { from: { types: string[] }[] }[] }).claims ?? [])
      for (const from of claim.from) from.types.push('other')
  }
  const worker = jobs.work(handle(job, () => {}))
  await settled(clock)
  assert.deepEqual(
    [(await look.get(id))?.state, (await look.get(stranger.id))?.state, worker.active],
    ['succeeded', 'running', 0],
  )
  assert.match(errors.join(), /a job of type "other", which was not asked for/)
})

test('a logger that throws › kills nobody', async () => {
  const { clock, store, another } = world()
  const control = watched(store)
  const logger = {
    debug() {},
    info() {},
    warn() {},
    error() {
      throw new Error('disk full')
    },
  }
  const jobs = another({ store: control.store, logger })
  jobs.work(handle(job, () => {}))
  await settled(clock)
  control.before['exchange'] = away
  await clock.advance('5s')
  delete control.before['exchange']
  const { id } = await jobs.enqueue(job, 1)
  await clock.advance('5s')
  assert.equal((await jobs.get(id))?.state, 'succeeded')
})

test('a deaf handler › keeps no timer once its worker has stopped', async () => {
  const { clock, jobs } = world()
  const hold = gate()
  const worker = jobs.work(handle(job, () => hold.promise))
  await jobs.enqueue(job, 1, { timeout: '1s' })
  await clock.advance('1s')
  const stopped = worker.stop({ grace: 0 })
  await clock.advance('2s')
  await stopped
  assert.equal(nextAt(clock), null)
  hold.open()
})
