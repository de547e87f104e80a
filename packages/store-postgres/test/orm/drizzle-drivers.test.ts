import pg from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { cancelOf, newJob } from '../../../core/test/table-store/build.js'
import { postgresStore } from '../../src/index.js'
import { fromDrizzle } from '../../src/orm/drizzle.js'
import { destroy, newSchema, url } from '../support/place.js'

interface Statement {
  getSQL(): { toQuery(): { sql: string; params: unknown[] } }
}

/** A transaction of Drizzle on postgres.js, in what it does otherwise than on `pg`: rows without a frame, an array of booleans taken for one of them. */
const asOnPostgresJs = (client: pg.Client) => ({
  async execute(query: Statement) {
    const { sql, params } = query.getSQL().toQuery()
    const taken = params.map((value) => (Array.isArray(value) && typeof value[0] === 'boolean' ? value[0] : value))
    return (await client.query(sql, taken)).rows
  },
  setTransaction: async () => {},
  rollback(): never {
    throw new Error('Rollback')
  },
})

describe.skipIf(inject('postgresUrl') === null)('Drizzle on other drivers', () => {
  test('rows themselves, and arrays of booleans that are none › make no difference', async () => {
    const schema = newSchema('drivers')
    const store = postgresStore({ url: url(), schema })
    await store.open()
    const client = new pg.Client({ connectionString: url() })
    await client.connect()
    await client.query('begin')
    const tx = fromDrizzle(asOnPostgresJs(client) as never)
    const { inserts } = await store.exchange({ inserts: [newJob('a', { tags: ['x'] }), newJob('b')] }, { tx })
    const { changes } = await store.exchange({ changes: [cancelOf('b')] }, { tx })
    await client.query('commit')
    expect(await store.get(['a', 'b'])).toEqual([inserts[0]?.job, changes[0]?.job])
    expect(changes[0]?.job?.state).toBe('cancelled')
    await client.end()
    await store.close()
    await destroy(schema)
  })

  test('an answer that is neither › is said', async () => {
    const tx = { execute: async () => ({ affected: 1 }), setTransaction: async () => {}, rollback: () => {} }
    await expect(fromDrizzle(tx as never).query('select 1', [])).rejects.toThrow(/neither rows nor \{ rows \}/)
  })
})
