import type { Store } from '@stint/core'
import pg from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { IN_THE_WAY } from '../../../scripts/store-tests/in-the-way.js'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { PostgresStore } from '../src/store.js'
import { ask, destroy, newSchema, url } from './support/place.js'

const event = { type: 'succeeded', actor: null, detail: null }
const types = ['send', 'resize', 'index']

/** A store whose server tells the plan of each statement that it runs. */
function explained(schema: string): { store: PostgresStore; plans: string[] } {
  const plans: string[] = []
  class Explained extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super(config)
      this.on('notice', ({ message }) => void plans.push(String(message)))
    }
  }
  const told = [
    'session_preload_libraries=auto_explain',
    'client_min_messages=notice',
    'auto_explain.log_min_duration=0',
  ]
  told.push('auto_explain.log_level=notice', 'auto_explain.log_analyze=on', 'auto_explain.log_timing=off')
  const options = [...told, 'auto_explain.log_buffers=on'].map((one) => `-c ${one}`).join(' ')
  const pool = new pg.Pool({ connectionString: url(), options })
  const store = new PostgresStore({ pool, schema, max: 1, listen: false }, Explained as unknown as typeof pg.Client)
  return { store, plans }
}

async function filled(schema: string, jobs: number): Promise<void> {
  const store = new PostgresStore({ url: url(), schema, listen: false })
  await store.open()
  for (let at = 0; at < jobs; at += 500) {
    const inserts = Array.from({ length: Math.min(500, jobs - at) }, (_, i) =>
      newJob(`job-${at + i}`, {
        type: types[i % 3] as string,
        priority: i % 5,
        run: { inMs: i % 2 ? 0 : 3_600_000 },
        queue: i % 10 ? 'mail' : 'video',
        key: i % 7 ? null : `key-${at + i}`,
      }),
    )
    await store.exchange({ inserts })
  }
  for (let at = 0; at < jobs / 10; at += 100)
    await store.exchange({ claims: [claimOf(`filled-${at}`, { max: 100, from: [{ queue: 'mail', limit: 100 }] })] })
  await store.close()
}

/** What runs all the time. */
async function hotCalls(store: Store, n: number): Promise<void> {
  const id = `some-${n}`
  const token = `token-${n}`
  await store.exchange({ inserts: [newJob(id, { key: `k-${n}`, type: 'send', priority: 100 })] })
  await store.exchange({
    inserts: Array.from({ length: 20 }, (_, i) => newJob(`${id}-${i}`, { type: 'other', priority: 100 })),
  })
  const from = [{ queue: 'mail', types: ['send'], limit: 1 }]
  const { claims } = await store.exchange({ claims: [claimOf(token, { max: 1, from })] })
  expect(claims[0]?.jobs.map((job) => job.id)).toEqual([id])
  await store.exchange({ beats: [{ id, token, leaseMs: 50, progress: '1' }] })
  await store.exchange({
    changes: [{ id, guard: { token }, set: { state: 'succeeded', result: '1', error: null }, event }],
    claims: [claimOf(`${token}-next`, { max: 10, from: [{ queue: 'mail', types: ['other', 'none'], limit: 10 }] })],
  })
  await store.exchange({
    changes: [{ id: `${id}-15`, guard: { states: ['queued'] }, set: { state: 'cancelled' }, event }],
  })
  await store.exchange({ changes: [{ id, guard: { states: ['succeeded'] }, set: { state: 'queued' }, event }] })
  await store.exchange({ changes: [{ id, guard: { states: ['queued'] }, set: { state: 'cancelled' }, event }] })
  await store.get([id, { queue: 'mail', key: `k-${n}` }])
  await store.events(id, { limit: 5 })
}

/** The tables that grow. A scan of an index from end to end is one as well. */
const SCAN = /Seq Scan on (job|ready|event|ended|live_key)\b/
const rowsOf = (plan: string): number[] =>
  [
    ...plan.matchAll(
      /Index (?:Only )?Scan using (?:job_pkey|live_key_pkey|ready_walk|ended_walk|event_pkey) .*?rows=([\d.]+) loops=(\d+)/g,
    ),
  ].map(([, rows]) => Number(rows))

describe.skipIf(inject('postgresUrl') === null)('plans', () => {
  for (const jobs of [1, 1000, 20_000]) {
    for (const analyzed of [false, true]) {
      test(`with ${jobs} jobs, statistics ${analyzed ? 'taken' : 'none'} › hot statements scan nothing, also when their plans were made before the table grew [CLAIM-7]`, async () => {
        const schema = newSchema('plans')
        const { store, plans } = explained(schema)
        await store.open()
        // Plans are made and kept while the tables are all but empty; the same connection then works on the full ones.
        for (let n = 0; n < 6; n++) await hotCalls(store, n)
        await filled(schema, jobs)
        if (analyzed) await ask(`analyze "${schema}".job, "${schema}".ready, "${schema}".event, "${schema}".live_key`)
        plans.length = 0
        await hotCalls(store, 7)
        const told = plans.filter((plan) => plan.includes(schema) && plan.includes('plan:'))
        expect(told.length).toBeGreaterThan(10)
        expect(told.filter((plan) => SCAN.test(plan))).toEqual([])
        expect(Math.max(...told.flatMap(rowsOf))).toBeLessThan(100)
        await store.close()
        await destroy(schema)
      }, 60_000)
    }
  }
})

const buffersOf = (plans: readonly string[]): number =>
  plans.reduce((sum, plan) => {
    const [, hit = '0', read = '0'] = /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/.exec(plan) ?? []
    return sum + Number(hit) + Number(read)
  }, 0)

describe.skipIf(inject('postgresUrl') === null)('the pages that a claim of ten looks at', () => {
  for (const [what, job] of IN_THE_WAY) {
    test(`with ten thousand ${what} › do not grow [CLAIM-7]`, async () => {
      const schema = newSchema('line')
      const { store, plans } = explained(schema)
      await store.open()
      const claimTen = async (n: number): Promise<number> => {
        plans.length = 0
        const claim = claimOf(`token-${n}`, {
          max: 10,
          from: [{ queue: 'mail', types: ['send', 'resize'], limit: 10 }],
        })
        expect((await store.exchange({ claims: [claim] })).claims[0]?.jobs).toHaveLength(10)
        return buffersOf(plans)
      }
      const due = Array.from({ length: 60 }, (_, i) => newJob(`due-${i}`, { type: i % 2 ? 'send' : 'resize' }))
      await store.exchange({ inserts: [...due, job(0)] })
      await claimTen(1)
      const few = await claimTen(2)
      for (let at = 1; at < 10_000; at += 500)
        await store.exchange({ inserts: Array.from({ length: 500 }, (_, i) => job(at + i)) })
      const many = await claimTen(3)
      expect(few).toBeGreaterThan(20)
      expect(many).toBeLessThan(few * 1.5 + 50)
      await store.close()
      await destroy(schema)
    }, 30_000)
  }
})
