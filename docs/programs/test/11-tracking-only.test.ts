import { afterAll, expect, it, vi } from 'vitest'

const log = vi.spyOn(console, 'log').mockImplementation(() => {})
const { job, jobs } = await import('../11-tracking-only.js')
const printed = [...log.mock.calls]
afterAll(() => jobs.close())

it('11 · tracking only › unawaited calls are written in the order they were made, and what comes too late is refused', async () => {
  expect(printed).toEqual([['WRONG_STATE']])
  const done = await jobs.get(job.jobId)
  expect([done?.state, done?.result, done?.progress]).toEqual([
    'succeeded',
    { documentId: 'doc_123' },
    { percent: 50, message: 'Analysing…' },
  ])
  expect((await jobs.audit(job.jobId)).map((event) => [event.type, event.to])).toEqual([
    ['enqueued', 'waiting'],
    ['progressed', 'waiting'],
    ['started', 'running'],
    ['progressed', 'running'],
    ['succeeded', 'succeeded'],
  ])
})

it('11 · tracking only › its lane is set to keep what is over for five minutes', async () => {
  const lane = (await jobs.queues()).find((one) => one.name === 'tracking')
  expect(lane?.settings.retention).toBe(5 * 60_000)
})
