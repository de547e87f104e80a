import { Redis } from 'ioredis'
import { findServer } from '../../scripts/servers/find.ts'
import { redis } from '../../scripts/servers/redis.ts'
import type { Place } from '../place.ts'
import { RedisRaw } from '../raw/redis.ts'

const SAMPLE = 2000

export async function redisPlace(): Promise<Place | null> {
  const server = await findServer('redis', redis, 'disk')
  if (server === null) return null
  const { url, source, own } = server
  const client = new Redis(url)
  const info = await client.info()
  const said = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? 'not told'
  const syncs = await client.config('GET', 'appendfsync').then(
    (answer) => String((answer as string[])[1]),
    () => 'not told',
  )
  const made = new Set<string>()
  return {
    engine: 'redis',
    facts: {
      version: said('redis_version'),
      source,
      appendonly: said('aof_enabled') === '1' ? 'yes' : 'no',
      appendfsync: syncs,
    },
    pid: own?.pid ?? null,
    url: (name) => {
      made.add(name)
      return `${url}${url.includes('?') ? '&' : '?'}prefix=${name}`
    },
    isShared: true,
    raw: async (name) => {
      made.add(name)
      return new RedisRaw(url, `{${name}}:`)
    },
    bytes: (name) => bytesUnder(client, `{${name}}:`),
    stop: async () => {
      if (own === null) for (const name of made) await dropUnder(client, `{${name}}:`)
      client.disconnect()
      await server.stop()
    },
  }
}

async function* keysUnder(client: Redis, prefix: string): AsyncGenerator<string[]> {
  yield* client.scanStream({ match: `${prefix}*`, count: 2000 }) as AsyncIterable<string[]>
}

/** The small keys are weighed as a sample, since there is one for each job; the few large ones each. */
async function bytesUnder(client: Redis, prefix: string): Promise<number> {
  let jobs = 0
  let weighed = 0
  let sample = 0
  let indexes = 0
  const weigh = async (key: string): Promise<number> =>
    Number(await client.call('MEMORY', 'USAGE', key, 'SAMPLES', '200')) || 0
  for await (const keys of keysUnder(client, prefix)) {
    for (const key of keys) {
      if (!key.startsWith(`${prefix}j:`)) indexes += await weigh(key)
      else if (++jobs && weighed < SAMPLE) {
        weighed++
        sample += await weigh(key)
      }
    }
  }
  return indexes + (weighed === 0 ? 0 : (sample / weighed) * jobs)
}

async function dropUnder(client: Redis, prefix: string): Promise<void> {
  for await (const keys of keysUnder(client, prefix)) if (keys.length > 0) await client.unlink(...keys)
}
