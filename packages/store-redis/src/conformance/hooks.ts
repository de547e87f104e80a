import type { EngineHooks } from '@stint/core/conformance'
import { Redis } from 'ioredis'
import { connectionName } from '../connection.js'
import { RedisStore } from '../store.js'
import type { Counted } from './counted.js'
import type { Place } from './place.js'

const LONG_MS = 60_000

/** What another connection can do to a space. */
export function hooks({ optionsOf, ask, keysOf, durability }: Place, { Client, connectionsOf }: Counted): EngineHooks {
  return {
    async size(space) {
      const keys = await keysOf(space)
      return ask(space, async (redis) => {
        const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key)))
        return sizes.reduce<number>((sum, size) => sum + Number(size ?? 0), 0)
      })
    },
    makeNewer: (space) => ask(space, async (redis) => void (await redis.hset(`{${space}}:m`, 'schema', '99'))),
    // The server's own setting stays as it is: others use it.
    makeUnsafe: async (space) =>
      new RedisStore(optionsOf(space, {}), {
        Client,
        durability: { ...(await durability()), evicts: 'allkeys-lru' },
      }),
    async makeOverGiven(space, options) {
      const { url, ...rest } = optionsOf(space, options)
      const client = new Redis(url)
      return {
        store: new RedisStore({ ...rest, url: undefined, client } as never, { Client, durability: await durability() }),
        begin: async () => {
          await client.call('MULTI')
          return { rollback: async () => void (await client.call('DISCARD')) }
        },
        isUsable: async () => (await client.ping()) === 'PONG',
        dispose: () => client.disconnect(),
      }
    },
    async block(space) {
      await ask(space, (redis) => redis.call('CLIENT', 'PAUSE', LONG_MS, 'WRITE'))
      return () => ask(space, async (redis) => void (await redis.call('CLIENT', 'UNPAUSE')))
    },
    // From both sides in one breath, so that what is under way loses its answer. The stores of other processes keep theirs.
    cut(space) {
      for (const { address, destroy } of connectionsOf(connectionName(space))) {
        ask(space, (redis) => redis.call('CLIENT', 'KILL', 'ADDR', address)).catch(() => {})
        destroy()
      }
    },
  }
}
