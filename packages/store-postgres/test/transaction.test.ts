import { isStintError } from '@stint/core'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { cancelOf, claimOf, newJob } from '../../core/test/table-store/build.js'
import { postgresStore } from '../src/index.js'
import { destroy, newSchema, url } from './support/place.js'

describe.skipIf(inject('postgresUrl') === null)('a transaction of the user', () => {
  const schema = newSchema('tx')
  const store = inject('postgresUrl') === null ? null : postgresStore({ url: url(), schema, deadline: '1s' })
  let tx: pg.Client
  const jobs = () => {
    if (store === null) throw new Error('no server')
    return store
  }
  beforeAll(async () => {
    await store?.open()
    tx = new pg.Client({ connectionString: url() })
    await tx.connect()
  })
  afterAll(async () => {
    await tx.end()
    await store?.close()
    await destroy(schema)
  })

  test('a Pool, a client outside of a transaction, something else › are TypeErrors that say what to give', async () => {
    const pool = new pg.Pool({ connectionString: url() })
    const insert = { inserts: [newJob('never')] }
    await expect(jobs().exchange(insert, { tx: pool as never })).rejects.toThrow(/a Pool has no transaction/)
    await expect(jobs().exchange(insert, { tx })).rejects.toThrow(/not inside a transaction/)
    await expect(jobs().exchange(insert, { tx: {} as never })).rejects.toThrow(TypeError)
    expect(await jobs().get(['never'])).toEqual([null])
    await pool.end()
  })

  test('rows of the user and a job, a settle and a beat › are there together, or not at all [TX-1]', async () => {
    await jobs().exchange({ inserts: [newJob('held')] })
    await jobs().exchange({ claims: [claimOf('token')] })
    await tx.query('create temporary table orders(id int)')
    for (const end of ['rollback', 'commit']) {
      await tx.query('begin')
      await tx.query('insert into orders values (1)')
      const { inserts, changes } = await jobs().exchange(
        {
          inserts: [newJob('receipt', { key: 'k' })],
          changes: [
            {
              id: 'held',
              guard: { token: 'token' },
              set: { state: 'succeeded' },
              event: { type: 'succeeded', actor: null, detail: null },
            },
          ],
        },
        { tx },
      )
      expect([inserts[0]?.isNew, changes[0]?.ok]).toEqual([true, true])
      await tx.query(end)
      const [receipt, held] = await jobs().get(['receipt', 'held'])
      expect([receipt?.state, held?.state]).toEqual(end === 'commit' ? ['queued', 'succeeded'] : [undefined, 'running'])
      expect((await tx.query('select id from orders')).rowCount).toBe(end === 'commit' ? 1 : 0)
    }
  })

  test('under repeatable read, with a change that others made since › is TX_FAILED, to be run again [TX-2]', async () => {
    await jobs().exchange({ inserts: [newJob('contended')] })
    await tx.query('begin isolation level repeatable read')
    await tx.query('select 1 from pg_class limit 1')
    await jobs().exchange({ changes: [cancelOf('contended')] })
    const error: unknown = await jobs()
      .exchange({ changes: [{ ...cancelOf('contended'), set: { priority: 1 } }] }, { tx })
      .catch((reason: unknown) => reason)
    await tx.query('rollback')
    expect(isStintError(error, 'TX_FAILED') && error.message).toMatch(/Run it again/)
  })

  test('a call without `tx` that waits for it › is told what it waits for', async () => {
    await jobs().exchange({ inserts: [newJob('mine')] })
    await tx.query('begin')
    await jobs().exchange({ changes: [cancelOf('mine')] }, { tx })
    const error: unknown = await jobs()
      .exchange({ changes: [{ ...cancelOf('mine'), set: { priority: 1 } }] })
      .catch((reason: unknown) => reason)
    await tx.query('commit')
    expect(isStintError(error, 'STORE_UNAVAILABLE') && error.message).toMatch(/use withTx/)
    expect((await jobs().get(['mine']))[0]?.priority).toBe(50)
  })

  test('through anything with query(text, values) › is joined, whatever its driver makes of bigint', async () => {
    await tx.query('begin')
    const texts: string[] = []
    const other = {
      async query(text: string, values: unknown[]) {
        texts.push(text)
        return { rows: (await tx.query(text, values)).rows }
      },
    }
    const { inserts } = await jobs().exchange({ inserts: [newJob('other')] }, { tx: other })
    await tx.query('commit')
    expect(await jobs().get(['other'])).toEqual([inserts[0]?.job])
    expect(texts.filter((text) => /^(begin|commit|savepoint)/i.test(text))).toEqual([])
  })
})
