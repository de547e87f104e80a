import type { Store, StoreOptions } from '@stint/core'
import { optionsFromUrl, type PostgresStoreOptions, type PostgresTx } from './options.js'
import { PostgresStore } from './store.js'

export type { PostgresPool, PostgresStoreOptions, PostgresTx } from './options.js'

/**
 * The store keeps connections of its own, made with the settings of `pool` when one is given, so nobody's open transaction swallows its writes;
 * `withTx` takes any client of yours that is inside a transaction on the same database.
 */
export function postgresStore(options: PostgresStoreOptions): Store<PostgresTx, false> {
  return new PostgresStore(options)
}

/** For `openStore('postgres://…')`. In the query, besides what `pg` knows: `schema`, `prepared`, `listen`, `max`, `deadline`. */
export function storeFromUrl(url: string, options: StoreOptions = {}): Store<PostgresTx, false> {
  return postgresStore(optionsFromUrl(url, options))
}
