import assert from 'node:assert/strict'
import { defineJob, handle, JobQueue, memoryStore, unchecked } from '@stint/core'
import { test } from 'vitest'

const greet = defineJob({ type: 'greet', payload: unchecked<{ name: string }>(), result: unchecked<string>() })

test('one job › from enqueue to its audit trail', async () => {
  await using jobs = new JobQueue({ store: memoryStore() })
  jobs.work(
    handle(greet, async ({ payload, log }) => {
      await log('greeting')
      return `hello ${payload.name}`
    }),
  )
  const job = await jobs.enqueue(greet, { name: 'Ada' })
  assert.equal(await jobs.result(job, { timeout: '5s' }), 'hello Ada')
  const trail = await jobs.audit(job.id)
  assert.deepEqual(
    trail.map((event) => [event.seq, event.type, event.from, event.to]),
    [
      [1, 'enqueued', null, 'queued'],
      [2, 'leased', 'queued', 'running'],
      [3, 'succeeded', 'running', 'succeeded'],
    ],
  )
  assert.equal((await jobs.logs(job.id))[0]?.message, 'greeting')
})
