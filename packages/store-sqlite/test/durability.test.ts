import Database from 'better-sqlite3'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { newJob } from '../../core/test/table-store/build.js'
import { sqliteStore } from '../src/index.js'
import { newFile } from './support/place.js'

afterEach(() => void vi.restoreAllMocks())

/** The store's own handle, caught as it is made. */
async function opened(options: { path: string; synchronous?: 'FULL' | 'NORMAL' }) {
  const spy = vi.spyOn(Database.prototype, 'pragma')
  const store = sqliteStore(options)
  await store.open()
  const own = spy.mock.contexts[0] as unknown as Database.Database
  spy.mockRestore()
  return { store, own }
}

describe('durability', () => {
  test('by default › WAL and synchronous FULL, after writes too, declared as surviving the power', async () => {
    const { store, own } = await opened({ path: newFile() })
    await store.exchange({ inserts: [newJob('a')] })
    expect(own.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(own.pragma('synchronous', { simple: true })).toBe(2)
    expect(store.capabilities).toMatchObject({
      survivesProcessCrash: true,
      survivesPowerLoss: true,
      survivesFailover: false,
    })
    await store.close()
  })

  test('NORMAL when asked for › and declared as not surviving the power', async () => {
    const { store, own } = await opened({ path: newFile(), synchronous: 'NORMAL' })
    expect(own.pragma('synchronous', { simple: true })).toBe(1)
    expect(store.capabilities).toMatchObject({ survivesProcessCrash: true, survivesPowerLoss: false })
    await store.close()
  })

  test('a level that reads back lower after the first write › STORE_INCOMPATIBLE with both levels [OPEN-3]', async () => {
    const { pragma } = Database.prototype
    vi.spyOn(Database.prototype, 'pragma').mockImplementation(function (this: Database.Database, text, how) {
      return text.startsWith('synchronous') ? [] : pragma.call(this, text, how)
    })
    const path = newFile()
    // This is what the build does when nobody sets the level: 2 before the first write in WAL mode, 1 after it.
    await expect(sqliteStore({ path }).open()).rejects.toMatchObject({
      code: 'STORE_INCOMPATIBLE',
      details: { store: 'sqlite', found: 'synchronous NORMAL', expected: 'synchronous FULL' },
    })
    await sqliteStore({ path, synchronous: 'NORMAL' }).open()
  })

  test('a file that cannot be in WAL mode › STORE_INCOMPATIBLE that says why [OPEN-3]', async () => {
    const { pragma } = Database.prototype
    vi.spyOn(Database.prototype, 'pragma').mockImplementation(function (this: Database.Database, text, how) {
      return text === 'journal_mode = wal' ? 'delete' : pragma.call(this, text, how)
    })
    await expect(sqliteStore({ path: newFile() }).open()).rejects.toMatchObject({
      code: 'STORE_INCOMPATIBLE',
      message: expect.stringMatching(/does not take journal_mode = WAL.*network file systems cannot/),
    })
  })
})

describe('a full disk', () => {
  test('refuses new jobs with STORE_UNAVAILABLE, loses none, and works again when there is room [FAULT-1, FAULT-4]', async () => {
    const { store, own } = await opened({ path: newFile() })
    const payload = JSON.stringify('x'.repeat(3000))
    const ids: string[] = []
    own.pragma(`max_page_count = ${Number(own.pragma('page_count', { simple: true })) + 60}`)
    const fill = async (): Promise<void> => {
      for (let i = 0; ; i++) {
        await store.exchange({ inserts: [newJob(`job-${i}-a`, { payload }), newJob(`job-${i}-b`, { payload })] })
        ids.push(`job-${i}-a`, `job-${i}-b`)
      }
    }
    await expect(fill()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/no room left.*Nothing was written\. Free some space.*SQLITE_FULL/),
      cause: { code: 'SQLITE_FULL' },
    })
    expect(ids.length).toBeGreaterThan(10)
    const there = await store.list({ walk: 'id', direction: 'asc', limit: 1000 })
    expect(there.jobs.map(({ id }) => id)).toEqual([...ids].sort()) // not one half of the last batch
    expect(await store.stats()).toEqual([{ queue: 'mail', state: 'queued', count: ids.length }])
    own.pragma('max_page_count = 1000000')
    expect((await store.exchange({ inserts: [newJob('after')] })).inserts[0]?.isNew).toBe(true)
    await store.close()
  })

  test('inside the user’s transaction › TX_FAILED, and a rollback brings all back', async () => {
    const path = newFile()
    const db = new Database(path)
    await using store = sqliteStore({ db })
    await store.open()
    db.pragma(`max_page_count = ${Number(db.pragma('page_count', { simple: true }))}`)
    const payload = JSON.stringify('x'.repeat(30_000))
    const enqueue = db.transaction(() => store.exchangeSync({ inserts: [newJob('a', { payload })] }, { tx: db }))
    expect(enqueue).toThrow(
      expect.objectContaining({ code: 'TX_FAILED', cause: expect.objectContaining({ code: 'SQLITE_FULL' }) }),
    )
    expect(db.inTransaction).toBe(false)
    expect(await store.get(['a'])).toEqual([null])
    db.close()
  })

  for (const [what, code, told] of [
    [
      'a disk that fails in the very commit › OUTCOME_UNKNOWN, never "nothing happened"',
      'SQLITE_IOERR_FSYNC',
      'OUTCOME_UNKNOWN',
    ],
    ['a disk that is found full only at the commit › STORE_UNAVAILABLE', 'SQLITE_FULL', 'STORE_UNAVAILABLE'],
  ] as const) {
    test(`${what} [FAULT-1]`, async () => {
      const { store, own } = await opened({ path: newFile() })
      const cause = Object.assign(new Error('from the disk'), { code })
      const statement = Object.getPrototypeOf(own.prepare('select 1')) as { run(this: { source: string }): unknown }
      const { run } = statement
      vi.spyOn(statement, 'run').mockImplementation(function (this: { source: string }, ...values: []) {
        if (this.source === 'commit') throw cause
        return run.apply(this, values)
      })
      await expect(store.exchange({ inserts: [newJob('a')] })).rejects.toMatchObject({ code: told, cause })
      vi.restoreAllMocks()
      expect((await store.exchange({ inserts: [newJob('b')] })).inserts[0]?.isNew).toBe(true)
      expect(await store.get(['a'])).toEqual([null])
      await store.close()
    })
  }
})
