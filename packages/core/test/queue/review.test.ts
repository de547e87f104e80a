import assert from 'node:assert/strict'
import { handle, StintError } from '@stint/core'
import { describe, test } from 'vitest'
import { runtimeIn } from '../../src/runtime.js'
import { job } from './in-state.js'
import { watched } from './watched-store.js'
import { codeOf, gate, settled, world } from './world.js'

const away = (): never => {
  throw new StintError('STORE_UNAVAILABLE', 'away', { store: 'memory' })
}

/** When the next timer of that virtual time is due. */
const nextAt = (clock: object): number | null => (clock as { nextAt: number | null }).nextAt

/** Lets promises run that no store call and no time stands behind. */
async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('capacity', () => {
  test('a look that fails in the middle of a round › whose job is on its way is told what became of it', async () => {
    const { store, another } = world()
    const control = watched(store)
    const jobs = another({ store: control.store, queues: { default: { maxQueued: 2 } } })
    await jobs.open()
    const late = gate()
    control.before['get'] = away
    control.after['exchange'] = () => {
      control.before['exchange'] = () => late.promise
    }
    // The first is a round by itself; the others are the next one: one that has room, and one that must be looked at.
    const [first, second, third] = [1, 2, 3].map((payload) => codeOf(jobs.enqueue(job, payload)))
    assert.deepEqual([await first, await third], ['resolved', 'STORE_UNAVAILABLE'])
    late.open()
    assert.equal(await second, 'resolved')
    assert.equal((await jobs.stats()).queued, 2)
  })
})

describe('the settings of a lane', () => {
  test('configured while an older read of them is under way › hold from then on', async () => {
    const { clock, store, another } = world()
    const control = watched(store)
    const jobs = another({ store: control.store })
    await jobs.open()
    await clock.advance('6s')
    const late = gate()
    control.after['settings'] = () => {
      delete control.after['settings']
      return late.promise
    }
    const first = jobs.enqueue(job, 1) // reads them again, they are old
    await turns()
    const configured = jobs.configure('default', { maxQueued: 1 })
    await turns()
    late.open()
    await Promise.all([first, configured])
    assert.equal(await codeOf(jobs.enqueue(job, 2)), 'QUEUE_FULL')
  })

  test('that could not be read › are not taken for fresh by the next enqueue', async () => {
    const { clock, store, another, jobs: other } = world()
    const control = watched(store)
    const jobs = another({ store: control.store })
    await jobs.enqueue(job, 1)
    await other.configure('default', { maxQueued: 1 })
    await clock.advance('6s')
    control.before['settings'] = away
    assert.equal(await codeOf(jobs.enqueue(job, 2)), 'STORE_UNAVAILABLE')
    delete control.before['settings']
    assert.equal(await codeOf(jobs.enqueue(job, 3)), 'QUEUE_FULL')
  })
})

