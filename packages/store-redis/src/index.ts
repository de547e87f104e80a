import type { Store, StoreOptions } from '@stint/core'
import { type Findings, verifyKeys } from './commands/verify.js'
import { Connections } from './connection.js'
import { optionsFromUrl, type RedisStoreOptions, settle } from './options.js'
import { RedisStore } from './store.js'

export type { Findings } from './commands/verify.js'
export type { RedisClient, RedisStoreOptions } from './options.js'

/** The store makes connections of its own, with the settings of `client` when one is given, and never uses or closes yours. */
export function redisStore(options: RedisStoreOptions): Store<never, false> {
  return new RedisStore(options)
}

/** For `openStore('redis://…')`. In the query, besides what `ioredis` knows: `prefix`, `listen`, `deadline`. */
export function storeFromUrl(url: string, options: StoreOptions = {}): Store<never, false> {
  return redisStore(optionsFromUrl(url, options))
}

/**
 * Compares every index with the records of the jobs, which are the truth. With `repair` what differs is put right: let nobody write meanwhile.
 * Rejects as the store does.
 */
export async function verify(
  options: RedisStoreOptions & { readonly repair?: boolean | undefined },
): Promise<Findings> {
  const settled = settle(options)
  const deadlineMs = 10_000
  const connections = new Connections(settled, deadlineMs)
  try {
    return await verifyKeys(connections, { prefix: settled.prefix, deadlineMs, repair: options.repair ?? false })
  } finally {
    await connections.close()
  }
}
