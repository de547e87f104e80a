import { setImmediate } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { imported, importFile, job, jobs, onImport, worker } from '../05-long-work.js'

afterAll(() => jobs.close())

/** Turns of the event loop, in which the handler goes on, until `rows` are imported. */
async function untilImported(rows: number): Promise<void> {
  while (imported.length < rows) await setImmediate()
}

it('5 · long work › a cancel ends it, from queued or running, with who and why in the trail', async () => {
  expect((await jobs.get(job.id))?.state).toBe('cancelled')
  const end = (await jobs.audit(job.id)).at(-1)
  expect([end?.type, end?.actor, end?.reason]).toEqual(['cancelled', 'ada', 'wrong file'])
})

it('5 · long work › a cancel of a running import stops its handler between two rows', async () => {
  while (worker.active > 0) await setImmediate() // the program's own cancelled run, if it had begun
  imported.length = 0
  const long = await jobs.enqueue(importFile, { rows: 1e6 })
  await untilImported(100)
  await jobs.cancel(long.id, { actor: 'ada' })
  while (worker.active > 0) await setImmediate()
  // By its signal: a handler that does not look at it goes on to the checkpoint of row 1000, which is refused.
  expect(imported.length).toBeLessThanOrEqual(1000)
  expect((await jobs.audit(long.id)).map((event) => event.type)).toEqual(['enqueued', 'leased', 'cancelled'])
  expect(await jobs.logs(long.id)).toEqual([])
})

it('5 · long work › a worker that stops saves where it was, and the next one goes on there at no cost of an attempt', async () => {
  while (worker.active > 0) await setImmediate()
  imported.length = 0
  const rows = 30_000 // more than any machine imports in the turn of a timer that it takes until the signal aborts
  const long = await jobs.enqueue(importFile, { rows })
  await untilImported(1500)
  await worker.stop({ grace: 0 })
  const rowsOfTheFirst = imported.length
  expect(rowsOfTheFirst).toBeLessThan(rows)
  const released = await jobs.get(long.id)
  const done = Math.floor((rowsOfTheFirst - 1) / 1000) * 1000 // of the last row that reports
  expect([released?.state, released?.attempt, released?.progress]).toEqual(['queued', 0, { done, of: rows }])

  jobs.work(onImport)
  expect((await jobs.wait(long, { timeout: '10s' })).attempt).toBe(1)
  expect(imported).toEqual(Array.from({ length: rows }, (_, row) => row)) // no row twice, none left out
  expect((await jobs.logs(long.id)).map((line) => line.message)).toEqual(['all rows imported'])
  expect((await jobs.audit(long.id)).map((event) => event.type)).toEqual([
    'enqueued',
    'leased',
    'released',
    'leased',
    'succeeded',
  ])
})
