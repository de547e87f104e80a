import assert from 'node:assert/strict'
import { defineJob, handle, JobQueue, memoryStore, type StandardSchema } from '@stint/core'
import { testClock } from '@stint/core/testing'
import { describe, test } from 'vitest'
import { ALL_STATES, inState, job } from './in-state.js'
import { watched } from './watched-store.js'
import { codeOf, settled, world } from './world.js'

const ENDS = ['succeeded', 'failed', 'dead', 'cancelled'] as const
const doubled: StandardSchema<number, number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => (typeof value === 'number' ? { value: value * 2 } : { issues: [{ message: 'no number' }] }),
  },
}
const sum = defineJob({ type: 'sum', result: doubled })

describe('wait', () => {
  test.each(ENDS)('a job that is %s already › at once, and frozen', async (state) => {
    const here = world()
    const { id } = await inState(here, state)
    const done = await here.jobs.wait(id, { timeout: 0 })
    assert.deepEqual([done.state, Object.isFrozen(done)], [state, true])
    assert.deepEqual(await here.jobs.get(id), done)
  })

  test.each(ALL_STATES.filter((state) => !(ENDS as readonly string[]).includes(state)))(
    'a job that is %s › WAIT_TIMEOUT when its time is over and not before; it goes on',
    async (state) => {
      const here = world()
      const { id } = await inState(here, state)
      let error: { code?: string; details?: unknown } = {}
      here.jobs.wait(id, { timeout: '20s' }).catch((thrown) => {
        error = thrown
      })
      await here.clock.advance('19999ms')
      assert.deepEqual(error, {})
      await here.clock.advance('1ms')
      assert.deepEqual([error.code, error.details], ['WAIT_TIMEOUT', { jobId: id, state }])
      assert.equal((await here.jobs.get(id))?.state, state)
    },
  )

  test('an end in this process › told by a hint, without time passing', async () => {
    const here = world()
    const { id } = await here.jobs.enqueue(job, 1)
    const done = here.jobs.wait(id, { timeout: '1h' })
    await settled(here.clock)
    await here.jobs.cancel(id)
    assert.equal((await done).state, 'cancelled')
  })

  test('an end between the look and the sleep › is not slept over', async () => {
    const here = world()
    const control = watched(here.store)
    const waiting = here.another({ store: control.store })
    await waiting.open()
    const { id } = await here.jobs.enqueue(job, 1)
    // The store has answered "queued" when the job ends: its hint comes before anybody sleeps.
    control.after['get'] = async () => {
      delete control.after['get']
      await here.jobs.cancel(id)
    }
    const done = waiting.wait(id, { timeout: '1h' })
    await settled(here.clock)
    assert.equal((await done).state, 'cancelled')
    assert.equal(control.calls['get'], 2)
  })

  test('an end that nobody hints at › found by the poll, within half a second', async () => {
    const here = world()
    const { id } = await here.jobs.enqueue(job, 1)
    const deaf = here.another({ store: watched(here.store, { hints: false }).store })
    let state = ''
    void deaf.wait(id, { timeout: '1h' }).then((done) => {
      state = done.state
    })
    await here.clock.advance('10m')
    await here.jobs.cancel(id)
    await settled(here.clock)
    assert.equal(state, '')
    await here.clock.advance('500ms')
    assert.equal(state, 'cancelled')
  })

  test('no such job, or no id › JOB_NOT_FOUND at once; gone meanwhile, or given as a job › JOB_GONE', async () => {
    const here = world({ queues: { default: { maxFinished: 0 } } })
    for (const id of ['nobody', 'a b', ''])
      assert.equal(await codeOf(here.jobs.wait(id, { timeout: '1h' })), 'JOB_NOT_FOUND')
    const deaf = here.another({ store: watched(here.store, { hints: false }).store })
    const given = await here.jobs.enqueue(job, 1)
    const meanwhile = codeOf(deaf.wait(given.id, { timeout: '1h' }))
    await settled(here.clock)
    await here.jobs.cancel(given.id)
    await here.clock.advance('1s')
    assert.equal(await meanwhile, 'JOB_GONE')
    const error = await here.jobs.wait(given, { timeout: '1h' }).catch((thrown) => thrown)
    assert.deepEqual([error.code, error.details], ['JOB_GONE', { jobId: given.id }])
    assert.equal(await codeOf(here.jobs.wait(given.id, { timeout: '1h' })), 'JOB_NOT_FOUND')
  })

  test('without a timeout, or with none that is one › TypeError: nobody waits for ever', async () => {
    const { jobs } = world()
    const { id } = await jobs.enqueue(job, 1)
    for (const options of [
      undefined,
      {},
      { timeout: Number.POSITIVE_INFINITY },
      { timeout: '1 hour' },
      { timeout: -1 },
    ])
      assert.match(await codeOf(jobs.wait(id, options as never)), /^TypeError: timeout: expected a duration/)
  })

  test('its signal › ABORTED with the reason as cause, before and meanwhile; the job goes on', async () => {
    const here = world()
    const { id } = await here.jobs.enqueue(job, 1)
    assert.equal(await codeOf(here.jobs.wait(id, { timeout: '1h', signal: AbortSignal.abort() })), 'ABORTED')
    const stop = new AbortController()
    const waiting = here.jobs.wait(id, { timeout: '1h', signal: stop.signal }).catch((thrown) => thrown)
    await settled(here.clock)
    stop.abort(new Error('user left'))
    const error = await waiting
    assert.deepEqual(
      [error.code, (error.cause as Error).message, (await here.jobs.get(id))?.state],
      ['ABORTED', 'user left', 'queued'],
    )
  })

  test('with `as` › a job of another type is JOB_NOT_FOUND', async () => {
    const here = world()
    const { id } = await inState(here, 'succeeded')
    assert.equal(await codeOf(here.jobs.wait(id, { timeout: 0, as: sum })), 'JOB_NOT_FOUND')
    assert.equal(await codeOf(here.jobs.result(id, { timeout: 0, as: sum })), 'JOB_NOT_FOUND')
    assert.equal((await here.jobs.wait(id, { timeout: 0, as: job })).state, 'succeeded')
  })
})

