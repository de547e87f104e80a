import { isStintError } from '@stint/core'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { pgbouncerBefore } from '../../../scripts/servers/pgbouncer.ts'
import { postgres } from '../../../scripts/servers/postgres.ts'
import { newJob } from '../../core/test/table-store/build.js'
import { type PostgresStoreOptions, postgresStore } from '../src/index.js'
import { ownServer } from './support/own-server.js'

const server = await ownServer('postgres', postgres)
const url = server === null ? null : await ownServer('pgbouncer', pgbouncerBefore(server))
const tolerant =
  server === null ? null : await ownServer('pgbouncer', pgbouncerBefore(server, 'ignore_startup_parameters = options'))

const failureOfOpening = async (options: PostgresStoreOptions): Promise<string> => {
  const store = postgresStore({ deadline: '3s', ...options })
  try {
    await store.open()
    return 'opened'
  } catch (error) {
    return isStintError(error) ? `${error.code}: ${error.message}` : String(error)
  } finally {
    await store.close()
  }
}

/** What works is shown by the whole suite (conformance-pgbouncer.test.ts). */
describe.skipIf(url === null)('through PgBouncer in transaction mode', () => {
  test('with prepared statements › opening is refused, and says what to set [OPEN-3]', async () => {
    expect(await failureOfOpening({ url: url ?? '' })).toMatch(/^STORE_UNAVAILABLE: .*prepared: false/)
  })

  test('with prepared statements, where it was told to drop the settings of a session › the same [OPEN-3]', async () => {
    expect(await failureOfOpening({ url: tolerant ?? '' })).toMatch(/^STORE_INCOMPATIBLE: .*prepared: false/)
  })

  test('without prepared statements › nothing is listened to, unless it is asked for', async () => {
    const of = (listen?: boolean) => postgresStore({ url: url ?? '', prepared: false, listen }).capabilities
    expect(of().hintsAcrossProcesses).toBe(false)
    expect(of(true).hintsAcrossProcesses).toBe(true)
  })

  test('whose connections to the server are cut › the same store works again [FAULT-4]', async () => {
    const store = postgresStore({ url: url ?? '', prepared: false, schema: 'cut', deadline: '3s' })
    await store.open()
    const direct = new pg.Client({ connectionString: server ?? '' })
    await direct.connect()
    const cut = await direct.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
      ['stint cut'],
    )
    await direct.end()
    expect(cut.rowCount).toBeGreaterThan(0)
    const insert = () =>
      store.exchange({ inserts: [newJob('job')] }).then(
        ({ inserts }) => inserts[0]?.job.id,
        () => null,
      )
    await expect.poll(insert, { timeout: 5000 }).toBe('job')
    await store.close()
  }, 20_000)

  test('what runs on its connections afterwards › finds them as they were', async () => {
    const store = postgresStore({ url: url ?? '', prepared: false, schema: 'left' })
    await store.open()
    await store.exchange({ inserts: [newJob('one'), newJob('two', { key: 'k' })] })
    await store.exchange({ inserts: [newJob('three')] })
    await store.close()
    const client = new pg.Client({ connectionString: url ?? '' })
    await client.connect()
    const { rows } = await client.query(
      `select (select count(*)::int from pg_prepared_statements) as prepared, current_setting('enable_seqscan') as scan,
        current_setting('statement_timeout') as timeout`,
    )
    await client.end()
    expect(rows).toEqual([{ prepared: 0, scan: 'on', timeout: '0' }])
  })
})
