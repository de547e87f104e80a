import type { Store } from '@stint/core'
import Database from 'better-sqlite3'
import { expectTypeOf, test } from 'vitest'
import { type SqliteDatabase, sqliteStore, storeFromUrl } from '../src/index.js'

test('a store of SQLite joins transactions, synchronously', () => {
  const db = new Database(':memory:')
  expectTypeOf(sqliteStore({ path: 'jobs.db' })).toEqualTypeOf<Store<SqliteDatabase, true>>()
  expectTypeOf(storeFromUrl('sqlite:jobs.db')).toEqualTypeOf<Store<SqliteDatabase, true>>()
  expectTypeOf(db).toExtend<SqliteDatabase>()
  expectTypeOf(sqliteStore({ db }).exchangeSync).toBeFunction()
  // @ts-expect-error: one of the two
  sqliteStore({})
  // @ts-expect-error: no such level
  sqliteStore({ path: 'jobs.db', synchronous: 'OFF' })
})
