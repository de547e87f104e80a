import type { Store, StoreOptions } from '@stint/core'
import { type MongoStoreOptions, type MongoTx, optionsFromUrl } from './options.js'
import { MongoStore } from './store.js'

export type { MongoStoreOptions, MongoTx } from './options.js'

/**
 * By `url` the store makes a client of its own and closes it; a `client` or `db` that is given stays yours. On a replica set `withTx` takes a
 * session of your client inside a transaction.
 */
export function mongoStore(options: MongoStoreOptions): Store<MongoTx, false> {
  return new MongoStore(options)
}

/** For `openStore('mongodb://…')`. In the query, besides what the driver knows: `prefix`, `max`, `deadline`. */
export function storeFromUrl(url: string, options: StoreOptions = {}): Store<MongoTx, false> {
  return mongoStore(optionsFromUrl(url, options))
}
