import { checkInvariants } from '@stint/core/conformance'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { FoundServer } from '../../../scripts/servers/find.ts'
import { startRedisCluster } from '../../../scripts/servers/redis-cluster.ts'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { redisStore } from '../src/index.js'

describe.skipIf(inject('redisUrl') === null)('a cluster of three nodes', () => {
  let cluster: FoundServer
  beforeAll(async () => {
    const found = await startRedisCluster()
    if (found === null) throw new Error('there is no redis-server to be had')
    cluster = found
  }, 40_000)
  afterAll(() => cluster.stop())

  // Of six names some are surely at another node than the one that is asked first.
  test.each(['a', 'b', 'c', 'd', 'e', 'f'])('the store %s › is found at its node, and works as ever', async (name) => {
    const store = redisStore({ url: cluster.url, name })
    await store.open()
    const hinted = new Promise<void>((resolve) => store.subscribe(() => resolve()))
    await store.exchange({ inserts: [newJob('one', { key: 'k' }), newJob('two')] })
    const other = redisStore({ url: cluster.url, name })
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
    const store = redisStore({ client, name: 'given' })
    await store.open()
    await store.exchange({ inserts: [newJob('job')] })
    await store.close()
    expect(await client.hget('{given}:m', 'schema')).toBe('1')
    client.disconnect()
  })
})
