import { type Change, isStintError, type Store } from '@stint/core'
import { checkInvariants } from '@stint/core/conformance'
import { describe, expect, inject, test } from 'vitest'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { postgresStore } from '../src/index.js'
import { ask, destroy, newSchema, url } from './support/place.js'

const draft = (type: string) => ({ type, actor: null, detail: null })
const STORM_MS = 4000
const ids = Array.from({ length: 60 }, (_, n) => `job-${String(n).padStart(2, '0')}`)
const some = (count: number): string[] => [...ids].sort(() => Math.random() - 0.5).slice(0, count)

type Act = (store: Store) => Promise<unknown>

/** Thirty keys that all want: one may have to be asked for again when others are granted already, so these may deadlock, and are undone and repeated inside. */
const CONTENDED: Act = (store) =>
  store.exchange({ inserts: some(20).map((id) => newJob(id, { key: `key-${Number(id.slice(4)) % 30}` })) })

/** Everything that contends for the same jobs, in orders that differ. */
const ACTS: readonly Act[] = [
  (store) => store.exchange({ inserts: some(20).map((id) => newJob(id, { key: `key-${id}` })) }),
  (store) => store.exchange({ inserts: some(10).map((id) => newJob(id)) }),
  async (store) => {
    const claims = [claimOf(`token-${Math.random()}`, { max: 15, from: [{ queue: 'mail', limit: 15 }] })]
    const [taken] = (await store.exchange({ claims })).claims
    const changes = (taken?.jobs ?? []).map((job, n): Change => {
      const guard = { token: job.lease?.token ?? '' }
      const state = n % 3 ? 'succeeded' : 'queued'
      return { id: job.id, guard, set: { state }, event: draft(state === 'queued' ? 'released' : 'succeeded') }
    })
    await store.exchange({
      changes: changes.map((change) =>
        change.set.state === 'queued' ? { ...change, set: { ...change.set, attempt: 0 } } : change,
      ),
      claims: [claimOf(`token-${Math.random()}`, { max: 5, from: [{ queue: 'mail', limit: 5 }] })],
    })
  },
  (store) =>
    store.exchange({
      changes: some(20).map((id) => ({
        id,
        guard: { states: ['waiting', 'queued', 'leased', 'running'] },
        set: { state: 'cancelled' },
        event: draft('cancelled'),
      })),
    }),
  async (store) => {
    const jobs = (await store.get(some(20))).filter((job) => job !== null)
    await store.exchange({
      changes: jobs.map(({ id, version }) => ({
        id,
        guard: { version, states: ['failed', 'dead', 'cancelled'] },
        set: { state: 'queued', attempt: 0, run: { inMs: 0 } },
        event: draft('retried'),
      })),
    })
  },
  async (store) => {
    const jobs = (await store.get(some(20))).filter((job) => job !== null)
    await store.exchange({
      changes: jobs.map(({ id, version }) => ({
        id,
        guard: { version, states: ['queued'] },
        set: { run: { inMs: -(Date.now() % 50) + 50 }, priority: version % 100 },
        event: draft('rescheduled'),
      })),
    })
  },
  async (store) => {
    const jobs = (await store.get(some(10))).filter((job) => job !== null)
    await store.remove(jobs.map(({ id, version }) => ({ id, version })))
  },
  (store) => store.list({ walk: 'lease', overOnly: true, limit: 100 }),
]

/** Answers with the deadlocks that the server counted, none of which any caller heard of. */
async function stormed(acts: readonly Act[]): Promise<number> {
  const schema = newSchema('storm')
  const stores = Array.from({ length: 4 }, () => postgresStore({ url: url(), schema, max: 1, listen: false }))
  for (const store of stores) await store.open()
  const deadlocks = async (): Promise<number> =>
    Number((await ask<{ n: string }>('select sum(deadlocks) as n from pg_stat_database'))[0]?.n)
  const before = await deadlocks()
  const end = performance.now() + STORM_MS
  const errors: unknown[] = []
  let calls = 0
  await Promise.all(
    stores.map(async (store) => {
      while (performance.now() < end) {
        const act = acts[Math.floor(Math.random() * acts.length)] as Act
        await act(store).catch((error: unknown) =>
          errors.push(isStintError(error) ? `${error.code} ${error.message}` : error),
        )
        calls++
      }
    }),
  )
  expect(errors).toEqual([])
  expect(calls).toBeGreaterThan(100)
  await checkInvariants(stores[0] as Store)
  for (const store of stores) await store.close()
  // A backend tells its numbers when it ends.
  await expect
    .poll(() => ask('select 1 from pg_stat_activity where application_name = $1', [`stint ${schema}`]))
    .toEqual([])
  await destroy(schema)
  return (await deadlocks()) - before
}

describe.skipIf(inject('postgresUrl') === null)('four connections over the same jobs', () => {
  test(`everything at once for ${STORM_MS} ms › no deadlock, no error, and all clauses hold behind it [GUARD-3, ATOM-3, COUNT-1]`, async () => {
    expect(await stormed(ACTS)).toBe(0)
  }, 60_000)

  test(`that want the same unique keys besides › no error, and all clauses hold behind it [UNIQ-1, UNIQ-4, COUNT-1]`, async () => {
    await stormed([...ACTS, CONTENDED, CONTENDED])
  }, 60_000)
})

describe.skipIf(inject('postgresUrl') === null)('updates of jobs', () => {
  test('a life of 2,000 jobs › nearly all are HOT', async () => {
    const schema = newSchema('hot')
    const store = postgresStore({ url: url(), schema, max: 2, listen: false })
    await store.open()
    for (let at = 0; at < 2000; at += 100) {
      await store.exchange({
        inserts: Array.from({ length: 100 }, (_, n) =>
          newJob(`job-${at + n}`, { payload: JSON.stringify('x'.repeat(100)) }),
        ),
      })
      const [taken] = (await store.exchange({ claims: [claimOf(`t-${at}`, { max: 100 })] })).claims
      const jobs = taken?.jobs ?? []
      expect(jobs).toHaveLength(100)
      await store.exchange({ beats: jobs.map(({ id }) => ({ id, token: `t-${at}`, leaseMs: 60_000 })) })
      await store.exchange({
        changes: jobs.map(({ id }) => ({
          id,
          guard: { token: `t-${at}` },
          set: { state: 'succeeded', result: '1' },
          event: draft('succeeded'),
        })),
      })
    }
    await store.close()
    const share = async () => {
      const [row] = await ask<{ hot: string; all: string }>(
        'select n_tup_hot_upd as hot, n_tup_upd as all from pg_stat_user_tables where schemaname = $1 and relname = $2',
        [schema, 'job'],
      )
      return Number(row?.all) === 6000 ? Number(row?.hot) / 6000 : 0
    }
    await expect.poll(share, { timeout: 5000 }).toBeGreaterThan(0.95)
    await destroy(schema)
  }, 30_000)
})
