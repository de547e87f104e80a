import { checkInvariants } from '@stint/core/conformance'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type RedisCluster, startRedisCluster } from '../../../scripts/servers/redis-cluster.ts'
import type { OwnServer } from '../../../scripts/servers/server.ts'
import { outcomeOf } from '../../../scripts/store-tests/outcome.js'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { redisStore } from '../src/index.js'
import { ask } from './support/place.js'

const event = { type: 'succeeded', actor: null, detail: null }

const clusterUrl = inject('redisClusterUrl')

describe.skipIf(clusterUrl === null)('a cluster of three nodes', () => {
  const cluster = { url: clusterUrl ?? '' }

  // Of six names some are surely at another node than the one that is asked first.
  test.each(['a', 'b', 'c', 'd', 'e', 'f'])('the store %s › is found at its node, and works as ever', async (name) => {
    const store = redisStore({ url: cluster.url, prefix: name })
    await store.open()
    const hinted = new Promise<void>((resolve) => store.subscribe(() => resolve()))
    await store.exchange({ inserts: [newJob('one', { key: 'k' }), newJob('two')] })
    const other = redisStore({ url: cluster.url, prefix: name })
    await other.open()
    expect((await other.exchange({ claims: [claimOf('token', { max: 1 })] })).claims[0]?.jobs).toHaveLength(1)
    await hinted
    await checkInvariants(other)
    await store.close()
    await other.close()
  })

  test('a Cluster that is given › serves with its settings, and is not closed [OPEN-4]', async () => {
    const { hostname, port } = new URL(cluster.url)
    const client = new Cluster([{ host: hostname, port: Number(port) }])
    const store = redisStore({ client, prefix: 'given' })
    await store.open()
    await store.exchange({ inserts: [newJob('job')] })
    await store.close()
    expect(await client.hget('{given}:m', 'schema')).toBe('1')
    client.disconnect()
  })
})

describe.skipIf(clusterUrl === null)('a cluster with a replica of each node', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    const found = await startRedisCluster({ withReplicas: true })
    if (found === null) throw new Error('there is no redis-server to be had')
    cluster = found
  }, 40_000)
  afterAll(() => cluster.stop())

  test('whose node of the store goes, the very one that the URL names › the same store goes on at the replica, with what that had [FAULT-1, FAULT-3, FAULT-4]', async () => {
    const [first] = cluster.primaries as [OwnServer]
    const slotOf = (prefix: string) => ask((redis) => redis.cluster('KEYSLOT', `{${prefix}}:m`), cluster.url)
    let prefix = 'failover'
    while ((await slotOf(prefix)) >= Math.floor(16_384 / 3)) prefix += 'x'
    const store = redisStore({ url: cluster.url, prefix, deadline: '2s' })
    await store.open()
    await store.exchange({ inserts: [newJob('before')] })
    const { claims } = await store.exchange({ claims: [claimOf('token')] })
    expect(claims[0]?.jobs).toHaveLength(1)
    expect(await ask((redis) => redis.wait(1, 5000), cluster.url)).toBe(1)
    await first.kill()
    const outcomes = new Set<unknown>()
    const began = performance.now()
    for (let n = 0; !outcomes.has('done'); n++) {
      expect(performance.now() - began).toBeLessThan(25_000)
      outcomes.add(await outcomeOf(store.exchange({ inserts: [newJob(`during-${n}`)] })))
    }
    outcomes.delete('done')
    expect(['STORE_UNAVAILABLE', 'OUTCOME_UNKNOWN']).toEqual(expect.arrayContaining([...outcomes]))
    expect(outcomes.size).toBeGreaterThan(0) // it was away
    const settle = { id: 'before', guard: { token: 'token' }, set: { state: 'succeeded' }, event } as const
    expect((await store.exchange({ changes: [settle] })).changes[0]?.ok).toBe(true)
    await checkInvariants(store)
    await store.close()
  }, 60_000)
})
