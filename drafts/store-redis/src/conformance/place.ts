import type { StoreOptions } from '@stint/core'
import { Redis } from 'ioredis'
import { optionsFromUrl, type RedisStoreOptions } from '../options.js'
import { type Durability, readDurability } from '../schema.js'

const IDLE_MS = 5000

/** Where the stores of a suite have their keys. */
export interface Place {
  readonly url: string
  /** What the suite says goes before what the URL says. */
  optionsOf(space: string, options: StoreOptions): RedisStoreOptions & { readonly url: string }
  readonly durability: () => Promise<Durability>
  /** Commands on a connection of their own. */
  ask<T>(work: (redis: Redis) => Promise<T>): Promise<T>
  keysOf(space: string): Promise<string[]>
  destroy(space: string): Promise<void>
}

export function placeOf(url: string): Place {
  const given = optionsFromUrl(url, {})
  // Kept for a while, so that a cut comes while a write is under way. Nobody's process stays for it.
  let kept: Redis | null = null
  let idle: NodeJS.Timeout | null = null
  const drop = (): void => {
    kept?.disconnect()
    kept = null
  }
  const ask = async <T>(work: (redis: Redis) => Promise<T>): Promise<T> => {
    if (idle !== null) clearTimeout(idle)
    if (kept === null || kept.status === 'end') {
      const redis = new Redis(given.url, { lazyConnect: true, retryStrategy: null, protocol: 2 })
      redis.on('error', () => {})
      redis.on('connect', () => void redis.stream.unref())
      kept = redis
      await redis.connect()
    }
    const answer = work(kept)
    idle = setTimeout(drop, IDLE_MS).unref()
    return answer
  }
  const keysOf = (space: string): Promise<string[]> =>
    ask(async (redis) => {
      const keys = new Set<string>()
      for await (const page of redis.scanStream({ match: `{${space}}:*`, count: 1000 }))
        for (const key of page as string[]) keys.add(key)
      return [...keys]
    })
  let durability: Promise<Durability> | null = null
  return {
    url,
    optionsOf: (space, options) => ({ ...given, ...options, name: space }),
    durability: () => (durability ??= ask(readDurability)),
    ask,
    keysOf,
    async destroy(space) {
      const keys = await keysOf(space)
      await ask(async (redis) => {
        for (let at = 0; at < keys.length; at += 1000) await redis.unlink(keys.slice(at, at + 1000))
      })
    },
  }
}
