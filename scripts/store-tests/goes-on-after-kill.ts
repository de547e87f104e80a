/** What must hold of a store whose server is killed and started again. */
import type { Store } from '@stint/core'
import { checkInvariants } from '@stint/core/conformance'
import { expect, test } from 'vitest'
import { claimOf, newJob } from '../../packages/core/test/table-store/build.js'
import type { OwnServer } from '../servers/server.js'
import { outcomeOf } from './outcome.js'

const WITHIN_MS = 5000
const event = { type: 'succeeded', actor: null, detail: null }

/** `server` is asked for within the tests; `storeOf` gives a store over a space, with a deadline of 2 s. */
export function goesOnAfterKill(server: () => OwnServer, storeOf: (space: string, listen: boolean) => Store): void {
  test('killed under load and started again › the same store goes on within 5 s, and what it acknowledged is there [FAULT-1, FAULT-3, FAULT-4]', async () => {
    const store = storeOf('killed', true)
    await store.open()
    const unsubscribe = store.subscribe(() => {})
    const acknowledged: string[] = []
    let isOver = false
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let n = 0; !isOver; n++) {
        const id = `job-${writer}-${n}`
        const outcome = await outcomeOf(store.exchange({ inserts: [newJob(id)] }))
        if (outcome === 'done') acknowledged.push(id)
        else {
          expect(['STORE_UNAVAILABLE', 'OUTCOME_UNKNOWN']).toContain(outcome)
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }
    })
    while (acknowledged.length < 100) await new Promise((resolve) => setImmediate(resolve))
    await server().kill()
    await server().start()
    const began = performance.now()
    const before = acknowledged.length
    while (acknowledged.length < before + 20) {
      expect(performance.now() - began).toBeLessThan(WITHIN_MS)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    isOver = true
    await Promise.all(writers)
    for (let at = 0; at < acknowledged.length; at += 500) {
      const jobs = await store.get(acknowledged.slice(at, at + 500))
      expect(jobs.filter((job) => job === null)).toEqual([])
    }
    await checkInvariants(store)
    unsubscribe()
    await store.close()
  }, 30_000)

  test('killed between a claim and its settle › the settle is accepted by the same store [FAULT-4, FENCE-4]', async () => {
    const store = storeOf('fenced', false)
    await store.open()
    await store.exchange({ inserts: [newJob('job')] })
    await store.exchange({ claims: [claimOf('token')] })
    await server().kill()
    await server().start()
    const settle = { id: 'job', guard: { token: 'token' }, set: { state: 'succeeded' }, event } as const
    let outcome: unknown
    for (let tries = 0; tries < 10 && outcome !== 'done'; tries++)
      outcome = await outcomeOf(store.exchange({ changes: [settle] }))
    expect(outcome).toBe('done')
    expect((await store.get(['job']))[0]?.state).toBe('succeeded')
    await store.close()
  }, 30_000)
}
