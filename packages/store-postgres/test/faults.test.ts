import type { JobRecord } from '@stint/core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { startOwn } from '../../../scripts/servers/find.ts'
import { postgres } from '../../../scripts/servers/postgres.ts'
import type { OwnServer } from '../../../scripts/servers/server.ts'
import { goesOnAfterKill } from '../../../scripts/store-tests/goes-on-after-kill.js'
import { outcomeOf } from '../../../scripts/store-tests/outcome.js'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { postgresStore } from '../src/index.js'

/** On a server of its own, which may be paused and killed. */
describe.skipIf(inject('postgresUrl') === null)('a server that fails', () => {
  let server: OwnServer
  beforeAll(async () => {
    server = await startOwn('postgres', postgres)
  }, 30_000)
  afterAll(() => server.stop())

  const DEADLINE_MS = 800
  /** `at`: the point at which the server stops. */
  const stopping = (at: string, schema: string) => {
    let isArmed = false
    const failpoint = (name: string): void => {
      if (isArmed && name === at) server.pause()
    }
    const store = postgresStore({ url: server.url, schema, deadline: DEADLINE_MS, max: 2, failpoint })
    return { store, arm: () => void (isArmed = true) }
  }

  for (const [what, at] of [
    ['a statement that commits by itself', 'exchange'],
    ['a transaction before its first statement', 'key'],
    ['a transaction before its commit', 'commit'],
  ] as const) {
    test(`stopped at ${what} and woken behind the deadline › what was rejected never takes effect [FAULT-5, FAULT-1, FAULT-2]`, async () => {
      const schema = `stopped_${at}`
      const { store, arm } = stopping(at, schema)
      const reader = postgresStore({ url: server.url, schema, listen: false })
      await store.open()
      await reader.open()
      const ids = [1, 2].map((n) => `job-${n}`)
      arm()
      const began = performance.now()
      // Two with keys go by a transaction, one alone by a statement.
      const inserts = at === 'exchange' ? [newJob('job-1')] : ids.map((id) => newJob(id, { key: id }))
      const outcome = await outcomeOf(store.exchange({ inserts }))
      const tookMs = performance.now() - began
      server.resume()
      expect(outcome).toBe(at === 'key' ? 'STORE_UNAVAILABLE' : 'OUTCOME_UNKNOWN')
      expect(tookMs).toBeLessThan(DEADLINE_MS + 1000)
      // Calls on other connections answer again; whatever the server had before them has had its time.
      for (let n = 0; n < 20; n++) {
        await reader.exchange({ inserts: [newJob(`later-${n}`)] })
        expect(await reader.get(ids)).toEqual([null, null])
      }
      await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS))
      expect(await reader.get(ids)).toEqual([null, null])
      await store.close()
      await reader.close()
    }, 20_000)
  }

  test('a server that answers nothing, on connections that are open and on new ones › ends every call at its deadline, and the store works again [FAULT-2, FAULT-4]', async () => {
    const store = postgresStore({ url: server.url, schema: 'silent', deadline: DEADLINE_MS, max: 3 })
    const late = postgresStore({ url: server.url, schema: 'silent', deadline: DEADLINE_MS })
    await store.open()
    const leave = store.subscribe(() => {})
    await store.exchange({ inserts: [newJob('job')] })
    const job = (await store.get(['job']))[0] as JobRecord
    const events = await store.events('job', { limit: 1 })
    // Three connections are there and silent; calls behind them wait for one, or make one that is never greeted.
    await Promise.all(['job', 'job', 'job'].map((id) => store.get([id])))
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      open: () => late.open(),
      now: () => store.now(),
      insert: () => store.exchange({ inserts: [newJob('other')] }),
      claim: () => store.exchange({ claims: [claimOf('token')] }),
      batch: () => store.exchange({ inserts: [newJob('third', { key: 'k' })], claims: [claimOf('second')] }),
      remove: () => store.remove([{ id: 'job', version: 1 }]),
      get: () => store.get(['job']),
      list: () => store.list({ walk: 'lease', overOnly: true, limit: 1 }),
      events: () => store.events('job', { limit: 1 }),
      feed: () => store.feed({ after: 'start', limit: 1 }),
      stats: () => store.stats(),
      settings: () => store.settings('paused'),
      configure: () => store.configure([{ kind: 'paused', name: 'mail', value: null }]),
      restore: async () => store.restore?.([{ job: { ...job, id: 'copy' }, events }]),
    }
    server.pause()
    const told = await Promise.all(
      Object.entries(calls).map(async ([name, call]) => {
        const began = performance.now()
        const outcome = await outcomeOf(call())
        return { name, outcome, isInTime: performance.now() - began < DEADLINE_MS + 500 }
      }),
    )
    server.resume()
    const wrong = told.filter(
      ({ outcome, isInTime }) => !isInTime || !['STORE_UNAVAILABLE', 'OUTCOME_UNKNOWN'].includes(String(outcome)),
    )
    expect(wrong).toEqual([])
    await expect.poll(() => outcomeOf(store.get(['job'])), { timeout: 5000 }).toBe('done')
    await expect.poll(() => outcomeOf(late.open()), { timeout: 5000 }).toBe('done')
    leave()
    await store.close()
    await late.close()
  }, 20_000)

  goesOnAfterKill(
    () => server,
    (schema, listen) => postgresStore({ url: server.url, schema, deadline: '2s', listen }),
  )
})
