import type { Store } from '@stint/core'
import Database from 'better-sqlite3'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { IN_THE_WAY } from '../../../scripts/store-tests/in-the-way.js'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { conformance } from '../src/conformance/index.js'
import { sqliteStore } from '../src/index.js'
import { newFile } from './support/place.js'

type SqliteStore = ReturnType<typeof sqliteStore>

afterEach(() => void vi.restoreAllMocks())

const event = { type: 'succeeded', actor: null, detail: null }
const types = ['send', 'resize', 'index']

/** One of everything that may run while a million jobs lie about. */
async function everyCall(store: SqliteStore): Promise<void> {
  const from = [{ queue: 'mail', types, limit: 1 }, { queue: 'mail', limit: 1 }, { ids: ['some'] }]
  await store.exchange({
    inserts: [newJob('some', { key: 'k', type: 'send' }), newJob('same', { key: 'k' })],
    claims: [claimOf('token', { max: 2, from })],
  })
  const [job] = await store.get(['some', { queue: 'mail', key: 'k' }])
  const guard = { token: job?.lease?.token ?? 'token' }
  await store.exchange({
    changes: [{ id: 'some', guard, set: { state: 'failed', result: '1' }, event, returning: true }],
    beats: [{ id: 'job-3', token: 'token', leaseMs: 1 }],
    claims: [claimOf('other', { from: [{ queue: 'nothing', types, limit: 1 }], again: true })],
  })
  await store.exchange({
    changes: [{ id: 'some', guard: { states: ['failed'] }, set: { state: 'queued', run: { inMs: 9 } }, event }],
  })
  await store.exchange({ changes: [{ id: 'some', guard: { states: ['queued'] }, set: { state: 'cancelled' }, event }] })
  await store.remove([{ id: 'some', version: (await store.get(['some']))[0]?.version ?? 0 }])
  for (const cursor of [undefined, 'ijob-1']) {
    const page = { limit: 2, ...(cursor !== undefined && { cursor }) }
    await store.list({
      walk: 'id',
      direction: 'asc',
      ...page,
      bodies: true,
      queue: 'mail',
      types,
      tag: 'x',
      states: ['dead'],
      createdFrom: 1,
      createdTo: 2,
    })
    await store.list({ walk: 'id', direction: 'desc', ...page })
  }
  await store.list({ walk: 'claim', queue: 'mail', limit: 2, cursor: 'c50,5,job-1' })
  await store.list({ walk: 'lease', limit: 2, overOnly: true })
  await store.list({ walk: 'lease', limit: 2, cursor: 'l5,job-1' })
  await store.list({
    walk: 'finished',
    state: 'failed',
    direction: 'desc',
    limit: 2,
    cursor: 'f5,job-1',
    finishedFrom: 3,
    finishedTo: 4,
  })
  await store.events('some', { limit: 2 })
  await store.feed({ after: '1', limit: 2 })
  await store.configure([{ kind: 'queue', name: 'mail', value: '{}' }])
  await store.settings('queue')
}

/**
 * What may be read whole: lanes by states, the events of a job that is removed, and, only for a claim that says it is a repeat, the live
 * leases. Everything else has to find its way by an index.
 */
const MAY_SCAN = [/from stint_count/, /token is not null and token = \?/]

async function plansOf(path: string): Promise<string[]> {
  const texts = new Set<string>()
  const { prepare } = Database.prototype
  vi.spyOn(Database.prototype, 'prepare').mockImplementation(function (this: Database.Database, text: string) {
    texts.add(text)
    return prepare.call(this, text)
  } as typeof prepare)
  const store = sqliteStore({ path })
  await store.open()
  await everyCall(store)
  await store.close()
  vi.restoreAllMocks()
  const db = new Database(path)
  const plans = [...texts]
    .filter((text) => /stint_/.test(text) && /^\s*(select|insert|update|delete)/.test(text))
    .map((text) => {
      const steps = db
        .prepare(`explain query plan ${text}`)
        .all(...Array.from({ length: text.split('?').length - 1 }, () => null))
      return `${text}\n  ${steps.map((step) => (step as { detail: string }).detail).join('\n  ')}`
    })
  db.close()
  return plans
}

