import { checkInvariants } from '@stint/core/conformance'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cancelOf, claimOf, newJob } from '../../core/test/table-store/build.js'
import { sqliteStore } from '../src/index.js'
import { newFile } from './support/place.js'

let db: Database.Database
let store: ReturnType<typeof sqliteStore>

beforeEach(async () => {
  db = new Database(newFile())
  store = sqliteStore({ db })
  await store.open()
  await store.exchange({ inserts: [newJob('a'), newJob('b')], claims: [claimOf('token', { max: 1 })] })
})
afterEach(async () => {
  await checkInvariants(store)
  await store.close()
  db.close()
})

describe('a stray statement in somebody’s console', () => {
  const refused: readonly (readonly [what: string, sql: string, why: RegExp])[] = [
    ['changes an event', "update stint_event set actor = 'nobody'", /never changed/],
    ['deletes an event', 'delete from stint_event', /goes only with its job/],
    [
      'deletes an event of a job that is over',
      "delete from stint_event where job = (select n from stint_job where id = 'c')",
      /goes only with its job/,
    ],
    ['deletes a job that is not over', "delete from stint_job where id = 'a'", /never removed/],
    ['moves a job by its state alone', "update stint_job set state = 1 where id = 'a'", /together with an audit event/],
    [
      'tells of a change that nobody made',
      "insert into stint_event(job, seq, at, type, to_state, attempt) select n, 7, 0, 'succeeded', 4, 1 from stint_job where id = 'a'",
      /a change that was made/,
    ],
    [
      'tells of a job that is not there',
      "insert into stint_event(job, seq, at, type, to_state, attempt) values (99, 1, 0, 'enqueued', 1, 0)",
      /a change that was made/,
    ],
    [
      'tells of a change twice',
      "insert into stint_event(job, seq, at, type, to_state, attempt) select n, 1, 0, 'enqueued', 1, 0 from stint_job where id = 'a'",
      /UNIQUE/,
    ],
    [
      'makes a second job with a key that is held',
      "insert into stint_job(id, queue, type, state, version, priority, run_at, attempt, max_attempts, key, key_until, created_at, updated_at) select 'x', queue, type, 1, 1, 50, 0, 0, 5, 'k', 0, 0, 0 from stint_job where id = 'd'",
      /UNIQUE/,
    ],
  ]
  for (const [what, sql, why] of refused) {
    test(`that ${what} › is refused by the database [EVENT-1]`, async () => {
      await store.exchange({ inserts: [newJob('c'), newJob('d', { key: 'k' })] })
      await store.exchange({ changes: [cancelOf('c')] })
      expect(() => db.exec(sql)).toThrow(why)
    })
  }

  test('remove › still takes a job with its events [REMOVE-1]', async () => {
    await store.exchange({ changes: [cancelOf('b')] })
    expect(await store.remove([{ id: 'b', version: 2 }])).toEqual([true])
    expect(db.prepare('select count(*) from stint_event').pluck().get()).toBe(2)
  })

  test('remove of all that a lane had › leaves no row behind [REMOVE-3]', async () => {
    await store.exchange({ changes: [cancelOf('a'), cancelOf('b')] })
    await store.remove(['a', 'b'].map((id) => ({ id, version: id === 'a' ? 3 : 2 })))
    for (const table of ['job', 'event', 'count'])
      expect(db.prepare(`select count(*) from stint_${table}`).pluck().get()).toBe(0)
  })
})
