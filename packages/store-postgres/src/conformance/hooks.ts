import type { EngineHooks } from '@stint/core/conformance'
import pg from 'pg'
import type { ClientClass } from '../connection.js'
import { PostgresStore } from '../store.js'
import type { Place } from './place.js'

const TABLES = ['ready', 'job', 'live_key', 'event', 'count', 'setting']

/** What another connection can do to a space. */
export function hooks({ url, prepared, optionsOf, ask }: Place, Client: ClientClass): EngineHooks {
  const connected = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    return client
  }
  return {
    async size(space) {
      await ask(
        `vacuum full "${space}".job, "${space}".ready, "${space}".held, "${space}".ended, "${space}".event, "${space}".count_delta, "${space}".live_key`,
      )
      const [row] = await ask<{ bytes: string }>(
        `select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'r'`,
        [`"${space}"`],
      )
      return Number(row?.bytes)
    },
    async begin() {
      const tx = await connected()
      await tx.query('begin')
      return {
        tx,
        commit: async () => void (await tx.query('commit')),
        rollback: async () => void (await tx.query('rollback')),
        close: () => tx.end(),
      }
    },
    makeNewer: async (space) => void (await ask(`update "${space}".meta set version = 99`)),
    // A pooler takes no settings of a session.
    ...(prepared && {
      makeUnsafe: (space: string) => {
        const { url: _, ...rest } = optionsOf(space, {})
        const pool = new pg.Pool({ connectionString: url, options: '-c synchronous_commit=off' })
        return new PostgresStore({ ...rest, pool }, Client)
      },
    }),
    makeOverGiven(space, options) {
      const { url: _, ...rest } = optionsOf(space, options)
      const pool = new pg.Pool({ connectionString: url, max: 2 })
      return {
        store: new PostgresStore({ ...rest, pool }, Client),
        begin: null,
        isUsable: async () => (await pool.query('select 1 as one')).rows.length === 1,
        dispose: () => pool.end(),
      }
    },
    async block(space) {
      const client = await connected()
      await client.query(
        `begin; lock table ${TABLES.map((table) => `"${space}".${table}`).join(', ')} in exclusive mode`,
      )
      return async () => {
        await client.query('rollback')
        await client.end()
      }
    },
    // A pooler may give this very statement a connection that served the space before.
    cut: async (space) =>
      void (await ask(
        'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid()',
        [`stint ${space}`],
      )),
  }
}
