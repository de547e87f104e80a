import { checkInvariants } from '@stint/core/conformance'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { sqliteStore } from '../src/index.js'
import { newFile } from './support/place.js'

type SqliteStore = ReturnType<typeof sqliteStore>

let path: string
let db: Database.Database
let store: SqliteStore

beforeEach(async () => {
  path = newFile()
  db = new Database(path)
  db.exec('create table orders(id integer primary key)')
  store = sqliteStore({ db })
  await store.open()
})
afterEach(async () => {
  await store.close()
  if (db.open) db.close()
})

const orders = (): unknown => db.prepare('select count(*) from orders').pluck().get()

describe('exchangeSync inside the user’s transaction', () => {
  test('job and order › are there together, or neither [TX-1, TX-3]', async () => {
    const order = (id: string, fails = false): void =>
      db.transaction(() => {
        db.exec('insert into orders default values')
        store.exchangeSync({ inserts: [newJob(id)] }, { tx: db })
        if (fails) throw new Error('the card was refused')
      })()
    order('a')
    expect(() => order('b', true)).toThrow('the card was refused')
    expect(orders()).toBe(1)
    expect((await store.get(['a', 'b'])).map((job) => job?.id)).toEqual(['a', undefined])
    expect(await store.stats()).toEqual([{ queue: 'mail', state: 'queued', count: 1 }])
    await checkInvariants(store)
  })

  test('a completion with the user’s own writes › is one commit', async () => {
    await store.exchange({ inserts: [newJob('a')], claims: [claimOf('token')] })
    db.transaction(() => {
      db.exec('insert into orders default values')
      const { changes } = store.exchangeSync(
        {
          changes: [
            {
              id: 'a',
              guard: { token: 'token' },
              set: { state: 'succeeded', result: '1' },
              event: { type: 'succeeded', actor: null, detail: null },
            },
          ],
        },
        { tx: db },
      )
      expect(changes).toEqual([{ ok: true, job: null }])
    })()
    expect((await store.get(['a']))[0]).toMatchObject({ state: 'succeeded', result: '1' })
  })

  test('a duplicate, a refusal › break nothing of the user’s [TX-2]', async () => {
    await store.exchange({ inserts: [newJob('a')] })
    db.transaction(() => {
      db.exec('insert into orders default values')
      const cancel = {
        id: 'gone',
        guard: { version: 1 },
        set: {},
        event: { type: 'cancelled', actor: null, detail: null },
      }
      const { inserts, changes } = store.exchangeSync({ inserts: [newJob('a')], changes: [cancel] }, { tx: db })
      expect(inserts[0]?.isNew).toBe(false)
      expect(changes[0]).toMatchObject({ ok: false, why: 'missing' })
    })()
    expect(orders()).toBe(1)
  })

  test('a batch that fails half-way and whose error the user swallows › leaves none of its own, all of the user’s [ATOM-5, TX-2]', async () => {
    let armed = false
    let passed = 0
    const fragile = sqliteStore({
      path,
      failpoint: () => {
        if (armed && ++passed === 4) throw new Error('out of paper')
      },
    })
    await fragile.open()
    armed = true
    db.transaction(() => {
      db.exec('insert into orders default values')
      expect(() => fragile.exchangeSync({ inserts: [newJob('a'), newJob('b')] }, { tx: db })).toThrow(
        /out of paper|failpoint/,
      )
    })()
    armed = false
    expect(passed).toBe(4)
    expect(orders()).toBe(1)
    expect(await store.get(['a', 'b'])).toEqual([null, null])
    await checkInvariants(store)
    await fragile.close()
  })

  test('a handle that is not in a transaction › is a TypeError, and nothing is written', async () => {
    expect(() => store.exchangeSync({ inserts: [newJob('a')] }, { tx: db })).toThrow(/not inside a transaction/)
    expect(() => store.exchangeSync({ inserts: [newJob('a')] }, { tx: db })).toThrow(TypeError)
    expect(await store.get(['a'])).toEqual([null])
  })

  test('a handle on another file, or in memory › is a TypeError that names both', () => {
    for (const other of [new Database(newFile('other')), new Database(':memory:')]) {
      other.exec('begin')
      expect(() => store.exchangeSync({ inserts: [newJob('a')] }, { tx: other })).toThrow(
        /Give a handle on the same file/,
      )
      other.close()
    }
  })

  test('another handle on the same file, by another way to it › is good', async () => {
    const other = new Database(path.replace(/\/([^/]+)$/, '/./$1'))
    other.transaction(() => store.exchangeSync({ inserts: [newJob('a')] }, { tx: other }))()
    other.close()
    expect((await store.get(['a']))[0]?.id).toBe('a')
  })

  test('claims › never join a transaction [TX-3]', () => {
    db.exec('begin')
    expect(() => store.exchangeSync({ claims: [claimOf('token')] }, { tx: db })).toThrow(/Claims never join/)
    db.exec('rollback')
  })

  test('exchange with tx › is a TypeError that names exchangeSync', async () => {
    db.exec('begin')
    await expect(store.exchange({ inserts: [newJob('a')] }, { tx: db })).rejects.toThrow(
      /must not be awaited: use exchangeSync/,
    )
    db.exec('rollback')
  })

  test('a transaction that read before another writer committed › is TX_FAILED with the cause and what to do [TX-2]', async () => {
    db.exec('begin')
    db.prepare('select * from orders').all()
    await store.exchange({ inserts: [newJob('a')] })
    expect(() => store.exchangeSync({ inserts: [newJob('b')] }, { tx: db })).toThrow(
      expect.objectContaining({
        code: 'TX_FAILED',
        message: expect.stringMatching(/Run your transaction again.*immediate/),
      }),
    )
    expect(db.inTransaction).toBe(true) // still the user's to roll back
    db.exec('rollback')
    expect(await store.get(['b'])).toEqual([null])
  })

  test('a handle that gives out BigInt, or answers in another shape › changes nothing', async () => {
    db.defaultSafeIntegers(true)
    const { inserts } = db.transaction(() => store.exchangeSync({ inserts: [newJob('a'), newJob('a')] }, { tx: db }))()
    expect(inserts.map(({ isNew, job }) => [isNew, job.version])).toEqual([
      [true, 1],
      [false, 1],
    ])
  })

  test('an open transaction of the user › does not swallow calls without tx, which wait for its end [OPEN-4]', async () => {
    db.exec('begin')
    db.exec('insert into orders default values')
    const write = store.exchange({ inserts: [newJob('a')] })
    expect(await store.get(['a'])).toEqual([null]) // reads go on
    db.exec('rollback')
    expect((await write).inserts[0]?.isNew).toBe(true)
    expect(orders()).toBe(0)
    expect((await store.get(['a']))[0]?.id).toBe('a')
  })

  test('after close › STORE_CLOSED [CLOSE-1]', async () => {
    await store.close()
    db.exec('begin')
    expect(() => store.exchangeSync({ inserts: [newJob('a')] }, { tx: db })).toThrow(
      expect.objectContaining({ code: 'STORE_CLOSED' }),
    )
    db.exec('rollback')
    expect(db.prepare('select 1').pluck().get()).toBe(1)
  })

  test('a committed enqueue › wakes who listens here in the next turn of the loop [HINT-1]', async () => {
    const woken = new Promise((resolve) => store.subscribe(resolve))
    db.transaction(() => store.exchangeSync({ inserts: [newJob('a')] }, { tx: db }))()
    expect(await woken).toEqual({ queue: 'mail' })
  })
})

