/** The servers for the tests of this package, started before the first and stopped behind the last. */
import type { TestProject } from 'vitest/node'
import { type FoundServer, findServer } from '../../../../scripts/servers/find.ts'
import { redis } from '../../../../scripts/servers/redis.ts'
import { startRedisCluster } from '../../../../scripts/servers/redis-cluster.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** null: none can be had here, which was said aloud. */
    readonly redisUrl: string | null
    /** The first node of three. null: a server was named by the environment, and there is no program to start a cluster of. */
    readonly redisClusterUrl: string | null
  }
}

export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const servers = await Promise.all([findServer('redis', redis), startRedisCluster()])
  const [alone, cluster] = servers
  provide('redisUrl', alone?.url ?? null)
  provide('redisClusterUrl', cluster?.url ?? null)
  return async () => {
    await Promise.all(servers.filter((server): server is FoundServer => server !== null).map((server) => server.stop()))
  }
}
