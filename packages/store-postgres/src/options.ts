import type { Duration, StoreOptions } from '@stint/core'
import { splitStoreUrl, withoutPassword } from '@stint/core/store'

/** What is used of a Pool of `pg`: its settings, by which the store makes connections of its own. */
export interface PostgresPool {
  // biome-ignore lint/suspicious/noExplicitAny: the types of pg come from elsewhere and have to fit.
  readonly options: any
  connect(): Promise<unknown>
}

/** What a call may join: a client of `pg` inside a transaction, or anything that runs a statement in one. */
export interface PostgresTx {
  // biome-ignore lint/suspicious/noExplicitAny: rows are whatever the statement gives.
  query(text: string, values: any[]): Promise<{ rows: any[] }>
  /** A Pool counts its clients, and has no transaction. */
  readonly totalCount?: never
}

export type PostgresStoreOptions = ({ readonly url: string } | { readonly pool: PostgresPool }) &
  StoreOptions & {
    /** The schema of the tables, made when it is not there. Default `stint`. */
    readonly schema?: string | undefined
    /** Default true. false where a pooler in transaction mode (PgBouncer) stands between. */
    readonly prepared?: boolean | undefined
    /**
     * Sleepers in other processes are woken by NOTIFY, for which each store keeps one connection more while somebody listens. Default as
     * `prepared`: a pooler in transaction mode takes LISTEN, and nothing is ever heard.
     */
    readonly listen?: boolean | undefined
    /** Most connections at once, the listening one aside. Default 10, or that of `pool`. */
    readonly max?: number | undefined
  }

/** The options, checked and complete. */
export interface Settled {
  /** What `pg` makes a connection of. */
  readonly config: Readonly<Record<string, unknown>>
  readonly schema: string
  readonly prepared: boolean
  readonly listen: boolean
  readonly max: number
}

const DEFAULT_MAX = 10

export function settle(options: PostgresStoreOptions): Settled {
  if (typeof options !== 'object' || options === null)
    throw new TypeError("postgresStore: expected { url: 'postgres://…' } or { pool }")
  const { schema = 'stint', prepared = true, listen = prepared } = options
  // Postgres cuts longer names, and two stores would meet in one schema.
  if (typeof schema !== 'string' || !/^[A-Za-z_][A-Za-z0-9_$-]{0,62}$/.test(schema) || /^pg_/i.test(schema)) {
    throw new TypeError(
      `schema: expected a letter or _, then letters, digits, _, $ and -, at most 63, not beginning with pg_, got '${String(schema)}'`,
    )
  }
  for (const [name, value] of Object.entries({ prepared, listen })) {
    if (typeof value !== 'boolean') throw new TypeError(`${name}: expected true or false, got ${String(value)}`)
  }
  const config = configOf(options as { url?: unknown; pool?: PostgresPool })
  const max = options.max ?? (typeof config['max'] === 'number' ? config['max'] : DEFAULT_MAX)
  if (!Number.isInteger(max) || max < 1 || max > 1000)
    throw new TypeError(`max: expected a whole number from 1 to 1000, got ${String(max)}`)
  return { config, schema, prepared, listen, max }
}

function configOf({ url, pool }: { url?: unknown; pool?: PostgresPool }): Readonly<Record<string, unknown>> {
  if ((url === undefined) === (pool === undefined))
    throw new TypeError("postgresStore: expected either { url: 'postgres://…' } or { pool: <a Pool of pg> }")
  if (pool === undefined) {
    if (typeof url !== 'string' || url === '')
      throw new TypeError(`url: expected 'postgres://user:password@host:port/database'`)
    return { connectionString: url }
  }
  if (typeof pool !== 'object' || pool === null || typeof pool.options !== 'object' || pool.options === null)
    throw new TypeError('pool: expected a Pool of pg. A single client serves only calls with `tx`.')
  // pg hides the password from enumeration, and a copy would be without it. What the user hung on their pool's life stays theirs.
  const { onConnect, verify, log, min, maxUses, ...config } = pool.options as Record<string, unknown>
  return { ...config, ...('password' in pool.options && { password: pool.options.password }) }
}

const URL_OPTIONS: readonly string[] = ['schema', 'prepared', 'listen', 'max', 'deadline']

/** `postgres://user:password@host:port/database?schema=jobs&prepared=false&listen=false&max=20&deadline=5s`; the rest is for `pg`. */
export function optionsFromUrl(url: string, options: StoreOptions): PostgresStoreOptions & { url: string } {
  if (!/^postgres(ql)?:/i.test(url))
    throw new TypeError(
      `expected a URL such as postgres://user:password@host:5432/database, got '${withoutPassword(url)}'`,
    )
  const own = splitStoreUrl(url, URL_OPTIONS)
  return {
    ...options,
    url: own.url,
    schema: own.given('schema'),
    prepared: own.isYes('prepared'),
    listen: own.isYes('listen'),
    max: own.number('max'),
    deadline: (own.given('deadline') as Duration | undefined) ?? options.deadline,
  }
}
