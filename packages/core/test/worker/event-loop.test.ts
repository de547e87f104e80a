import assert from 'node:assert/strict'
import { defineJob, handle, JobQueue, memoryStore } from '@stint/core'
import { test } from 'vitest'

const job = defineJob({ type: 'job' })

/** Turns of the event loop while `work` is under way. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let isOver = false
  const count = (): void => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  await work()
  isOver = true
  return turns
}

// A store in this process answers without the event loop: what only promises join would keep timers and sockets waiting.
test('a store in this process › leaves the event loop its turns: awaited writes, reads, a handler that reports, a drain', async () => {
  await using jobs = new JobQueue({ store: memoryStore() })
  await jobs.open()
  const writes = await turnsDuring(async () => {
    for (let i = 0; i < 200; i++) await jobs.enqueue(job, i)
  })
  const reads = await turnsDuring(async () => {
    for (let i = 0; i < 1000; i++) await jobs.get('none')
  })
  const drain = await turnsDuring(
    () =>
      new Promise<void>((resolve) => {
        let runs = 0
        jobs.work(
          handle(job, async ({ progress }) => {
            await progress(1)
            if (++runs === 200) resolve()
          }),
          { concurrency: 1 },
        )
      }),
  )
  assert.deepEqual([writes >= 90, reads >= 10, drain >= 90], [true, true, true], `${writes} ${reads} ${drain} turns`)
})
