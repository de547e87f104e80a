import type { Duration, StoreOptions } from '@stint/core'
import { splitStoreUrl, withoutPassword } from '@stint/core/store'
import type { ClientSession, Db, MongoClient } from 'mongodb'

/** A session of the user's own client, inside a transaction. Replica sets only. */
export type MongoTx = ClientSession

export type MongoStoreOptions = ({ readonly url: string } | { readonly client: MongoClient } | { readonly db: Db }) &
  StoreOptions & {
    /** The database. Default: that of the URL, else `stint`. Not beside `db`. */
    readonly database?: string | undefined
    /** The names of the collections begin with it. Default `stint_`. */
    readonly prefix?: string | undefined
    /** Most connections at once, where the store makes its own client. Default 20. */
    readonly max?: number | undefined
  }

/** The options, checked and complete. */
export interface Settled {
  readonly url: string | null
  readonly client: MongoClient | null
  readonly db: Db | null
  readonly database: string | undefined
  readonly prefix: string
  readonly max: number
}

const DEFAULT_MAX = 20

export function settle(options: MongoStoreOptions): Settled {
  const given = options as { url?: unknown; client?: MongoClient; db?: Db } | null
  if (typeof given !== 'object' || given === null) throw new TypeError(EXPECTED)
  const { url, client, db } = given
  if ([url, client, db].filter((one) => one !== undefined).length !== 1) throw new TypeError(EXPECTED)
  if (url !== undefined && (typeof url !== 'string' || !/^mongodb(\+srv)?:\/\//i.test(url)))
    throw new TypeError(`url: expected mongodb://host:27017/database, got '${withoutPassword(String(url))}'`)
  if (client !== undefined && typeof client.db !== 'function') throw new TypeError('client: expected a MongoClient')
  if (db !== undefined && typeof db.collection !== 'function') throw new TypeError('db: expected a Db of mongodb')
  const { database, prefix = 'stint_', max = DEFAULT_MAX } = options
  if (database !== undefined && (typeof database !== 'string' || !/^[A-Za-z0-9_-]{1,60}$/.test(database)))
    throw new TypeError(`database: expected 1 to 60 letters, digits, _ and -, got '${String(database)}'`)
  if (database !== undefined && db !== undefined) throw new TypeError('database: db says it already, give one of them')
  if (typeof prefix !== 'string' || !/^[A-Za-z_][A-Za-z0-9_.-]{0,79}$/.test(prefix) || /^system\./.test(prefix))
    throw new TypeError(
      `prefix: expected a letter or _, then letters, digits, _, . and -, at most 80, got '${String(prefix)}'`,
    )
  if (!Number.isInteger(max) || max < 1 || max > 1000)
    throw new TypeError(`max: expected a whole number from 1 to 1000, got ${String(max)}`)
  return { url: (url as string) ?? null, client: client ?? null, db: db ?? null, database, prefix, max }
}

const EXPECTED = "mongoStore: expected one of { url: 'mongodb://…' }, { client: <a MongoClient> } and { db: <a Db> }"

const URL_OPTIONS: readonly string[] = ['prefix', 'max', 'deadline']

/** `mongodb://user:password@host:port/database?prefix=jobs_&max=50&deadline=5s`; the rest is for the driver. */
export function optionsFromUrl(url: string, options: StoreOptions): MongoStoreOptions & { readonly url: string } {
  const own = splitStoreUrl(url, URL_OPTIONS)
  return {
    ...options,
    url: own.url,
    prefix: own.given('prefix'),
    max: own.number('max'),
    deadline: (own.given('deadline') as Duration | undefined) ?? options.deadline,
  }
}
