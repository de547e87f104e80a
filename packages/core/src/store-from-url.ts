import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { StintError } from './errors.js'
import { memoryStore } from './memory/late-memory-store.js'
import type { Store, StoreOptions } from './store.js'

/** What a package exports to be found by its scheme. */
export interface StoreAdapter {
  storeFromUrl(url: string, options?: StoreOptions): Store
}

export type StoreAdapters = { readonly [scheme: string]: () => Promise<StoreAdapter> }

const PACKAGES: { readonly [scheme: string]: string } = {
  sqlite: '@stint/store-sqlite',
  postgres: '@stint/store-postgres',
  postgresql: '@stint/store-postgres',
  redis: '@stint/store-redis',
  rediss: '@stint/store-redis',
  mongodb: '@stint/store-mongo',
  'mongodb+srv': '@stint/store-mongo',
}
/** The driver that each package takes from the application. */
const DRIVERS: { readonly [name: string]: string } = {
  '@stint/store-sqlite': 'better-sqlite3',
  '@stint/store-postgres': 'pg',
  '@stint/store-redis': 'ioredis',
  '@stint/store-mongo': 'mongodb',
}

/** The work of `openStore` (open-store.ts), loaded when it is called. */
export async function storeFromUrl(
  url: string,
  options: StoreOptions & { readonly adapters?: StoreAdapters | undefined } = {},
): Promise<Store> {
  const { adapters, ...storeOptions } = options
  const scheme = schemeOf(url)
  const own = adapters && Object.hasOwn(adapters, scheme) ? adapters[scheme] : undefined
  if (own) return (await own()).storeFromUrl(url, storeOptions)
  if (scheme === 'memory') return memoryStore(storeOptions)
  if (!Object.hasOwn(PACKAGES, scheme)) throw unknownScheme(scheme)
  return (await load(scheme, PACKAGES[scheme] as string)).storeFromUrl(url, storeOptions)
}

function schemeOf(url: string): string {
  const scheme = typeof url === 'string' ? /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() : undefined
  if (scheme !== undefined) return scheme
  throw new TypeError(
    `openStore: expected a URL such as memory:, sqlite:jobs.db or postgres://host/database, got ${typeof url === 'string' ? `'${url}'` : typeof url}`,
  )
}

/** From core's own place first; from the application's folder where a package manager keeps the two apart. */
async function load(scheme: string, name: string): Promise<StoreAdapter> {
  try {
    return (await import(name)) as StoreAdapter
  } catch (error) {
    if (!isNotFound(error, name)) throw missingDriver(scheme, name, error)
  }
  try {
    const path = createRequire(join(process.cwd(), 'package.json')).resolve(name)
    return (await import(pathToFileURL(path).href)) as StoreAdapter
  } catch (error) {
    if (!isNotFound(error, name)) throw missingDriver(scheme, name, error)
    throw missing(scheme, `${name} ${DRIVERS[name]}`, error)
  }
}

/** The package is there, and what it needs is not. */
function missingDriver(scheme: string, name: string, error: unknown): unknown {
  const driver = DRIVERS[name] as string
  return isNotFound(error, driver) ? missing(scheme, driver, error) : error
}

function isNotFound(error: unknown, name: string): boolean {
  const { code, message } = error as { code?: string; message?: string }
  return (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && (message ?? '').includes(`'${name}'`)
}

const missing = (scheme: string, install: string, cause?: unknown): StintError<'ADAPTER_MISSING'> =>
  new StintError(
    'ADAPTER_MISSING',
    `No store for "${scheme}:" URLs is installed here. Run: npm install ${install}`,
    { scheme, install },
    { cause },
  )

const unknownScheme = (scheme: string): StintError<'ADAPTER_MISSING'> =>
  new StintError(
    'ADAPTER_MISSING',
    `Nothing here knows "${scheme}:" URLs; known are memory, ${Object.keys(PACKAGES).join(', ')}. Check the URL, or give the store of that scheme by the option \`adapters\`.`,
    { scheme, install: 'an adapter for that scheme, given by `adapters`' },
  )
