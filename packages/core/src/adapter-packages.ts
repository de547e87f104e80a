/** Which package serves which scheme of store URLs, and how it is found: for `openStore`, and for the conformance program. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { StintError } from './errors.js'

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

export const schemeOf = (url: unknown): string | null =>
  (typeof url === 'string' && /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()) || null

/**
 * The module of the scheme's package, or of a subpath of it (`/conformance`). From core's own place first; from the application's folder where
 * a package manager keeps the two apart. Rejects with `ADAPTER_MISSING`, which names what to install.
 */
export async function importAdapter(scheme: string, subpath = ''): Promise<unknown> {
  if (!Object.hasOwn(PACKAGES, scheme)) throw unknownScheme(scheme)
  const name = PACKAGES[scheme] as string
  try {
    return await import(name + subpath)
  } catch (error) {
    if (!isNotFound(error, name, subpath)) throw missingDriver(scheme, name, error)
  }
  try {
    const path = createRequire(join(process.cwd(), 'package.json')).resolve(name + subpath)
    return await import(pathToFileURL(path).href)
  } catch (error) {
    if (!isNotFound(error, name, subpath)) throw missingDriver(scheme, name, error)
    throw missing(scheme, `${name} ${DRIVERS[name]}`, error)
  }
}

/** The package is there, and what it needs is not. */
function missingDriver(scheme: string, name: string, error: unknown): unknown {
  const driver = DRIVERS[name] as string
  return isNotFound(error, driver) ? missing(scheme, driver, error) : error
}

function isNotFound(error: unknown, name: string, subpath = ''): boolean {
  const { code, message = '' } = error as { code?: string; message?: string }
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return false
  return message.includes(`'${name}'`) || (subpath !== '' && message.includes(`'${name}${subpath}'`))
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