describe('many waiters', () => {
  test('share one read a round, each job asked for once', async () => {
    const here = world()
    const control = watched(here.store, { hints: false })
    const waiting = here.another({ store: control.store })
    const made = await here.jobs.enqueueMany(Array.from({ length: 100 }, (_, i) => ({ job, payload: i })))
    await waiting.open()
    const asked: number[] = []
    control.before['get'] = (refs: readonly string[]) => void asked.push(refs.length)
    const done = [...made, ...made].map(({ id }) => waiting.wait(id, { timeout: '1h' }))
    await here.clock.advance('10s')
    assert.equal(asked.length <= 25, true, `${asked.length} reads in ten seconds`)
    assert.deepEqual([...new Set(asked.slice(1))], [100])
    await Promise.all(made.map(({ id }) => here.jobs.cancel(id)))
    await here.clock.advance('1s')
    assert.equal((await Promise.all(done)).length, 200)
    const reads = asked.length
    await here.clock.advance('1m')
    assert.equal(asked.length, reads, 'nobody waits, nobody looks')
  })

  test('an end that a hint names › costs a read of that job alone, however many wait for others', async () => {
    const here = world()
    const control = watched(here.store)
    const waiting = here.another({ store: control.store })
    const made = await here.jobs.enqueueMany(Array.from({ length: 100 }, (_, i) => ({ job, payload: i })))
    const done = made.map(({ id }) => waiting.wait(id, { timeout: '1h' }))
    await settled(here.clock)
    const asked: string[] = []
    control.before['get'] = (refs: readonly string[]) => void asked.push(...refs)
    for (const { id } of made.slice(0, 10)) {
      await here.jobs.cancel(id)
      await settled(here.clock)
    }
    assert.deepEqual(
      asked,
      made.slice(0, 10).map(({ id }) => id),
    )
    await Promise.all(made.slice(10).map(({ id }) => here.jobs.cancel(id)))
    await settled(here.clock)
    assert.equal((await Promise.all(done)).length, 100)
  })

  test('beside other processes that write without a pause › take a fifth of the time for looking, and no more', async () => {
    const clock = testClock()
    // Not the clock itself: time goes on while a call of the store is out.
    const control = watched(
      memoryStore({ clock: { now: () => clock.now(), after: (ms, run) => clock.after(ms, run) } }),
    )
    const listeners = new Set<(hint: object) => void>()
    const store = new Proxy(control.store, {
      get: (target, key) =>
        key === 'subscribe'
          ? (listener: (hint: object) => void) => {
              listeners.add(listener)
              return () => void listeners.delete(listener)
            }
          : Reflect.get(target, key),
    })
    const jobs = new JobQueue<never, false>({ store, sweep: false })
    const { id } = await jobs.enqueue(job, 1)
    let looks = 0
    control.before['get'] = () => {
      looks++
      return new Promise<void>((resolve) => void clock.after(20, resolve))
    }
    const done = jobs.wait(id, { timeout: '1h' })
    for (let ms = 0; ms < 2000; ms += 5) {
      for (const tell of listeners) tell({})
      await clock.advance(5)
    }
    assert.equal(looks >= 15 && looks <= 22, true, `${looks} looks of 20 ms in two seconds`)
    const cancelled = jobs.cancel(id)
    await clock.advance('1s')
    await cancelled
    assert.equal((await done).state, 'cancelled')
    await jobs.close()
  })

  test('more than fit into one read › all are answered', async () => {
    const here = world()
    const made = await here.jobs.enqueueMany(Array.from({ length: 1100 }, (_, i) => ({ job, payload: i })))
    const control = watched(here.store)
    const waiting = here.another({ store: control.store })
    await waiting.open()
    control.before['get'] = (refs: readonly string[]) => assert.equal(refs.length <= 500, true)
    const done = made.map(({ id }) => waiting.wait(id, { timeout: '1m' }))
    await settled(here.clock)
    for (let from = 0; from < 1100; from += 100)
      await Promise.all(made.slice(from, from + 100).map(({ id }) => here.jobs.cancel(id)))
    await here.clock.advance('1s')
    assert.equal(
      (await Promise.all(done)).every((one) => one.state === 'cancelled'),
      true,
    )
  })

  test('one ends, the others stay › each has an answer of its own', async () => {
    const here = world()
    const made = await here.jobs.enqueueMany([1, 2, 3].map((payload) => ({ job, payload })))
    const codes: string[] = []
    made.forEach(
      ({ id }, i) =>
        void codeOf(here.jobs.wait(id, { timeout: (i + 1) * 10_000 })).then((code) => codes.push(`${i} ${code}`)),
    )
    await here.clock.advance('5s')
    await here.jobs.cancel(made[1]!.id)
    await here.clock.advance('1h')
    assert.deepEqual(codes, ['1 resolved', '0 WAIT_TIMEOUT', '2 WAIT_TIMEOUT'])
  })
})

