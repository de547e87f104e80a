import assert from 'node:assert/strict'
import { handle, handleBatch, JobQueue } from '@stint/core'
import { describe, test } from 'vitest'
import { hostile, hostileLater, revoked } from '../rules/hostile.js'
import { inState, job } from './in-state.js'
import { settled, world } from './world.js'

const THINGS: [string, () => object][] = [
  ['a proxy that throws at everything', hostile],
  ['a proxy that throws once it is awaited', hostileLater],
  ['a revoked proxy', revoked],
]

describe.each(THINGS)('%s', (_name, thing) => {
  test('thrown by a handler › the attempt fails as by any error', async () => {
    const { clock, jobs } = world()
    jobs.work([
      handle(job, () => {
        throw thing()
      }),
    ])
    jobs.work(
      handleBatch(
        job,
        async () => {
          throw thing()
        },
        { size: 2 },
      ),
      { queues: ['batches'] },
    )
    const made = [await jobs.enqueue(job, 1), await jobs.enqueue(job, 1, { queue: 'batches' })]
    await settled(clock)
    for (const { id } of made) {
      const found = await jobs.get(id)
      assert.deepEqual([found?.state, found?.attempt, typeof found?.error?.message], ['queued', 1, 'string'])
    }
  })

  test('returned by a handler › a failure, or a result that is no JSON; the worker goes on', async () => {
    const { clock, jobs } = world()
    jobs.work(
      handle(job, ({ payload }) => (payload === 'hostile' ? thing() : 'fine')),
      { concurrency: 1 },
    )
    const [bad, good] = [await jobs.enqueue(job, 'hostile'), await jobs.enqueue(job, 1)]
    await settled(clock)
    assert.deepEqual([(await jobs.get(bad.id))?.error !== null, (await jobs.get(good.id))?.result], [true, 'fine'])
  })

  test('given to fail by hand, by a lease or a tracked job › kept as a failure', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'leased')
    await lease!.fail(thing())
    const tracked = here.jobs.track(job, 1)
    const { job: failed } = await tracked.fail(thing())
    assert.deepEqual([(await here.jobs.get(id))?.error?.name, failed.error?.name], ['Error', 'Error'])
  })

  test('thrown by a listener › told as trouble', async () => {
    const { jobs } = world()
    const told: string[] = []
    jobs.on('error', ({ error, doing }) => told.push(`${doing}: ${error.message}`))
    jobs.on('enqueued', () => {
      throw thing()
    })
    assert.equal((await jobs.enqueue(job, 1)).isNew, true)
    assert.deepEqual(told, ['a listener of enqueued: something that cannot be shown was thrown'])
  })
})

test('JobQueue without a store › TypeError that shows how it is made', () => {
  for (const options of [undefined, null, {}])
    assert.throws(() => new JobQueue(options as never), /JobQueue: expected \{ store \}/)
})
