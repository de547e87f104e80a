/** `npm run servers`: starts what the tests start, for work by hand, prints the URLs, and stops everything at Ctrl-C. */
import { type FoundServer, findServer } from './servers/find.ts'
import { mongo, mongoReplicaSet } from './servers/mongo.ts'
import { postgres } from './servers/postgres.ts'
import { redis } from './servers/redis.ts'
import { startRedisCluster } from './servers/redis-cluster.ts'

const wanted = process.argv.slice(2)
const known = {
  postgres: () => findServer('postgres', postgres, 'disk'),
  redis: () => findServer('redis', redis, 'disk'),
  'redis-cluster': startRedisCluster,
  mongo: () => findServer('mongo', mongo, 'disk'),
  'mongo-rs': () => findServer('mongo-rs', mongoReplicaSet, 'disk'),
} as const satisfies Record<string, () => Promise<FoundServer | null>>
type Name = keyof typeof known

const isKnown = (name: string): name is Name => Object.hasOwn(known, name)
const unknown = wanted.filter((name) => !isKnown(name))
if (unknown.length > 0) {
  console.error(`expected some of ${Object.keys(known).join(', ')}, got ${unknown.join(', ')}`)
  process.exit(2)
}
const names: readonly Name[] = wanted.length > 0 ? wanted.filter(isKnown) : ['postgres', 'redis', 'mongo']
const servers = await Promise.all(names.map(async (name) => ({ name, server: await known[name]() })))
for (const { name, server } of servers) {
  if (server) console.log(`${name.padEnd(14)} ${server.url}   (${server.source})`)
}
console.log('Ctrl-C stops them, and their data is gone.')

const stop = async (): Promise<void> => {
  for (const { server } of servers) await server?.stop()
  process.exit(0)
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
setInterval(() => {}, 2 ** 30)
