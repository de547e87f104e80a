import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { handle } from '@stint/core'
import { afterAll, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'stint-programs-'))
const home = process.cwd()
process.chdir(folder) // the program's file is made where it runs
const { db, jobs, onReceipt, order, receipt } = await import('../08-your-transaction.js')
process.chdir(home)
afterAll(async () => {
  await jobs.close()
  db.close()
  rmSync(folder, { recursive: true, force: true })
})

const rows = (table: string): unknown[] => db.prepare(`SELECT id FROM ${table} ORDER BY id`).pluck().all()

it('8 · your transaction › the order and its job are written together, or not at all', async () => {
  order(1, true)
  expect(() => order(2, false)).toThrow('not paid')
  expect(rows('orders')).toEqual([1])
  expect((await jobs.list({ type: 'receipt' })).jobs.map((job) => job.payload)).toEqual([{ order: 1 }])
})

it('8 · your transaction › the receipt and the completion are written together', async () => {
  const worker = jobs.work(onReceipt)
  const [job] = (await jobs.list({ type: 'receipt' })).jobs
  expect((await jobs.wait(job?.id ?? '', { timeout: '10s' })).state).toBe('succeeded')
  expect(rows('receipts')).toEqual([1])
  await worker.stop()
})

it('8 · your transaction › a completion that is rolled back by a throw leaves neither, and the job is retried', async () => {
  let runs = 0
  const worker = jobs.work(
    handle(receipt, (held) =>
      db
        .transaction(() => {
          db.prepare('INSERT INTO receipts VALUES (?)').run(held.payload.order)
          const settled = jobs.withTx(db).succeed(held, undefined)
          if (++runs === 1) throw new Error('the printer is out of paper')
          return settled
        })
        .immediate(),
    ),
  )
  const job = await jobs.enqueue(receipt, { order: 3 }, { backoff: { kind: 'fixed', base: 0 } })
  const done = await jobs.wait(job, { timeout: '10s' })
  expect([done.state, done.attempt, runs, rows('receipts')]).toEqual(['succeeded', 2, 2, [1, 3]])
  await worker.stop()
})
