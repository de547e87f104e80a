import type { Store, StoreOptions } from './store.js'
import type { StoreAdapters } from './store-from-url.js'

/**
 * `memory:` · `sqlite:jobs.db` · `postgres://…` · `redis://…` · `rediss://…` · `mongodb://…` · `mongodb+srv://…`
 * Loads the scheme's package and makes the store; the queue opens it. An adapter's own options may stand in the query: `?synchronous=NORMAL`.
 * For bundlers, use the package's own factory. `adapters` adds or replaces schemes. Error: `ADAPTER_MISSING`.
 */
export async function openStore(
  url: string,
  options: StoreOptions & { readonly adapters?: StoreAdapters | undefined } = {},
): Promise<Store> {
  const { storeFromUrl } = await import('./store-from-url.js')
  return storeFromUrl(url, options)
}
