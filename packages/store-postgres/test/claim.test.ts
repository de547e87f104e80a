import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { postgresStore } from '../src/index.js'
import { destroy, isWaiting, newSchema, url } from './support/place.js'

describe.skipIf(inject('postgresUrl') === null)('a claim by ids', () => {
  const schema = newSchema('claim')
  const store =
    inject('postgresUrl') === null ? null : postgresStore({ url: url(), schema, deadline: '5s', listen: false })
  let other: pg.Client
  beforeAll(async () => {
    await store?.open()
    other = new pg.Client({ connectionString: url() })
    await other.connect()
  })
  afterAll(async () => {
    await store?.close()
    await other.end()
    await destroy(schema)
  })

  const claimed = async (token: string, ids: string[], max: number) =>
    (await store?.exchange({ claims: [claimOf(token, { max, from: [{ ids }] })] }))?.claims[0]

  test('whose job another transaction has in hand › passes over it at once, takes the next, and says that there is more [ORDER-4, CLAIM-6]', async () => {
    await store?.exchange({ inserts: [newJob('held'), newJob('free')] })
    await other.query('begin')
    await other.query(`select 1 from "${schema}".job where id = 'held' for update`)
    const began = performance.now()
    const taken = await claimed('t1', ['held', 'free'], 1)
    expect(performance.now() - began).toBeLessThan(2000)
    await other.query('rollback')
    expect([taken?.jobs.map(({ id }) => id), taken?.nextDueInMs]).toEqual([['free'], 0])
    expect((await claimed('t2', ['held', 'free'], 1))?.jobs.map(({ id }) => id)).toEqual(['held'])
  })

  test('of many › locks only what it takes: a neighbour passes over nothing else [ORDER-4]', async () => {
    await store?.exchange({ inserts: [newJob('first'), newJob('second')] })
    // Where it would write its counts it waits, with its locks in hand.
    await other.query('begin')
    await other.query(`lock table "${schema}".count_delta in exclusive mode`)
    const claiming = claimed('t3', ['first', 'second'], 1)
    await expect.poll(() => isWaiting(schema), { timeout: 5000 }).toBe(true)
    const { rows } = await other.query(
      `select id from "${schema}".job where id in ('first', 'second') for update skip locked`,
    )
    await other.query('rollback')
    expect(rows).toEqual([{ id: 'second' }])
    expect((await claiming)?.jobs.map(({ id }) => id)).toEqual(['first'])
  })

  test('whose row in the line a claim holds › waits for it, and leaves nothing in the way of the next claim [ORDER-1]', async () => {
    const lane = { queue: 'lane' }
    await store?.exchange({ inserts: [newJob('a-first', lane), newJob('b-second', lane)] })
    await other.query('begin')
    await other.query(`select 1 from "${schema}".ready where id = 'a-first' for update`)
    const claiming = claimed('t4', ['a-first'], 1)
    await expect.poll(() => isWaiting(schema), { timeout: 5000 }).toBe(true)
    await other.query('rollback')
    expect((await claiming)?.jobs.map(({ id }) => id)).toEqual(['a-first'])
    const next = claimOf('t5', { max: 1, from: [{ ...lane, limit: 1 }] })
    const [taken] = (await store?.exchange({ claims: [next] }))?.claims ?? []
    expect(taken?.jobs.map(({ id }) => id)).toEqual(['b-second'])
  })
})
