import pg from 'pg'
import type { Door, Inside, Place } from './door.js'

/** No ORM: a client of `pg`, which `withTx` takes as it is. */
export function pgDoor({ url, schema, max }: Place): Door {
  const pool = new pg.Pool({ connectionString: url, max })
  const insideOf = (client: pg.PoolClient): Inside => ({
    tx: client,
    order: async (id) => void (await client.query(`insert into "${schema}"."Order" values ($1, 'ada')`, [id])),
    async nested(work) {
      await client.query('savepoint within')
      try {
        await work(insideOf(client))
      } catch (error) {
        await client.query('rollback to savepoint within')
        throw error
      }
    },
  })
  return {
    name: 'pg',
    async transaction(work, isolation = 'read committed' as never) {
      const client = await pool.connect()
      try {
        await client.query(`begin isolation level ${isolation}`)
        await work(insideOf(client))
        await client.query('commit')
      } catch (error) {
        await client.query('rollback')
        throw error
      } finally {
        client.release()
      }
    },
    mistake: () => pool,
    tellsStatus: true,
    close: () => pool.end(),
  }
}