describe('close', () => {
  test('a handler that waits for another job when its grace is over › does not hold it up', async () => {
    const { clock, jobs } = world()
    const begun = gate()
    const codes: Promise<string>[] = []
    jobs.work(
      handle(job, async () => {
        await begun.promise
        const child = await jobs.enqueue(job, 'child', { delay: '2h' })
        codes.push(codeOf(jobs.wait(child, { timeout: '1h' })))
        await codes[0]
      }),
    )
    await jobs.enqueue(job, 1)
    await settled(clock)
    let isClosed = false
    const closing = jobs.close({ grace: '1s' }).then(() => {
      isClosed = true
    })
    begun.open()
    await clock.advance('10s')
    assert.deepEqual([isClosed, await codes[0]], [true, 'QUEUE_CLOSED'])
    await closing
  })

  test('with a claim under way › what it brings goes back at no cost, since nobody could settle it any more', async () => {
    const { store, another } = world()
    const control = watched(store)
    const jobs = another({ store: control.store })
    const { id } = await jobs.enqueue(job, 1)
    const late = gate()
    control.before['exchange'] = () => {
      delete control.before['exchange']
      return late.promise
    }
    const claimed = jobs.claim({ workerId: 'w' })
    await turns()
    // Its memory is gone with the store, so we look before that.
    const seen: unknown[] = []
    control.before['close'] = async () => {
      const [record] = await store.get([id])
      seen.push(record?.state, record?.attempt)
    }
    const closing = jobs.close()
    late.open()
    assert.deepEqual(await claimed, [])
    await closing
    assert.deepEqual(seen, ['queued', 0])
  })

  test('a malformed grace › TypeError, and nothing is half closed', async () => {
    const { jobs } = world()
    await assert.rejects(jobs.close({ grace: 'soon' as never }), /grace: expected a duration/)
    await jobs.enqueue(job, 1)
    await jobs.close()
    assert.equal(await codeOf(jobs.enqueue(job, 1)), 'QUEUE_CLOSED')
  })

  test('a feed whose look is under way › ends with it, and leaves no timer and no subscription', async () => {
    const { clock, store, another } = world()
    const control = watched(store)
    const jobs = another({ store: control.store })
    await jobs.open()
    const late = gate()
    control.after['feed'] = () => late.promise
    const next = jobs.feed()[Symbol.asyncIterator]().next()
    await turns()
    const closing = jobs.close()
    await turns()
    late.open()
    await closing
    await turns()
    assert.equal(nextAt(clock), null)
    assert.deepEqual(await next, { value: undefined, done: true })
  })
})

describe('calls about one job, unawaited', () => {
  test('fail by its holder, then retry › commit in that order', async () => {
    const { jobs } = world()
    const { id } = await jobs.enqueue(job, 1)
    const [lease] = await jobs.claim({ workerId: 'w' })
    const failed = lease!.fail(new Error('for good'), { retry: false })
    const retried = jobs.retry(id)
    assert.deepEqual([(await failed).job.state, (await retried).state], ['failed', 'queued'])
  })

  test('a log line, then a success, by a token that travelled › the line is there', async () => {
    const { another, jobs } = world()
    const { id } = await jobs.enqueue(job, 1)
    const [lease] = await jobs.claim({ workerId: 'w' })
    const here = another()
    await here.open()
    const handle = here.lease(id, lease!.token)
    const logged = handle.log('almost')
    const ended = handle.succeed('done')
    assert.deepEqual([await codeOf(logged), (await ended).job.state], ['resolved', 'succeeded'])
    assert.deepEqual(
      (await jobs.logs(id)).map((line) => line.message),
      ['almost'],
    )
  })
})

test('maxFinished › a job that finishes in the very moment in which a trim ends is looked at too', async () => {
  for (let step = 0; step < 24; step++) {
    const { clock, store, another } = world()
    const control = watched(store)
    const jobs = another({ store: control.store, queues: { default: { maxFinished: 1 } } })
    await jobs.open()
    const { retention } = runtimeIn(jobs).late()
    control.after['stats'] = () => {
      delete control.after['stats']
      void (async () => {
        for (let passed = 0; passed < step; passed++) await undefined
        retention.finished('default')
      })()
    }
    retention.finished('default')
    await settled(clock)
    assert.equal(control.calls['stats'], 2, `${step} promises after the look`)
  }
})

test('redrive › a tag that is none is a TypeError', async () => {
  const { jobs } = world()
  await assert.rejects(jobs.redrive({ tag: 42 as never }), /tag: expected/)
})

test('retention › a lane that keeps thousands for longer does not stand in the way of the others for ever', async () => {
  const { clock, jobs, another } = world({ queues: { keeps: { retention: '365d' } } })
  const kept = await jobs.enqueueMany(Array.from({ length: 5200 }, () => ({ job, payload: 1, queue: 'keeps' })))
  await Promise.all(kept.map(({ id }) => jobs.cancel(id)))
  await clock.advance('1s')
  const old = await jobs.enqueue(job, 1)
  await jobs.cancel(old.id)
  await clock.advance('31d')
  another({ sweep: '5s' }).work(handle(job, () => {}))
  await clock.advance('30s')
  assert.deepEqual([await jobs.get(old.id), (await jobs.stats('keeps')).cancelled], [undefined, 5200])
})
