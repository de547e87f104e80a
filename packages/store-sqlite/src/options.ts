import { resolve } from 'node:path'
import type { Duration, StoreOptions } from '@stint/core'

/** What is used of better-sqlite3's Database. */
export interface SqliteDatabase {
  readonly name: string
  readonly inTransaction: boolean
  // biome-ignore lint/suspicious/noExplicitAny: better-sqlite3's own types come from elsewhere and have to fit.
  prepare(sql: string): any
  exec(sql: string): unknown
}

export type SqliteStoreOptions = ({ readonly path: string } | { readonly db: SqliteDatabase }) &
  StoreOptions & {
    /** `FULL` (default): an acknowledged job survives power loss. `NORMAL`: the last moments may go with the power, never with the process. */
    readonly synchronous?: 'FULL' | 'NORMAL' | undefined
    /** Prefix of tables. Default `stint_`. */
    readonly tablePrefix?: string | undefined
  }

/** The options, checked and complete. */
export interface Settled {
  /** Absolute; null: in memory. */
  readonly file: string | null
  /** The user's Database, when that was given. */
  readonly db: SqliteDatabase | null
  readonly synchronous: 'FULL' | 'NORMAL'
  readonly prefix: string
}

export function settle(options: SqliteStoreOptions): Settled {
  if (typeof options !== 'object' || options === null)
    throw new TypeError("sqliteStore: expected { path: 'jobs.db' } or { db }")
  const { synchronous = 'FULL', tablePrefix: prefix = 'stint_' } = options
  if (synchronous !== 'FULL' && synchronous !== 'NORMAL') {
    throw new TypeError(`synchronous: expected 'FULL' or 'NORMAL', got ${String(synchronous)}`)
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,31}$/.test(prefix) || /^sqlite_/i.test(prefix)) {
    throw new TypeError(
      `tablePrefix: expected a letter, then letters, digits and _, at most 32, not beginning with sqlite_, got '${prefix}'`,
    )
  }
  const place = { ...options } as { path?: string; db?: SqliteDatabase }
  if ((place.path === undefined) === (place.db === undefined)) {
    throw new TypeError("sqliteStore: expected either { path: 'jobs.db' } or { db: <a better-sqlite3 Database> }")
  }
  if (place.db !== undefined) return { file: fileOf(place.db), db: place.db, synchronous, prefix }
  if (typeof place.path !== 'string' || place.path === '') {
    throw new TypeError("path: expected the name of a file, or ':memory:'")
  }
  // Absolute from here on: the process may change its folder before it opens the store.
  return { file: place.path === ':memory:' ? null : resolve(place.path), db: null, synchronous, prefix }
}

/** The file that a handle works on; null: none, the data lives in that very handle. */
export function fileOf(db: SqliteDatabase): string | null {
  const file: unknown = db.prepare("select file from pragma_database_list where name = 'main'").pluck().get()
  return typeof file === 'string' && file !== '' ? file : null
}

const URL_OPTIONS: readonly string[] = ['synchronous', 'tablePrefix', 'deadline']

/** `sqlite:jobs.db`, `sqlite:/var/lib/jobs.db`, `sqlite:///var/lib/jobs.db`, `sqlite::memory:`, each with `?synchronous=NORMAL&tablePrefix=x_`. */
export function optionsFromUrl(url: string, options: StoreOptions): SqliteStoreOptions & { readonly path: string } {
  const match = /^sqlite:(?:\/\/)?([^?#]*)(?:\?([^#]*))?$/.exec(url)
  const path = match?.[1] ? decodeURIComponent(match[1]) : ''
  if (path === '')
    throw new TypeError(`expected a URL such as sqlite:jobs.db or sqlite:///var/lib/jobs.db, got '${url}'`)
  const query = new URLSearchParams(match?.[2] ?? '')
  for (const name of query.keys()) {
    if (!URL_OPTIONS.includes(name))
      throw new TypeError(`unknown option '${name}' in '${url}'; there are ${URL_OPTIONS.join(', ')}`)
  }
  const given = (name: string): string | undefined => query.get(name) ?? undefined
  return {
    ...options,
    path,
    synchronous: given('synchronous') as 'FULL' | 'NORMAL' | undefined,
    tablePrefix: given('tablePrefix'),
    deadline: (given('deadline') as Duration | undefined) ?? options.deadline,
  }
}