describe('an outage', () => {
  test('that ends in time › is waited out; one that does not › STORE_UNAVAILABLE when the time is over', async () => {
    const here = world()
    const control = watched(here.store)
    const waiting = here.another({ store: control.store })
    const { id } = await here.jobs.enqueue(job, 1)
    await waiting.open()
    const codes: string[] = []
    void codeOf(waiting.wait(id, { timeout: '10s' })).then((code) => codes.push(code))
    void codeOf(waiting.wait(id, { timeout: '1m' })).then((code) => codes.push(code))
    await here.clock.advance('1s')
    control.isAway = true
    await here.clock.advance('15s')
    assert.deepEqual(codes, ['STORE_UNAVAILABLE'])
    await here.jobs.cancel(id)
    control.isAway = false
    await here.clock.advance('1s')
    assert.deepEqual(codes, ['STORE_UNAVAILABLE', 'resolved'])
  })

  test('close › ends every wait with QUEUE_CLOSED', async () => {
    const here = world()
    const { id } = await here.jobs.enqueue(job, 1)
    const other = here.another({ store: watched(here.store).store })
    const codes = [codeOf(other.wait(id, { timeout: '1h' })), codeOf(other.result(id, { timeout: '1h' }))]
    await settled(here.clock)
    await other.close()
    assert.deepEqual(await Promise.all(codes), ['QUEUE_CLOSED', 'QUEUE_CLOSED'])
    assert.equal(await codeOf(other.wait(id, { timeout: '1h' })), 'QUEUE_CLOSED')
  })
})

describe('result', () => {
  test('the value as the schema gives it out, whoever defined it; undefined where nothing was returned', async () => {
    const here = world()
    here.jobs.work([handle(sum, () => 21), handle(job, () => {})])
    const [one, none] = [await here.jobs.enqueue(sum, 1), await here.jobs.enqueue(job, 1)]
    assert.equal(await here.jobs.result(one, { timeout: '1s' }), 42)
    assert.equal(await here.jobs.result(none, { timeout: '1s' }), undefined)
    const stranger = here.another()
    assert.equal(await stranger.result(one.id, { timeout: '1s' }), 21, 'without a definition as it is stored')
    assert.equal(await stranger.result(one.id, { timeout: '1s', as: sum }), 42)
    const done = await stranger.wait(one.id, { timeout: '1s', as: sum })
    assert.equal(done.state === 'succeeded' && done.result, 42)
  })

  test('that its schema does not accept › RESULT_INVALID', async () => {
    const here = world()
    const { id } = await here.jobs.enqueue(defineJob({ type: 'sum' }), 1)
    const [lease] = await here.jobs.claim({ workerId: 'w' })
    await here.another().lease(id, lease!.token).succeed('text')
    assert.equal(await codeOf(here.jobs.result(id, { timeout: 0, as: sum })), 'RESULT_INVALID')
  })

  test.each(['failed', 'dead', 'cancelled'] as const)(
    'of a job that is %s › JOB_NOT_SUCCEEDED, with the job',
    async (state) => {
      const here = world()
      const { id } = await inState(here, state)
      const error = await here.jobs.result(id, { timeout: 0 }).then(
        () => assert.fail('it succeeded'),
        (thrown) => thrown,
      )
      assert.deepEqual([error.code, error.details.job], ['JOB_NOT_SUCCEEDED', await here.jobs.get(id)])
    },
  )

  test('too late, gone, not there › as wait', async () => {
    const here = world()
    const { id } = await here.jobs.enqueue(job, 1)
    assert.equal(await codeOf(here.jobs.result(id, { timeout: 0 })), 'WAIT_TIMEOUT')
    assert.equal(await codeOf(here.jobs.result('nobody', { timeout: 0 })), 'JOB_NOT_FOUND')
  })
})