async function filled(path: string, jobs: number): Promise<void> {
  const store = sqliteStore({ path, synchronous: 'NORMAL' })
  await store.open()
  for (let at = 0; at < jobs; at += 500) {
    const inserts = Array.from({ length: Math.min(500, jobs - at) }, (_, i) =>
      newJob(`job-${at + i}`, {
        type: types[i % 3] as string,
        priority: i % 5,
        run: { inMs: i % 2 ? 0 : 3_600_000 },
        queue: i % 10 ? 'mail' : 'video',
      }),
    )
    await store.exchange({ inserts })
  }
  await store.exchange({
    claims: [claimOf('token', { max: Math.ceil(jobs / 10), from: [{ queue: 'mail', limit: 500 }] })],
  })
  await store.close()
}

describe('plans', () => {
  for (const [jobs, statistics] of [
    [1, 'none'],
    [1, 'taken'],
    [1000, 'taken'],
    [20_000, 'none'],
    [20_000, 'taken'],
    [1000, 'misleading'],
  ] as const) {
    test(`with ${jobs} jobs, statistics ${statistics} › every statement finds its way by an index [CLAIM-7]`, async () => {
      const path = newFile()
      await filled(path, jobs)
      const db = new Database(path)
      if (statistics !== 'none') db.exec('analyze')
      // As if they had been taken when all jobs were in one lane and of one type, or the tables were all but empty.
      if (statistics === 'misleading')
        db.exec("update sqlite_stat1 set stat = '2 2 2 2 2 2'; delete from sqlite_stat4; analyze sqlite_schema")
      db.close()
      const plans = await plansOf(path)
      expect(plans.length).toBeGreaterThan(40)
      const scans = plans.filter((plan) => /\n {2}SCAN stint_/.test(plan) && !MAY_SCAN.some((text) => text.test(plan)))
      expect(scans.filter((plan) => !isInWalkOrder(plan))).toEqual([])
      // The line is walked by all three columns that stand before the due time, and nothing is sorted.
      const line = plans.filter((plan) => /select n, id, priority, run_at/.test(plan))
      expect(line).toHaveLength(1)
      expect(line[0]).toMatch(
        /SEARCH stint_job USING COVERING INDEX stint_job_ready \(queue=\? AND type=\? AND priority=\? AND \(run_at,id\)>\(\?,\?\) AND run_at<\?\)$/,
      )
    }, 30_000)
  }
})

/** A list from its beginning reads its index from the beginning, as far as its inner bound. */
const isInWalkOrder = (plan: string): boolean =>
  /SCAN stint_job USING (COVERING )?INDEX stint_job_id/.test(plan) && /(limit|offset) \+\?/.test(plan)

describe('the work of a claim of ten', () => {
  const { store: storeOf, engine } = conformance('sqlite::memory:')
  const work = (): number => engine?.work?.() ?? 0
  const claimTen = async (store: Store): Promise<number> => {
    const before = work()
    const claim = claimOf('token', { max: 10, from: [{ queue: 'mail', types: ['send', 'resize'], limit: 10 }] })
    expect((await store.exchange({ claims: [claim] })).claims[0]?.jobs).toHaveLength(10)
    expect(work()).toBeGreaterThan(before)
    return work() - before
  }
  const due = Array.from({ length: 30 }, (_, i) => newJob(`due-${i}`, { type: i % 2 ? 'send' : 'resize' }))
  for (const [what, job] of IN_THE_WAY) {
    test(`with ten thousand ${what} › does not grow [CLAIM-7]`, async () => {
      await using store = await storeOf('line', {})
      await store.open()
      await store.exchange({ inserts: [...due, job(0)] })
      const few = await claimTen(store)
      for (let at = 1; at < 10_000; at += 500)
        await store.exchange({ inserts: Array.from({ length: 500 }, (_, i) => job(at + i)) })
      expect(await claimTen(store)).toBe(few)
    })
  }
})
