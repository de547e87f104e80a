import type { Store, StoreOptions } from '@stint/core'
import { optionsFromUrl, type SqliteDatabase, type SqliteStoreOptions } from './options.js'
import { SqliteStore } from './store.js'

export type { SqliteDatabase, SqliteStoreOptions } from './options.js'

/**
 * The store opens a connection of its own to the file (of `db`, when that is given), so nobody's open transaction swallows its writes;
 * `withTx` takes any of your handles on that file, inside its transaction.
 */
export function sqliteStore(options: SqliteStoreOptions): Store<SqliteDatabase, true> {
  return new SqliteStore(options)
}

/** For `openStore('sqlite:jobs.db')`. In the query: `synchronous`, `tablePrefix`, `deadline`. */
export function storeFromUrl(url: string, options: StoreOptions = {}): Store<SqliteDatabase, true> {
  return sqliteStore(optionsFromUrl(url, options))
}