describe('a Database in memory', () => {
  test('calls without tx › wait while its user is in a transaction, and never join it [OPEN-4]', async () => {
    const memory = new Database(':memory:')
    await using own = sqliteStore({ db: memory })
    await own.open()
    memory.exec('begin')
    const write = own.exchange({ inserts: [newJob('a')] })
    own.exchangeSync({ inserts: [newJob('b')] }, { tx: memory })
    memory.exec('rollback')
    expect((await write).inserts[0]?.isNew).toBe(true)
    expect((await own.get(['a', 'b'])).map((job) => job?.id)).toEqual(['a', undefined])
    await own.close()
    expect(memory.open).toBe(true) // the user's own, never closed
    memory.close()
  })

  test('a transaction that stays open beyond the deadline › STORE_UNAVAILABLE that names withTx', async () => {
    const memory = new Database(':memory:')
    await using own = sqliteStore({ db: memory, deadline: '30ms' })
    await own.open()
    memory.exec('begin')
    await expect(own.stats()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/withTx/),
    })
    memory.exec('rollback')
    await expect(own.stats()).resolves.toEqual([])
  })

  test('by path › a store of its own, which nobody shares', async () => {
    await using own = sqliteStore({ path: ':memory:' })
    await own.open()
    await own.exchange({ inserts: [newJob('a')] })
    expect((await own.get(['a']))[0]?.id).toBe('a')
    expect(own.capabilities).toMatchObject({
      survivesProcessCrash: false,
      sharedByProcesses: false,
      atomicBatches: true,
    })
  })
})
