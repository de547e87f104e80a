import pg from 'pg'
import { postgres as search } from '../../scripts/servers/postgres.ts'
import type { Engine } from './engine.ts'
import { startServed } from './served.ts'

export const postgres: Engine = {
  name: 'postgres',
  durability: 'synchronous_commit on: nothing that was acknowledged may be lost',
  hasOwnClock: true,
  cannot: {
    'full memory': 'Postgres has no limit of memory for data',
    'busy file': 'writers of a server do not wait for each other’s file',
  },
  async start({ folder }) {
    const program = await search.find()
    if (program === null) return search.install
    const { server, proxy, at, stop } = await startServed(program, folder)
    const ask = async (text: string, values: unknown[]): Promise<number> => {
      const client = new pg.Client({ connectionString: server.url })
      await client.connect()
      try {
        return (await client.query(text, values)).rowCount ?? 0
      } finally {
        await client.end()
      }
    }
    return {
      source: program.source,
      server,
      proxy,
      url: (space, way) => {
        const { host, deadline } = at(way)
        return `postgres://postgres@${host}/postgres?schema=${space}&deadline=${deadline}`
      },
      // A connection that listens has last said so, or has renewed its place among the sleepers.
      dropListeners: (space) =>
        ask(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where application_name = $1 and (query ilike 'listen %' or query ilike '%sleeper%' or query ilike '%is_behind%')`,
          [`stint ${space}`],
        ),
      stop,
    }
  },
}
