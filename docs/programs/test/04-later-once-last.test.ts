import { handle } from '@stint/core'
import { afterAll, expect, it, vi } from 'vitest'

const log = vi.spyOn(console, 'log').mockImplementation(() => {})
const { jobs, index, edited } = await import('../04-later-once-last.js')
const printed = [...log.mock.calls]
afterAll(() => jobs.close())

const payloads = (found: readonly { readonly payload: unknown }[]): unknown[] => found.map((job) => job.payload)

it('4 · later, once, last › a key gives one job, and what is due comes in claim order', async () => {
  expect(printed).toEqual([[true, false]])
  const due = await jobs.list({ queue: 'default', type: 'report', due: true, order: 'claim' })
  expect(payloads(due.jobs)).toEqual([{ user: 'eve' }, { user: 'a' }, { user: 'b' }, { user: 'c' }])
  const all = await jobs.list({ queue: 'default', type: 'report', order: 'claim' })
  expect(payloads(all.jobs)[0]).toEqual({ user: 'bob' }) // priority 90 stands first in line, due in 2030
  const [ada] = all.jobs.filter((job) => (job.payload as { user: string }).user === 'ada')
  expect((ada?.runAt.getTime() ?? 0) - (ada?.createdAt.getTime() ?? 0)).toBe(2 * 3_600_000)
})

it('4 · later, once, last › edits of one document are one run with the last of them; an edit during the run makes one more', async () => {
  await edited(8)
  await edited(9)
  const revisions: number[] = []
  let editDuringTheRun: (() => Promise<unknown>) | null = () => edited(10)
  const worker = jobs.work(
    handle(index, async ({ payload }) => {
      revisions.push(payload.rev)
      await editDuringTheRun?.()
      editDuringTheRun = null
    }),
  )
  for (const rev of [9, 10]) {
    const job = await jobs.get({ queue: 'default', uniqueKey: 'doc:42' }, index)
    expect(job?.payload).toEqual({ doc: '42', rev })
    await jobs.reschedule(job?.id ?? '', { delay: 0 }) // five seconds later
    await jobs.wait(job?.id ?? '', { timeout: '10s' })
  }
  expect(revisions).toEqual([9, 10])
  await worker.stop()
})
