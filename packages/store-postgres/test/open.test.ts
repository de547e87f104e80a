import { isStintError } from '@stint/core'
import pg from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { Session } from '../src/commands/session.js'
import { postgresStore, storeFromUrl } from '../src/index.js'
import { vacuum } from '../src/upkeep.js'
import { ask, destroy, newSchema, url } from './support/place.js'

const codeOf = (error: unknown): unknown => (isStintError(error) ? error.code : error)
const hasServer = inject('postgresUrl') !== null

describe('options', () => {
  const url = 'postgres://localhost/db'
  for (const [what, options] of [
    ['nothing', undefined],
    ['neither url nor pool', {}],
    ['both', { url, pool: { options: {}, connect: async () => {} } }],
    ['a single client as pool', { pool: { query: async () => {} } }],
    ['a schema that would have to be quoted twice', { url, schema: 'a"b' }],
    ['a schema of the system', { url, schema: 'pg_jobs' }],
    ['a schema that is too long', { url, schema: 'a'.repeat(64) }],
    ['prepared that is no boolean', { url, prepared: 'no' }],
    ['max of 0', { url, max: 0 }],
  ] as const) {
    test(`${what} › is a TypeError at once`, () => {
      expect(() => postgresStore(options as never)).toThrow(TypeError)
    })
  }

  test('an error about a URL › does not show its password', () => {
    expect(() => storeFromUrl('mysql://ada:secret@host/db')).toThrow(/mysql:\/\/ada:…@host/)
  })
})

describe.skipIf(!hasServer)('open', () => {
  test('by URL › takes our options from the query, and leaves the rest to pg', async () => {
    const schema = newSchema('by-Url')
    const store = storeFromUrl(
      `${url()}?schema=${schema}&prepared=false&listen=false&max=2&deadline=5s&application_name=mine`,
    )
    await store.open()
    await store.exchange({ inserts: [newJob('job')] })
    expect(store.capabilities.hintsAcrossProcesses).toBe(false)
    expect(await ask(`select id from "${schema}".job`)).toEqual([{ id: 'job' }])
    expect(await ask("select 1 from pg_stat_activity where application_name = 'mine'")).not.toEqual([])
    await store.close()
    await destroy(schema)
  })

  test('over a Pool › uses its settings, and leaves its clients as they were [OPEN-4]', async () => {
    const schema = newSchema('Pool-2')
    const pool = new pg.Pool({ connectionString: url(), max: 1 })
    const store = postgresStore({ pool, schema })
    await store.open()
    await store.exchange({ inserts: [newJob('job')] })
    const { rows } = await pool.query(
      "select current_setting('enable_seqscan') as scan, current_setting('statement_timeout') as timeout",
    )
    expect(rows).toEqual([{ scan: 'on', timeout: '0' }])
    await store.close()
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await pool.end()
    await destroy(schema)
  })

  test('a server that is not there › is STORE_UNAVAILABLE, and may be tried again', async () => {
    const store = postgresStore({ url: 'postgres://localhost:1/db', deadline: '1s' })
    await expect(store.open()).rejects.toSatisfy((error) => codeOf(error) === 'STORE_UNAVAILABLE')
    await expect(store.open()).rejects.toSatisfy((error) => codeOf(error) === 'STORE_UNAVAILABLE')
    await store.close()
  })

  for (const [setting, value] of [
    ['synchronous_commit', 'off'],
    ['default_transaction_read_only', 'on'],
  ]) {
    test(`with ${setting} = ${value} › is refused, with what to change [OPEN-3]`, async () => {
      const pool = new pg.Pool({ connectionString: url(), options: `-c ${setting}=${value}` })
      const store = postgresStore({ pool, schema: newSchema('unsafe') })
      await expect(store.open()).rejects.toSatisfy(
        (error) => codeOf(error) === 'STORE_INCOMPATIBLE' && /expected/.test(String(error)),
      )
      await store.close()
      await pool.end()
    })
  }

  test('by a role that may not make tables › works once they are there', async () => {
    const schema = newSchema('rights')
    const owner = postgresStore({ url: url(), schema, listen: false })
    await owner.open()
    await ask(`create role guest_${process.pid} login`)
    await ask(`grant usage on schema "${schema}" to guest_${process.pid}; `)
    await ask(`grant select, insert, update, delete on all tables in schema "${schema}" to guest_${process.pid}`)
    const guest = postgresStore({ url: url().replace('postgres@', `guest_${process.pid}@`), schema })
    await guest.open()
    await guest.exchange({ inserts: [newJob('job')] })
    expect(await owner.get(['job'])).not.toEqual([null])
    await guest.list({ walk: 'lease', overOnly: true, limit: 1 })
    await guest.close()
    await owner.close()
    await destroy(schema)
    await ask(`drop role guest_${process.pid}`)
  })

  test('of a restored dump, whose transaction ids begin low again › old cursors meet what comes [FEED-3, FEED-5]', async () => {
    const schema = newSchema('dump')
    const store = postgresStore({ url: url(), schema, listen: false })
    await store.open()
    await store.exchange({ inserts: [newJob('before')] })
    await store.close()
    // As if it came from a server that had given a million more.
    await ask(`drop trigger event_unchanged on "${schema}".event`)
    await ask(`update "${schema}".event set tx = tx + 1000000`)
    await ask(`update "${schema}".job set tx = tx + 1000000`)
    const restored = postgresStore({ url: url(), schema, listen: false })
    await restored.open()
    const { events, cursor } = await restored.feed({ after: 'start', limit: 10 })
    expect(events.map(({ jobId }) => jobId)).toEqual(['before'])
    await restored.exchange({ inserts: [newJob('behind')] })
    await expect
      .poll(async () => (await restored.feed({ after: cursor, limit: 10 })).events.map(({ jobId }) => jobId))
      .toEqual(['behind'])
    await restored.close()
    await destroy(schema)
  })
})

