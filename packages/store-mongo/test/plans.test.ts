import type { Store } from '@stint/core'
import type { Db, Document } from 'mongodb'
import { describe, expect, inject, test } from 'vitest'
import { IN_THE_WAY } from '../../../scripts/store-tests/in-the-way.js'
import { claimOf, draft, newJob } from '../../core/test/table-store/build.js'
import { mongoStore } from '../src/index.js'
import { withDatabase } from './support/place.js'

const event = draft('succeeded')

interface Looked {
  /** Keys of indexes and documents that the server looked at, by its own profiler. */
  readonly examined: number
  readonly plans: readonly string[]
}

async function looked(db: Db, call: () => Promise<unknown>): Promise<Looked> {
  await db.command({ profile: 2 })
  await call()
  await db.command({ profile: 0 })
  const told = await db.collection('system.profile').find().toArray()
  await db.collection('system.profile').drop()
  const sum = (field: string): number => told.reduce((all, one) => all + Number(one[field] ?? 0), 0)
  return { examined: sum('keysExamined') + sum('docsExamined'), plans: told.flatMap(planOf) }
}

const planOf = ({ planSummary }: Document): string[] => (planSummary === undefined ? [] : [String(planSummary)])

/** Of many kinds: due and not, of several queues, types and priorities, a tenth of them held, a tenth over. */
async function fill(store: Store, jobs: number): Promise<void> {
  for (let at = 0; at < jobs; at += 500) {
    const inserts = Array.from({ length: Math.min(500, jobs - at) }, (_, i) =>
      newJob(`job-${at + i}`, {
        type: ['send', 'resize', 'index'][i % 3] as string,
        priority: i % 5,
        run: { inMs: i % 2 ? 0 : 3_600_000 },
        queue: i % 10 ? 'mail' : 'video',
        key: i % 7 ? null : `key-${at + i}`,
      }),
    )
    await store.exchange({ inserts })
    if (at % 2000 === 0) await store.feed({ after: 'end', limit: 1 })
  }
  for (const [part, isOver] of [
    ['held', false],
    ['over', true],
  ] as const)
    for (let at = 0; at < jobs / 10; at += 100) {
      const token = `${part}-${at}`
      const leaseMs = 3_600_000
      const { claims } = await store.exchange({
        claims: [claimOf(token, { leaseMs, max: 100, from: [{ queue: 'mail', limit: 100 }] })],
      })
      const changes = (claims[0]?.jobs ?? []).map(({ id }) => ({
        id,
        guard: { token },
        set: { state: 'succeeded' as const },
        event,
      }))
      if (isOver) await store.exchange({ changes })
    }
  await store.feed({ after: 'end', limit: 1 })
}

/** What runs all the time, by name; each about one job. */
const HOT: readonly (readonly [string, (store: Store) => Promise<unknown>])[] = [
  ['an insert', (store) => store.exchange({ inserts: [newJob('some', { key: 'k', type: 'send', priority: 100 })] })],
  ['an insert whose key is held', (store) => store.exchange({ inserts: [newJob('other', { key: 'k' })] })],
  [
    'a claim',
    async (store) => {
      const from = [{ queue: 'mail', types: ['send', 'none'], limit: 1 }]
      const { claims } = await store.exchange({ claims: [claimOf('token', { max: 1, from })] })
      expect(claims[0]?.jobs.map(({ id }) => id)).toEqual(['some'])
    },
  ],
  [
    'a claim that comes short',
    async (store) => {
      const from = [{ queue: 'mail', types: ['none'], limit: 5 }]
      expect((await store.exchange({ claims: [claimOf('none', { max: 5, from })] })).claims[0]?.jobs).toEqual([])
    },
  ],
  ['a beat', (store) => store.exchange({ beats: [{ id: 'some', token: 'token', leaseMs: 50_000, progress: '1' }] })],
  [
    'a settle',
    (store) =>
      store.exchange({ changes: [{ id: 'some', guard: { token: 'token' }, set: { state: 'succeeded' }, event }] }),
  ],
  ['a sweep', (store) => store.list({ walk: 'lease', overOnly: true, limit: 5 })],
  ['a page of finished jobs', (store) => store.list({ walk: 'finished', state: 'dead', direction: 'asc', limit: 5 })],
  ['a page by id', (store) => store.list({ walk: 'id', direction: 'desc', limit: 5 })],
  ['a page of the line', (store) => store.list({ walk: 'claim', queue: 'mail', dueOnly: true, limit: 5 })],
  ['a job by its id and one by its key', (store) => store.get(['some', { queue: 'mail', key: 'key-7' }])],
  ['the events of a job', (store) => store.events('some', { limit: 5 })],
  ['the end of the feed', (store) => store.feed({ after: 'end', limit: 5 })],
  ['the counts', (store) => store.stats()],
  ['a removal', (store) => store.remove([{ id: 'some', version: 3 }])],
]

/** The dearest walks two types in fifteen bands: what it costs with one job and with many is below this. */
const MOST = 80

describe.skipIf(inject('mongoUrl') === null)('plans, by what the server says that it looked at', () => {
  for (const jobs of [1, 1000, 20_000]) {
    test(`with ${jobs} jobs › no call about one job looks at more than ${MOST} keys and documents, or scans a collection [CLAIM-7, COUNT-2, LIST-3]`, async () => {
      await withDatabase('mongoUrl', async (db, client, database) => {
        const store = mongoStore({ client, database })
        await store.open()
        await fill(store, jobs)
        const dear: unknown[] = []
        for (const [name, call] of HOT) {
          const { examined, plans } = await looked(db, () => call(store))
          expect(plans.length, name).toBeGreaterThan(0)
          if (examined > MOST || plans.some((plan) => plan.includes('COLLSCAN'))) dear.push({ name, examined, plans })
        }
        expect(dear).toEqual([])
        await store.close()
      })
    }, 120_000)
  }

  for (const [what, job] of IN_THE_WAY) {
    test(`a claim of ten › looks at no more with five thousand ${what} than with one [CLAIM-7]`, async () => {
      await withDatabase('mongoUrl', async (db, client, database) => {
        const store = mongoStore({ client, database })
        await store.open()
        const claimTen = async (n: number): Promise<number> => {
          const from = [{ queue: 'mail', types: ['send', 'resize'], limit: 10 }]
          const claims = [claimOf(`token-${n}`, { max: 10, from })]
          const { examined } = await looked(db, async () => {
            expect((await store.exchange({ claims })).claims[0]?.jobs).toHaveLength(10)
          })
          return examined
        }
        const due = Array.from({ length: 60 }, (_, i) => newJob(`due-${i}`, { type: i % 2 ? 'send' : 'resize' }))
        await store.exchange({ inserts: [...due, job(0)] })
        const few = await claimTen(1)
        for (let at = 1; at < 5000; at += 500)
          await store.exchange({ inserts: Array.from({ length: 500 }, (_, i) => job(at + i)) })
        expect(few).toBeGreaterThan(20)
        expect(await claimTen(2)).toBeLessThan(few + 10)
        await store.close()
      })
    }, 60_000)
  }
})
