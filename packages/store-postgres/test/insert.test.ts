import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { newJob } from '../../core/test/table-store/build.js'
import { postgresStore } from '../src/index.js'
import { destroy, isWaiting, newSchema, url } from './support/place.js'

describe.skipIf(inject('postgresUrl') === null)('an insert that waits for one whose transaction is open', () => {
  const schema = newSchema('insert')
  const tx = inject('postgresUrl') === null ? null : new pg.Client({ connectionString: url() })
  const store = inject('postgresUrl') === null ? null : postgresStore({ url: url(), schema, listen: false })
  beforeAll(async () => {
    await store?.open()
    await tx?.connect()
  })
  afterAll(async () => {
    await store?.close()
    await tx?.end()
    await destroy(schema)
  })

  for (const [what, more] of [
    ['alone, by a statement', []],
    ['with others, by a transaction', ['other']],
  ] as const) {
    test(`${what} › meets id and key of one commit, and answers by the id [UNIQ-1, IDEM-1]`, async () => {
      const name = `twice-${more.length}`
      await tx?.query('begin')
      await store?.exchange(
        { inserts: [newJob(name), newJob(`holder-${name}`, { key: name })] },
        { tx: tx as pg.Client },
      )
      const waiting = store?.exchange({
        inserts: [newJob(name, { key: name }), ...more.map((id) => newJob(id, { key: id }))],
      })
      await expect.poll(() => isWaiting(schema), { timeout: 5000 }).toBe(true)
      await tx?.query('commit')
      const answer = await waiting
      expect(answer?.inserts.map(({ isNew, job }) => [isNew, job.id, job.key])).toEqual([
        [false, name, null],
        ...more.map((id) => [true, id, id]),
      ])
    })
  }
})
