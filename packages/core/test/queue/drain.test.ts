import assert from 'node:assert/strict'
import { defineJob, handle, handleBatch, unchecked } from '@stint/core'
import { drain } from '@stint/core/testing'
import { describe, test } from 'vitest'
import { job, trail } from './in-state.js'
import { world } from './world.js'

const child = defineJob({ type: 'child', payload: unchecked<number>(), queue: 'children' })

describe('drain', () => {
  test('works every due job, answers what ended, in order: by priority, due time, id', async () => {
    const { jobs } = world()
    const ran: unknown[] = []
    for (const [payload, priority] of [
      ['low', 10],
      ['high', 90],
      ['mid', 50],
    ] as const)
      await jobs.enqueue(job, payload, { priority })
    const ended = await drain(jobs, [handle(job, ({ payload }) => void ran.push(payload))])
    assert.deepEqual(ran, ['high', 'mid', 'low'])
    assert.deepEqual(
      ended.map((one) => [one.payload, one.state]),
      [
        ['high', 'succeeded'],
        ['mid', 'succeeded'],
        ['low', 'succeeded'],
      ],
    )
    assert.deepEqual(await drain(jobs, [handle(job, () => assert.fail('nothing is due'))]), [])
  })

  test('children that are enqueued on the way › are worked too, in whatever lane; one call at a time', async () => {
    const { jobs } = world()
    let running = 0
    const ran: number[] = []
    const onChild = handle(child, async ({ payload }) => {
      assert.equal(++running, 1)
      ran.push(payload)
      if (payload < 5) await jobs.enqueue(child, payload + 1, { queue: payload % 2 ? 'children' : 'elsewhere' })
      running--
    })
    await jobs.enqueue(child, 1)
    assert.equal((await drain(jobs, [onChild])).length, 5)
    assert.deepEqual(ran, [1, 2, 3, 4, 5])
  })

  test('what is not due, a retry that waits, a type without a handler › stay', async () => {
    const here = world()
    const { clock, jobs } = here
    let runs = 0
    const failing = handle(job, () => {
      if (++runs < 3) throw new Error('again')
    })
    await jobs.enqueue(job, 'later', { delay: '7d' })
    await jobs.enqueue(child, 1)
    const { id } = await jobs.enqueue(job, 1)
    assert.deepEqual(await drain(jobs, [failing]), [])
    assert.deepEqual([(await jobs.get(id))?.state, runs], ['queued', 1])
    await clock.advance('10s')
    assert.deepEqual(await drain(jobs, [failing]), [])
    await clock.advance('10s')
    assert.deepEqual(
      (await drain(jobs, [failing])).map((one) => [one.id, one.state]),
      [[id, 'succeeded']],
    )
    assert.deepEqual(await trail(here, id), ['enqueued', 'leased', 'failed', 'leased', 'failed', 'leased', 'succeeded'])
    await clock.advance('7d')
    assert.equal((await drain(jobs, [failing])).length, 1)
    assert.equal((await jobs.stats('children')).queued, 1)
  })

  test('every end › is answered: dead, failed, succeeded; snoozed and released ones are not', async () => {
    const { jobs } = world()
    const on = handle(job, ({ payload, snooze, fail }) => {
      if (payload === 'dead') throw new Error('no')
      if (payload === 'failed') return fail(new Error('no'), { retry: false })
      if (payload === 'snoozed') return snooze('1h')
      return 'done'
    })
    for (const payload of ['dead', 'failed', 'snoozed', 'done']) await jobs.enqueue(job, payload, { maxAttempts: 1 })
    assert.deepEqual(
      (await drain(jobs, [on])).map((one) => [one.payload, one.state, one.result]),
      [
        ['dead', 'dead', null],
        ['failed', 'failed', null],
        ['done', 'succeeded', 'done'],
      ],
    )
  })

  test('batch handlers › get batches of their size; beside single ones', async () => {
    const { jobs } = world()
    const sizes: number[] = []
    const onMany = handleBatch(
      child,
      async (batch) => {
        sizes.push(batch.length)
        await batch.find((one) => one.payload === 3)?.fail('refused', { retry: false })
      },
      { size: 4, wait: '1h' },
    )
    for (let i = 0; i < 6; i++) await jobs.enqueue(child, i)
    await jobs.enqueue(job, 1)
    const ended = await drain(jobs, [onMany, handle(job, () => {})])
    assert.deepEqual(
      [sizes, ended.length, ended.filter((one) => one.state === 'failed').map((one) => one.payload)],
      [[4, 2], 7, [3]],
    )
  })

  test('a paused lane › stays; a job whose holder is gone is taken over', async () => {
    const { clock, jobs } = world()
    await jobs.enqueue(child, 1)
    await jobs.pause('children')
    await jobs.enqueue(job, 1)
    await jobs.claim({ workerId: 'gone', lease: '1m' })
    const both = [handle(child, () => {}), handle(job, () => {})]
    assert.deepEqual(await drain(jobs, both), [])
    await clock.advance('1m')
    assert.deepEqual(
      (await drain(jobs, both)).map((one) => [one.type, one.attempt]),
      [['job', 2]],
    )
  })

  test('something that is no queue or no handler › TypeError', async () => {
    const { jobs } = world()
    await assert.rejects(drain({} as never, []), /^TypeError: expected a JobQueue/)
    await assert.rejects(drain(jobs, [job as never]), /^TypeError: .*handle/)
  })
})
