import { afterAll, expect, it } from 'vitest'
import { calls, jobs, row } from '../09-batches.js'

afterAll(() => jobs.close())

it('9 · batches › many jobs are one call; each ends by itself, and what is left succeeds', async () => {
  const rows = Array.from({ length: 600 }, (_, i) => (i % 100 === 7 ? `bad ${i}` : `row ${i}`))
  const enqueued = await jobs.enqueueMany(rows.map((payload) => ({ job: row, payload })))
  const ended = await Promise.all(enqueued.map((job) => jobs.wait(job, { timeout: '10s' })))
  expect(ended.filter((job) => job.state === 'succeeded').length).toBe(594)
  expect(ended.filter((job) => job.state === 'failed').map((job) => [job.payload, job.error?.message])).toEqual(
    rows.filter((payload) => payload.startsWith('bad')).map((payload) => [payload, 'refused']),
  )
  expect(calls.reduce((sum, size) => sum + size, 0)).toBe(600)
  expect(Math.max(...calls)).toBe(500)
})

it('9 · batches › a call that throws fails all of its jobs', async () => {
  calls.length = 0
  const enqueued = await jobs.enqueueMany(['fine', 'poison'].map((payload) => ({ job: row, payload })))
  const ended = await Promise.all(enqueued.map((job) => jobs.wait(job, { timeout: '10s' })))
  expect(ended.map((job) => [job.state, job.error?.message])).toEqual([
    ['dead', 'the whole statement failed'],
    ['dead', 'the whole statement failed'],
  ])
  expect(calls).toEqual([2])
})
