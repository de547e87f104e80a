/** What the sheet measures: each operation as the runtime sends it, about so many jobs at once. */
import assert from 'node:assert/strict'
import type { JobRecord } from '../../record.js'
import type { ChangeResult, ListQuery, Store } from '../../store.js'
import { cancel, expireTo, succeed } from '../stage/commands.js'
import { changeAll, claim, insertAll, newJobs, only, take, tokenOf } from '../stage/fixtures.js'
import type { MovableClock } from '../stage/movable-clock.js'

export interface Operation {
  readonly name: string
  /** Brings about what the call needs, and answers with the call. It checks its answer: a call that did nothing costs nothing. */
  readonly prepare: (store: Store, jobs: number, clock: MovableClock) => Promise<() => Promise<void>>
}

const LEASE_MS = 30_000
/** Pages of the runtime's sweep (sweeper.ts). */
const SWEEP_PAGE = 100

/** In a lane of their own, so that what an earlier call has left is not met. */
async function queued(store: Store, jobs: number, what: string): Promise<string> {
  const queue = `${what}-${jobs}`
  await insertAll(store, newJobs(jobs, { queue }))
  return queue
}

async function held(store: Store, jobs: number, what: string): Promise<readonly JobRecord[]> {
  const queue = await queued(store, jobs, what)
  const taken = await take(store, { max: jobs, leaseMs: LEASE_MS, from: [{ queue, types: ['mail'], limit: jobs }] })
  assert.equal(taken.length, jobs)
  return taken
}

const allApplied = (results: readonly ChangeResult[], jobs: number): void =>
  assert.equal(results.filter(({ ok }) => ok).length, jobs)

async function sweep(store: Store, jobs: number): Promise<void> {
  let expired = 0
  let cursor: string | null = null
  do {
    const query: ListQuery = { walk: 'lease', overOnly: true, limit: SWEEP_PAGE, ...(cursor !== null && { cursor }) }
    const page = await store.list(query)
    if (page.jobs.length > 0) {
      const { changes } = await store.exchange({ changes: page.jobs.map((job) => expireTo('queued', job)) })
      expired += changes.filter(({ ok }) => ok).length
    }
    cursor = page.cursor
  } while (cursor !== null)
  assert.equal(expired, jobs)
}

const listed = (name: string, queryOf: (jobs: number) => ListQuery, some: typeof held): Operation => ({
  name,
  async prepare(store, jobs) {
    await some(store, jobs, 'listed')
    return async () => assert.equal((await store.list(queryOf(jobs))).jobs.length, jobs)
  },
})

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'enqueue',
    async prepare(store, jobs) {
      const inserts = newJobs(jobs)
      return async () => {
        const results = (await store.exchange({ inserts })).inserts
        assert.equal(results.filter(({ isNew }) => isNew).length, jobs)
      }
    },
  },
  {
    name: 'settle + claim',
    async prepare(store, jobs) {
      const changes = (await held(store, jobs, 'settled')).map((job) => succeed(job))
      const queue = await queued(store, jobs, 'claimed')
      const claims = [claim({ max: jobs, leaseMs: LEASE_MS, from: [{ queue, types: ['mail'], limit: jobs }] })]
      return async () => {
        const result = await store.exchange({ changes, claims })
        allApplied(result.changes, jobs)
        assert.equal(only(result.claims).jobs.length, jobs)
      }
    },
  },
  {
    name: 'heartbeat',
    async prepare(store, jobs) {
      const of = await held(store, jobs, 'beaten')
      const beats = of.map((job) => ({ id: job.id, token: tokenOf(job), leaseMs: LEASE_MS }))
      return async () => allApplied((await store.exchange({ beats })).beats, jobs)
    },
  },
  {
    name: 'sweep',
    async prepare(store, jobs, clock) {
      await held(store, jobs, 'swept')
      clock.move(LEASE_MS)
      return () => sweep(store, jobs)
    },
  },
  listed('list by id', (limit) => ({ walk: 'id', direction: 'desc', limit }), held),
  listed(
    'list by claim',
    (limit) => ({ walk: 'claim', queue: `listed-${limit}`, limit }),
    async (store, jobs, what) => {
      await queued(store, jobs, what)
      return []
    },
  ),
  listed('list by lease', (limit) => ({ walk: 'lease', limit }), held),
  listed(
    'list by finished',
    (limit) => ({ walk: 'finished', state: 'cancelled', direction: 'desc', limit }),
    async (store, jobs, what) => {
      const all = await held(store, jobs, what)
      await changeAll(store, all.map(cancel))
      return all
    },
  ),
]
