import type { StoreOptions } from '@stint/core'
import { Redis } from 'ioredis'
import { movedTo } from '../failures.js'
import { optionsFromUrl, type RedisStoreOptions } from '../options.js'
import { type Durability, readDurability } from '../schema.js'

const IDLE_MS = 5000

/** Where the stores of a suite have their keys. */
export interface Place {
  readonly url: string
  /** What the suite says goes before what the URL says. */
  optionsOf(space: string, options: StoreOptions): RedisStoreOptions & { readonly url: string }
  readonly durability: () => Promise<Durability>
  /** Commands on a connection of their own, to the node of a cluster that has the space. */
  ask<T>(space: string, work: (redis: Redis) => Promise<T>): Promise<T>
  keysOf(space: string): Promise<string[]>
  destroy(space: string): Promise<void>
}

export function placeOf(url: string): Place {
  const given = optionsFromUrl(url, {})
  /** By space: the connection to its node. */
  const nodes = new Map<string, Redis>()
  const linked = linksTo(given.url)
  const ask = <T>(space: string, work: (redis: Redis) => Promise<T>): Promise<T> => {
    const known = nodes.get(space)
    // At once where the node is known: a cut comes while a write is under way.
    if (known !== undefined && known.status === 'ready') return work(known)
    return nodeOf(space).then((redis) => {
      nodes.set(space, redis)
      return work(redis)
    })
  }
  const nodeOf = async (space: string): Promise<Redis> => {
    const first = await linked(null)
    try {
      await first.exists(`{${space}}:m`)
      return first
    } catch (error) {
      const target = movedTo(error)
      if (target === null) throw error
      return linked(target)
    }
  }
  const keysOf = (space: string): Promise<string[]> =>
    ask(space, async (redis) => {
      const keys = new Set<string>()
      for await (const page of redis.scanStream({ match: `{${space}}:*`, count: 1000 }))
        for (const key of page as string[]) keys.add(key)
      return [...keys]
    })
  let durability: Promise<Durability> | null = null
  return {
    url,
    optionsOf: (space, options) => ({ ...given, ...options, prefix: space }),
    durability: () => (durability ??= linked(null).then(readDurability)),
    ask,
    keysOf,
    async destroy(space) {
      const keys = await keysOf(space)
      await ask(space, async (redis) => {
        for (let at = 0; at < keys.length; at += 1000) await redis.unlink(keys.slice(at, at + 1000))
      })
      nodes.delete(space)
    },
  }
}

/** One connection to each node, kept while it is used: nobody's process stays for it. null: the node that the URL names. */
function linksTo(url: string): (node: { readonly host: string; readonly port: number } | null) => Promise<Redis> {
  const links = new Map<string, Redis>()
  let idle: NodeJS.Timeout | null = null
  const drop = (): void => {
    for (const redis of links.values()) redis.disconnect()
    links.clear()
  }
  return async (node) => {
    if (idle !== null) clearTimeout(idle)
    idle = setTimeout(drop, IDLE_MS).unref()
    const address = node === null ? '' : `${node.host}:${node.port}`
    const known = links.get(address)
    if (known?.status === 'ready') return known
    const { options } = new Redis(url, { lazyConnect: true, retryStrategy: null, protocol: 2 })
    // Not `new Redis(url, node)`: what the URL says would win.
    const redis = new Redis({ ...(options as Readonly<Record<string, unknown>>), ...node })
    redis.on('error', () => {})
    redis.on('connect', () => void redis.stream.unref())
    await redis.connect()
    links.set(address, redis)
    return redis
  }
}
