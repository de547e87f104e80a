import type { Duration, StoreOptions } from '@stint/core'
import { splitStoreUrl, withoutPassword } from '@stint/core/store'

/** What is used of a client of `ioredis`: its settings, by which the store makes connections of its own. */
export interface RedisClient {
  // biome-ignore lint/suspicious/noExplicitAny: the types of ioredis come from elsewhere and have to fit.
  readonly options: any
  // biome-ignore lint/suspicious/noExplicitAny: a Redis or a Cluster.
  duplicate(...options: any[]): unknown
}

export type RedisStoreOptions = ({ readonly url: string } | { readonly client: RedisClient }) &
  StoreOptions & {
    /** All keys of the store begin with `{prefix}:`, so that they share one slot of a cluster. Default `stint`. */
    readonly prefix?: string | undefined
    /** Default true: a write wakes sleepers in other processes, for which each store keeps one connection more while somebody listens. */
    readonly listen?: boolean | undefined
  }

/** The options, checked and complete. */
export interface Settled {
  /** What `ioredis` makes a connection of: a URL, or settings. */
  readonly url: string | null
  readonly config: Readonly<Record<string, unknown>>
  readonly prefix: string
  readonly listen: boolean
}

export function settle(options: RedisStoreOptions): Settled {
  if (typeof options !== 'object' || options === null)
    throw new TypeError("redisStore: expected { url: 'redis://…' } or { client }")
  const { prefix = 'stint', listen = true } = options
  if (typeof prefix !== 'string' || !/^[A-Za-z0-9_.:-]{1,64}$/.test(prefix))
    throw new TypeError(`prefix: expected 1–64 characters of A–Z a–z 0–9 _ . : -, got '${String(prefix)}'`)
  if (typeof listen !== 'boolean') throw new TypeError(`listen: expected true or false, got ${String(listen)}`)
  const { url, client } = options as { url?: unknown; client?: RedisClient }
  if ((url === undefined) === (client === undefined))
    throw new TypeError("redisStore: expected either { url: 'redis://…' } or { client: <a client of ioredis> }")
  if (client === undefined) {
    if (typeof url !== 'string' || !/^rediss?:\/\//i.test(url))
      throw new TypeError("url: expected 'redis://user:password@host:port/database', or rediss:// for TLS")
    return { url, config: {}, prefix, listen }
  }
  return { url: null, config: configOf(client), prefix, listen }
}

/** Of a Cluster: what its nodes are connected with, beginning at one that it knows. */
function configOf(client: RedisClient): Readonly<Record<string, unknown>> {
  if (typeof client !== 'object' || client === null || typeof client.options !== 'object' || client.options === null)
    throw new TypeError('client: expected a Redis or a Cluster of ioredis')
  if (!('isCluster' in client) || client.isCluster !== true) return client.options
  const { startupNodes = [] } = client as { startupNodes?: readonly unknown[] }
  const [first] = startupNodes
  const node =
    typeof first === 'object' && first !== null
      ? (first as Record<string, unknown>)
      : typeof first === 'number'
        ? { port: first }
        : addressOf(typeof first === 'string' ? first : '')
  return { ...client.options.redisOptions, ...node }
}

function addressOf(text: string): Record<string, unknown> {
  const url = URL.parse(/^rediss?:/.test(text) ? text : `redis://${text}`)
  if (url === null || url.hostname === '')
    throw new TypeError('client: expected a Cluster with at least one startup node')
  return { host: url.hostname, port: Number(url.port || 6379) }
}

const URL_OPTIONS: readonly string[] = ['prefix', 'listen', 'deadline']

/** `redis://user:password@host:port/database?prefix=jobs&listen=false&deadline=5s`; the rest is for `ioredis`. */
export function optionsFromUrl(url: string, options: StoreOptions): RedisStoreOptions & { readonly url: string } {
  if (!/^rediss?:/i.test(url))
    throw new TypeError(`expected a URL such as redis://host:6379, got '${withoutPassword(url)}'`)
  const own = splitStoreUrl(url, URL_OPTIONS)
  return {
    ...options,
    url: own.url,
    prefix: own.given('prefix'),
    listen: own.isYes('listen'),
    deadline: (own.given('deadline') as Duration | undefined) ?? options.deadline,
  }
}
