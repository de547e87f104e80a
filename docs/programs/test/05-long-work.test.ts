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

it('5 · long work › a worker that stops saves where it was, and the next one goes on there at no cost of an attempt', async () => {
  while (worker.active > 0) await setImmediate() // the cancelled run, if it had begun
  imported.length = 0
  const long = await jobs.enqueue(importFile, { rows: 3000 })
  await untilImported(1500)
  await worker.stop({ grace: 0 })
  const released = await jobs.get(long.id)
  expect([released?.state, released?.attempt, released?.progress]).toEqual(['queued', 0, { done: 1000, of: 3000 }])
  const rowsOfTheFirst = imported.length

  jobs.work(onImport)
  expect((await jobs.wait(long, { timeout: '10s' })).attempt).toBe(1)
  expect(imported).toEqual(Array.from({ length: 3000 }, (_, row) => row)) // no row twice, none left out
  expect(rowsOfTheFirst).toBeLessThan(3000)
  expect((await jobs.logs(long.id)).map((line) => line.message)).toEqual(['all rows imported'])
  expect((await jobs.audit(long.id)).map((event) => event.type)).toEqual([
    'enqueued',
    'leased',
    'released',
    'leased',
    'succeeded',
  ])
})
