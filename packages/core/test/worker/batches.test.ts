import assert from 'node:assert/strict'
import { defineJob, handleBatch } from '@stint/core'
import { describe, test } from 'vitest'
import { settled, world } from '../queue/world.js'

const job = defineJob({ type: 'job', backoff: { kind: 'fixed', base: '10s', jitter: false } })

describe('batches', () => {
  test('one call for many; verbs settle one by one, the rest succeeds', async () => {
    const { clock, jobs } = world()
    const sizes: number[] = []
    jobs.work(
      handleBatch(
        job,
        async (batch) => {
          sizes.push(batch.length)
          await Promise.all(
            batch.filter((one) => one.payload === 3).map((one) => one.fail('refused', { retry: false })),
          )
          await batch[0]?.succeed('first')
        },
        { size: 4 },
      ),
    )
    const made = await jobs.enqueueMany([1, 2, 3, 4, 5, 6].map((payload) => ({ job, payload })))
    await settled(clock)
    assert.deepEqual(sizes, [4, 2])
    const states = await Promise.all(
      made.map(async ({ id }) => [(await jobs.get(id))?.state, (await jobs.get(id))?.result]),
    )
    assert.deepEqual(states, [
      ['succeeded', 'first'],
      ['succeeded', null],
      ['failed', null],
      ['succeeded', null],
      ['succeeded', 'first'],
      ['succeeded', null],
    ])
  })

  test('a call that throws › what is left fails with that error', async () => {
    const { clock, jobs } = world()
    jobs.work(
      handleBatch(
        job,
        async (batch) => {
          await batch[0]?.succeed('done')
          throw new Error('all of them')
        },
        { size: 3 },
      ),
    )
    const made = await jobs.enqueueMany([1, 2, 3].map((payload) => ({ job, payload, maxAttempts: 1 })))
    await settled(clock)
    const states = await Promise.all(
      made.map(async ({ id }) => (await jobs.get(id))?.error?.message ?? (await jobs.get(id))?.state),
    )
    assert.deepEqual(states, ['succeeded', 'all of them', 'all of them'])
  })

  test('`wait` › gathers a full batch, and goes with what there is when the time is over', async () => {
    const { clock, jobs } = world()
    const batches: unknown[][] = []
    jobs.work(
      handleBatch(job, (batch) => void batches.push(batch.map((one) => one.payload)), { size: 3, wait: '50ms' }),
    )
    await jobs.enqueue(job, 1)
    await settled(clock)
    await jobs.enqueue(job, 2)
    await settled(clock)
    assert.deepEqual(batches, [])
    await jobs.enqueue(job, 3)
    await settled(clock)
    assert.deepEqual(batches, [[1, 2, 3]])
    await jobs.enqueue(job, 4)
    await clock.advance('49ms')
    assert.equal(batches.length, 1)
    await clock.advance('1ms')
    assert.deepEqual(batches[1], [4])
  })

  test('stopped while gathering › given back at no cost', async () => {
    const { clock, jobs } = world()
    const worker = jobs.work(handleBatch(job, () => {}, { size: 3, wait: '1m' }))
    const { id } = await jobs.enqueue(job, 1)
    await settled(clock)
    assert.equal((await jobs.get(id))?.state, 'running')
    await worker.stop()
    assert.deepEqual([(await jobs.get(id))?.state, (await jobs.get(id))?.attempt], ['queued', 0])
  })
})
