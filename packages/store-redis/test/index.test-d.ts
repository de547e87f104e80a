import type { Store } from '@stint/core'
import type { Cluster, Redis } from 'ioredis'
import { expectTypeOf, test } from 'vitest'
import { type RedisClient, redisStore, storeFromUrl } from '../src/index.js'

test('a store of Redis joins no transactions, and takes any client of ioredis', () => {
  expectTypeOf(redisStore({ url: 'redis://localhost' })).toEqualTypeOf<Store<never, false>>()
  expectTypeOf(storeFromUrl('redis://localhost')).toEqualTypeOf<Store<never, false>>()
  expectTypeOf<Redis>().toExtend<RedisClient>()
  expectTypeOf<Cluster>().toExtend<RedisClient>()
  // @ts-expect-error: one of the two
  redisStore({})
  // @ts-expect-error: a prefix, not a name
  redisStore({ url: 'redis://localhost', name: 'jobs' })
})