describe.skipIf(!hasServer)('the tables', () => {
  test('an audit event › is changed by nobody, not by SQL either [EVENT-1]', async () => {
    const schema = newSchema('audit')
    const store = postgresStore({ url: url(), schema, listen: false })
    await store.open()
    await store.exchange({ inserts: [newJob('job')] })
    await expect(ask(`update "${schema}".event set actor = 'me'`)).rejects.toThrow(/never changed/)
    await expect(ask(`truncate "${schema}".event`)).rejects.toThrow(/goes only with its job/)
    await store.close()
    await destroy(schema)
  })

  test('the views › show jobs and events as people think of them, without tokens', async () => {
    const schema = newSchema('views')
    const store = postgresStore({ url: url(), schema, listen: false })
    await store.open()
    await store.exchange({ inserts: [newJob('job', { payload: '{"to":"ada"}', tags: ['a', 'b"'] })] })
    await store.exchange({ claims: [claimOf('secret-token')] })
    const [job] = await ask(`select *, payload::jsonb->>'to' as whom from "${schema}".job_view`)
    expect(job).toMatchObject({ id: 'job', state: 'running', worker: 'worker-1', tags: ['a', 'b"'], whom: 'ada' })
    expect(JSON.stringify(job)).not.toContain('secret-token')
    const events = await ask(`select seq, type, from_state, to_state from "${schema}".event_view order by seq`)
    expect(events).toEqual(
      [
        { seq: 1, type: 'enqueued', from_state: null, to_state: 'queued' },
        { seq: 2, type: 'enqueued', from_state: 'queued', to_state: 'running' },
      ].map((event, n) => ({ ...event, type: n === 0 ? 'enqueued' : claimOf('x').event.type })),
    )
    await store.close()
    await destroy(schema)
  })

  test('and views › all say in a comment what they are for', async () => {
    const schema = newSchema('comments')
    const store = postgresStore({ url: url(), schema, listen: false })
    await store.open()
    const silent = `select relname from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'v')
      and coalesce(obj_description(oid, 'pg_class'), '') = ''`
    expect(await ask(silent, [`"${schema}"`])).toEqual([])
    expect(
      (
        await ask("select relname from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'v')", [
          `"${schema}"`,
        ])
      ).length,
    ).toBeGreaterThan(10)
    await store.close()
    await destroy(schema)
  })

  test('in a schema of a name with signs, capitals and a keyword › work from the first statement to the last', async () => {
    for (const schema of [`Odd-$$name_${process.pid}`, 'select', 'stint_stint']) {
      const store = postgresStore({ url: url(), schema, listen: true })
      await store.open()
      const leave = store.subscribe(() => {})
      await store.exchange({ inserts: [newJob('one', { key: 'k' }), newJob('two', { key: 'l' })] })
      const { claims } = await store.exchange({ claims: [claimOf('token', { max: 2 })] })
      expect(claims[0]?.jobs).toHaveLength(2)
      await store.list({ walk: 'lease', overOnly: true, limit: 1 })
      await expect.poll(() => ask(`select 1 as one from "${schema}".sleeper`), { timeout: 5000 }).toEqual([{ one: 1 }])
      expect(await ask(`select id from "${schema}".job_view order by id`)).toEqual([{ id: 'one' }, { id: 'two' }])
      leave()
      await store.close()
      await destroy(schema)
    }
  }, 30_000)

  test('to a role that does not own them › are not vacuumed, and nobody is warned; the owner vacuums the line', async () => {
    const schema = newSchema('vacuum')
    const store = postgresStore({ url: url(), schema, listen: false })
    await store.open()
    const role = `sweeper_${process.pid}`
    await ask(`create role ${role} login; grant usage on schema "${schema}" to ${role};
      grant select, insert, update, delete on all tables in schema "${schema}" to ${role}`)
    const vacuumed = async (user: string): Promise<{ has: boolean; warnings: string[] }> => {
      const client = new pg.Client({ connectionString: url().replace('postgres@', `${user}@`) })
      const warnings: string[] = []
      client.on('notice', ({ message }) => void warnings.push(String(message)))
      await client.connect()
      const has = await vacuum(new Session(client, schema, { now: null, notAfter: null, sleeper: '' }))
      await client.end()
      return { has, warnings }
    }
    expect(await vacuumed(role)).toEqual({ has: false, warnings: [] })
    expect(await vacuumed('postgres')).toEqual({ has: true, warnings: [] })
    const ran = 'select vacuum_count::int as n from pg_stat_user_tables where schemaname = $1 and relname = $2'
    await expect.poll(() => ask(ran, [schema, 'ready']), { timeout: 5000 }).toEqual([{ n: 1 }])
    await store.close()
    await destroy(schema)
    await ask(`drop role ${role}`)
  })

  test('a stale row of the line, also with the version of another job of that id › is dropped, never taken [CLAIM-1]', async () => {
    const schema = newSchema('stale')
    const store = postgresStore({ url: url(), schema, listen: false })
    await store.open()
    await store.exchange({ inserts: [newJob('job', { priority: 10 }), newJob('other', { run: { inMs: 3_600_000 } })] })
    await ask(`insert into "${schema}".ready(run_at, version, priority, queue, type, id) values
      (0, 1, 100, 'mail', 'send', 'job'), (0, 7, 100, 'mail', 'send', 'job'), (0, 1, 100, 'mail', 'send', 'nobody'), (0, 1, 100, 'mail', 'send', 'other')`)
    const { claims } = await store.exchange({ claims: [claimOf('token')] })
    expect(claims[0]?.jobs.map(({ id, version }) => [id, version])).toEqual([['job', 2]])
    expect(await ask(`select id, priority from "${schema}".ready`)).toEqual([{ id: 'other', priority: 50 }])
    await store.close()
    await destroy(schema)
  })

  test('a sweep › folds the counts, and groups leases by their true ends', async () => {
    const schema = newSchema('sweep')
    const store = postgresStore({ url: url(), schema, listen: false })
    await store.open()
    await store.exchange({ inserts: Array.from({ length: 4 }, (_, n) => newJob(`job-${n}`)) })
    await store.exchange({ claims: [claimOf('token', { max: 4, leaseMs: 0 })] })
    await store.exchange({
      beats: [
        { id: 'job-0', token: 'token', leaseMs: 60_000 },
        { id: 'job-1', token: 'token', leaseMs: 60_000 },
      ],
    })
    const { jobs } = await store.list({ walk: 'lease', overOnly: true, limit: 10 })
    expect(jobs.map(({ id }) => id)).toEqual(['job-2', 'job-3'])
    expect(
      (await ask<{ ids: string[] }>(`select ids from "${schema}".held order by until`)).map(({ ids }) => ids.sort()),
    ).toEqual([
      ['job-2', 'job-3'],
      ['job-0', 'job-1'],
    ])
    expect(await ask(`select n from "${schema}".count_delta`)).toEqual([])
    expect(await store.stats()).toEqual([{ queue: 'mail', state: 'running', count: 4 }])
    await store.close()
    await destroy(schema)
  })

  test('a lease that a beat or a change shortens › is found by the sweep at its new end [LIST-1, TIME-6]', async () => {
    const schema = newSchema('short')
    const store = postgresStore({ url: url(), schema, listen: false })
    await store.open()
    await store.exchange({ inserts: [newJob('beaten'), newJob('changed'), newJob('kept')] })
    await store.exchange({ claims: [claimOf('token', { max: 3, leaseMs: 60_000 })] })
    const event = { type: 'heartbeat', actor: null, detail: null }
    await store.exchange({ beats: [{ id: 'beaten', token: 'token', leaseMs: 0 }] })
    await store.exchange({ changes: [{ id: 'changed', guard: { token: 'token' }, set: { leaseMs: 0 }, event }] })
    const { jobs } = await store.list({ walk: 'lease', overOnly: true, limit: 10 })
    expect(jobs.map(({ id }) => id)).toEqual(['beaten', 'changed'])
    await store.close()
    await destroy(schema)
  })
})
