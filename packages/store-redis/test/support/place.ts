import { Redis } from 'ioredis'
import { inject } from 'vitest'

/** The server of the tests; a test that asks has said before that it is there. */
export function url(): string {
  const found = inject('redisUrl')
  if (found === null) throw new Error('there is no server for this test')
  return found
}

let made = 0
export const newName = (what = 'case'): string => `${what}_${process.pid}_${++made}`

/** Commands on a connection of their own. */
export async function ask<T>(work: (redis: Redis) => Promise<T>, at = url()): Promise<T> {
  const redis = new Redis(at, { retryStrategy: null, protocol: 2 })
  try {
    return await work(redis)
  } finally {
    redis.disconnect()
  }
}

export const keysOf = (name: string, at = url()): Promise<string[]> => ask((redis) => redis.keys(`{${name}}:*`), at)
