import { importAdapter, schemeOf } from './adapter-packages.js'
import { memoryStore } from './memory/late-memory-store.js'
import type { Store, StoreOptions } from './store.js'

/** What a package exports to be found by its scheme. */
export interface StoreAdapter {
  storeFromUrl(url: string, options?: StoreOptions): Store
}

export type StoreAdapters = { readonly [scheme: string]: () => Promise<StoreAdapter> }

/** The work of `openStore` (open-store.ts), loaded when it is called. */
export async function storeFromUrl(
  url: string,
  options: StoreOptions & { readonly adapters?: StoreAdapters | undefined } = {},
): Promise<Store> {
  const { adapters, ...storeOptions } = options
  const scheme = schemeOf(url)
  if (scheme === null) {
    throw new TypeError(
      `openStore: expected a URL such as memory:, sqlite:jobs.db or postgres://host/database, got ${typeof url === 'string' ? `'${url}'` : typeof url}`,
    )
  }
  const own = adapters && Object.hasOwn(adapters, scheme) ? adapters[scheme] : undefined
  if (own) return (await own()).storeFromUrl(url, storeOptions)
  if (scheme === 'memory') return memoryStore(storeOptions)
  return ((await importAdapter(scheme)) as StoreAdapter).storeFromUrl(url, storeOptions)
}
