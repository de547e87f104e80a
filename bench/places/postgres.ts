import pg from 'pg'
import { findServer } from '../../scripts/servers/find.ts'
import { postgres } from '../../scripts/servers/postgres.ts'
import type { ServerProgram } from '../../scripts/servers/server.ts'
import type { Place } from '../place.ts'
import { PostgresRaw } from '../raw/postgres.ts'

/** What a server for tests does not have: memory, and a log that is not cut short in the middle of a run. */
const SIZED = ['-c', 'shared_buffers=512MB', '-c', 'max_wal_size=4GB']
const SETTINGS = [
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'shared_buffers',
  'max_wal_size',
  'autovacuum_naptime',
]

export async function postgresPlace(search = postgres): Promise<Place | null> {
  const find = async (): Promise<ServerProgram | null> => {
    const program = await search.find()
    return program && { ...program, args: (folder, port) => [...program.args(folder, port), ...SIZED] }
  }
  const server = await findServer('postgres', { ...search, find }, 'disk')
  if (server === null) return null
  const { url, source, own } = server
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const made = new Set<string>()
  const show = async (name: string): Promise<string> =>
    String(Object.values((await client.query(`show ${name}`)).rows[0])[0])
  const facts: Record<string, string> = { version: await show('server_version'), source }
  for (const name of SETTINGS) facts[name] = await show(name)
  return {
    engine: 'postgres',
    facts,
    pid: own?.pid ?? null,
    url: (name) => {
      made.add(name)
      return `${url}${url.includes('?') ? '&' : '?'}schema=${name}`
    },
    isShared: true,
    raw: (name) => {
      made.add(name)
      return PostgresRaw.open(url, name)
    },
    bytes: async (name) => {
      const sizes = `select coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 as bytes from pg_class c
        join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind = 'r'`
      return (await client.query<{ bytes: number }>(sizes, [name])).rows[0]?.bytes ?? null
    },
    stop: async () => {
      // Of a server that is somebody's nothing of ours stays.
      if (own === null) for (const name of made) await client.query(`drop schema if exists "${name}" cascade`)
      await client.end()
      await server.stop()
    },
  }
}
