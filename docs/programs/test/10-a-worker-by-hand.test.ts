import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineJob, JobQueue } from '@stint/core'
import { sqliteStore } from '@stint/store-sqlite'
import { afterAll, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'stint-programs-'))
const path = join(folder, 'jobs.db')
const jobs = new JobQueue({ store: sqliteStore({ path }) })
afterAll(async () => {
  await jobs.close()
  rmSync(folder, { recursive: true, force: true })
})

it('10 · a worker by hand › two leases end well: one by its verbs, one by id, token and name alone', async () => {
  const frame = defineJob({ type: 'frame', queue: 'render' })
  const one = await jobs.enqueue(frame, { n: 1 }, { priority: 90 })
  const two = await jobs.enqueue(frame, { n: 2 }, { id: 'frame-2' })
  process.env.STORE_URL = `sqlite:${path}`
  await import('../10-a-worker-by-hand.js')

  expect(await jobs.result(one, { timeout: '1s' })).toEqual({ path: '/frames/1.png' })
  expect((await jobs.logs(one.id)).map((line) => line.message)).toEqual(['attempt 1, fence 2'])
  expect(await jobs.result(two, { timeout: '1s' })).toEqual({ ok: true })
  const trail = (await jobs.audit(two.id)).map((event) => [event.type, event.to, event.workerId])
  expect(trail).toEqual([
    ['enqueued', 'queued', null],
    ['leased', 'leased', 'studio-1'],
    ['succeeded', 'succeeded', 'studio-1'],
  ])
})
