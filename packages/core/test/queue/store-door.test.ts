import assert from 'node:assert/strict'
import { JobQueue, memoryStore, StintError, type Store } from '@stint/core'
import { testClock } from '@stint/core/testing'
import { describe, test } from 'vitest'
import { job } from './in-state.js'
import { codeOf, settled, world } from './world.js'

/** A store whose opening, or whose first read of settings, fails so many times. */
function reluctant(store: Store<never, false>, of: 'open' | 'settings', times: number) {
  const control = {
    opened: 0,
    closed: 0,
    store: new Proxy(store, {
      get(target, key) {
        const value = Reflect.get(target, key, target) as unknown
        if (typeof value !== 'function') return value
        return (...args: never[]) => {
          if (key === 'open') control.opened++
          if (key === 'close') control.closed++
          if (key === of && times-- > 0)
            return Promise.reject(new StintError('STORE_UNAVAILABLE', 'not yet', { store: 'test' }))
          return value.apply(target, args) as unknown
        }
      },
    }),
  }
  return control
}

describe('the door to the store', () => {
  test('new does no I/O; the first call opens, and only it, however many come at once', async () => {
    const control = reluctant(memoryStore(), 'open', 0)
    const jobs = new JobQueue({ store: control.store, sweep: false })
    await settled(testClock())
    assert.equal(control.opened, 0)
    await Promise.all([
      jobs.enqueue(job, 1),
      jobs.stats(),
      jobs.open(),
      jobs.claim({ workerId: 'w' }),
      jobs.track(job, 1).written,
    ])
    assert.equal(control.opened, 1)
    await jobs.close()
    assert.equal(control.closed, 1)
  })

  test.each(['open', 'settings'] as const)(
    '%s fails › shows in each call that needed it; the next call tries again',
    async (of) => {
      const control = reluctant(memoryStore(), of, 2)
      const jobs = new JobQueue({ store: control.store, sweep: false })
      const first = await Promise.all([
        codeOf(jobs.enqueue(job, 1)),
        codeOf(jobs.stats()),
        codeOf(jobs.track(job, 1).written),
      ])
      assert.deepEqual(first, ['STORE_UNAVAILABLE', 'STORE_UNAVAILABLE', 'STORE_UNAVAILABLE'])
      assert.equal(await codeOf(jobs.open()), 'STORE_UNAVAILABLE')
      assert.equal((await jobs.enqueue(job, 1)).isNew, true)
      assert.equal(await jobs.count(), 1)
      await jobs.close()
    },
  )

  test('a promise of a store › opened when it comes; its clock is the queue’s from then on', async () => {
    const clock = testClock()
    let come: (store: Store<never, false>) => void = () => {}
    const jobs = new JobQueue<never, false>({
      store: new Promise<Store<never, false>>((resolve) => (come = resolve)),
      sweep: false,
    })
    const pending = jobs.enqueue(job, 1)
    const tracked = jobs.track(job, 1)
    come(memoryStore({ clock }))
    assert.equal((await pending).createdAt.toISOString(), '2030-01-01T00:00:00.000Z')
    assert.equal((await tracked.written).state, 'waiting')
    const waiting = codeOf(jobs.wait((await pending).id, { timeout: '1h' }))
    await clock.advance('1h')
    assert.equal(await waiting, 'WAIT_TIMEOUT')
    await jobs.close()
  })

  test('a promise that rejects › never an unhandled rejection, whether or not anybody calls; close works', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const jobs = new JobQueue({ store: Promise.reject<never>(new Error('no such place')) })
    await settled(testClock())
    assert.match(await codeOf(jobs.stats()), /no such place/)
    assert.match(await codeOf(jobs.stats()), /no such place/)
    await jobs.close()
    assert.equal(await codeOf(jobs.stats()), 'QUEUE_CLOSED')
    process.off('unhandledRejection', note)
    assert.deepEqual(unhandled, [])
  })

  test('a promise of something else › TypeError in the call', async () => {
    const jobs = new JobQueue({ store: Promise.resolve({} as never) })
    assert.match(await codeOf(jobs.stats()), /^TypeError: store: expected a Stint store/)
    await jobs.close().catch(() => {})
  })

  test('a queue that was never used › closes its store; `await using` closes it too', async () => {
    const idle = reluctant(memoryStore(), 'open', 0)
    await new JobQueue({ store: idle.store }).close()
    const used = reluctant(memoryStore(), 'open', 0)
    {
      await using jobs = new JobQueue({ store: used.store, sweep: false })
      await jobs.open()
    }
    assert.deepEqual([idle.opened, idle.closed, used.closed], [0, 1, 1])
  })

  test('withTx on a store without transactions › UNSUPPORTED at run time, `never` by type', async () => {
    const { jobs } = world()
    await jobs.open()
    const call = () => jobs.withTx({} as never)
    assert.throws(call, (error) => error instanceof StintError && error.code === 'UNSUPPORTED')
    assert.throws(call, { details: { store: 'memory', ability: 'transactions' } })
    // @ts-expect-error memory takes no transaction
    assert.throws(() => jobs.withTx({}), { code: 'UNSUPPORTED' })
  })
})
