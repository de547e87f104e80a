import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob, handle, JobQueue, memoryStore, unchecked } from '@stint/core'
import { assertEnqueued, drain, refuteEnqueued, runJob, testClock } from '@stint/core/testing'

const remind = defineJob({ type: 'remind', payload: unchecked<{ user: string }>(), result: unchecked<string>() })
const onRemind = handle(remind, async ({ payload, log }) => {
  await log('sent')
  return `dear ${payload.user}`
})

test('a handler alone', async () => {
  const run = await runJob(onRemind, { user: 'ada' })
  assert.deepEqual(run.outcome === 'succeeded' && [run.result, ...run.logs], ['dear ada', 'sent'])
})

test('a week later', async () => {
  const clock = testClock()
  await using jobs = new JobQueue({ store: memoryStore({ clock }) }) // the queue runs on its store's clock
  await jobs.enqueue(remind, { user: 'ada' }, { delay: '7d' })
  await assertEnqueued(jobs, remind, { user: 'ada' })
  assert.equal((await drain(jobs, [onRemind])).length, 0) // nothing is due yet
  await clock.advance('7d')
  assert.equal((await drain(jobs, [onRemind]))[0]?.state, 'succeeded')
  await refuteEnqueued(jobs, remind)
})
