import { MongoClient } from 'mongodb'
import { findServer } from '../../scripts/servers/find.ts'
import { mongoReplicaSet } from '../../scripts/servers/mongo.ts'
import type { Place } from '../place.ts'
import { MongoRaw } from '../raw/mongo.ts'

/** A replica set of one node, since that is what waits for a majority; `MONGODB_URI` may name any server. */
export async function mongoPlace(): Promise<Place | null> {
  const env = process.env['MONGODB_URI'] ? 'MONGODB_URI' : mongoReplicaSet.env
  const server = await findServer('mongo', { ...mongoReplicaSet, env }, 'disk')
  if (server === null) return null
  const { url, source, own } = server
  const client = await new MongoClient(url).connect()
  const made = new Set<string>()
  const { version } = await client.db('admin').command({ buildInfo: 1 })
  const { setName } = await client.db('admin').command({ hello: 1 })
  return {
    engine: 'mongo',
    facts: {
      version: String(version),
      source,
      topology: typeof setName === 'string' ? 'replica set' : 'standalone',
      'write concern': 'majority, j: true',
    },
    pid: own?.pid ?? null,
    url: (name) => {
      made.add(name)
      const [base = '', search = ''] = url.split('?')
      return `${base.replace(/^([^:]+:\/\/[^/]+).*$/, '$1')}/${name}${search === '' ? '' : `?${search}`}`
    },
    isShared: true,
    raw: (name) => {
      made.add(name)
      return MongoRaw.open(url, name)
    },
    bytes: async (name) => {
      const { storageSize, indexSize } = await client.db(name).command({ dbStats: 1 })
      return Number(storageSize) + Number(indexSize)
    },
    stop: async () => {
      if (own === null) for (const name of made) await client.db(name).dropDatabase()
      await client.close()
      await server.stop()
    },
  }
}
