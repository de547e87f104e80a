import { Redis } from 'ioredis'
import { redis as search } from '../../scripts/servers/redis.ts'
import type { Engine } from './engine.ts'
import { startServed } from './served.ts'

export const redis: Engine = {
  name: 'redis',
  durability: 'appendfsync always: nothing that was acknowledged may be lost',
  hasOwnClock: true,
  cannot: {
    'full disk': 'with appendfsync always Redis ends when it cannot write its log; its limit is maxmemory',
    'busy file': 'writers of a server do not wait for each other’s file',
  },
  async start({ folder }) {
    const found = await search.find()
    if (found === null) return search.install
    // The last word counts. With `everysec` a kill may cost what was acknowledged while a sync was under way, and nothing here could tell.
    const program = {
      ...found,
      args: (of: string, port: number) => [...found.args(of, port), '--appendfsync', 'always'],
    }
    const { server, proxy, at, stop } = await startServed(program, folder)
    const ask = async <T>(work: (client: Redis) => Promise<T>): Promise<T> => {
      const client = new Redis(server.url, { lazyConnect: true, retryStrategy: null, protocol: 2 })
      client.on('error', () => {})
      await client.connect()
      try {
        return await work(client)
      } finally {
        client.disconnect()
      }
    }
    return {
      source: found.source,
      server,
      proxy,
      url: (space, way) => {
        const { host, deadline } = at(way)
        return `redis://${host}?prefix=${space}&deadline=${deadline}`
      },
      dropListeners: () => ask(async (client) => Number(await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub'))),
      async fillMemory() {
        await ask((client) => client.config('SET', 'maxmemory', '1mb'))
        return () => ask(async (client) => void (await client.config('SET', 'maxmemory', '0')))
      },
      stop,
    }
  },
}
