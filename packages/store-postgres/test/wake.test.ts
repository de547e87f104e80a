import type { Hint, Store } from '@stint/core'
import pg from 'pg'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { newJob } from '../../core/test/table-store/build.js'
import { PostgresStore } from '../src/store.js'
import { ask, destroy, newSchema, url } from './support/place.js'

const opened: Store[] = []
const schemas: string[] = []
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  for (const schema of schemas.splice(0)) await destroy(schema)
})

/** Tells of each statement that is sent. */
function told(texts: string[]): typeof pg.Client {
  return class extends pg.Client {
    // biome-ignore lint/suspicious/noExplicitAny: one of the many forms of pg's own method.
    override query(...args: any[]): any {
      texts.push(typeof args[0] === 'string' ? args[0] : args[0]?.text)
      // biome-ignore lint/suspicious/noExplicitAny: as above.
      return (super.query as any)(...args)
    }
  } as unknown as typeof pg.Client
}

async function storeOn(schema: string, options = {}, texts: string[] = []): Promise<PostgresStore> {
  const store = new PostgresStore({ url: url(), schema, ...options }, told(texts))
  opened.push(store)
  await store.open()
  return store
}

function place(): string {
  const schema = newSchema('wake')
  schemas.push(schema)
  return schema
}

/** The sleeper is known to others from here on. */
const asleep = (schema: string, sleepers = 1): Promise<void> =>
  expect.poll(() => ask(`select id from "${schema}".sleeper`), { timeout: 5000 }).toHaveLength(sleepers)

describe.skipIf(inject('postgresUrl') === null)('hints', () => {
  test('to who does not sleep › are not sent: a NOTIFY would make commits wait for one another', async () => {
    const schema = place()
    const texts: string[] = []
    const store = await storeOn(schema, {}, texts)
    const unsubscribe = store.subscribe(() => {})
    await asleep(schema)
    for (let n = 0; n < 5; n++) await store.exchange({ inserts: [newJob(`job-${n}`)] })
    expect(texts.filter((text) => text.includes('pg_notify'))).toEqual([])
    unsubscribe()
  })

  test('to a sleeper in another process › name lanes and jobs, and come once [HINT-1]', async () => {
    const schema = place()
    const [writer, sleeper] = [await storeOn(schema), await storeOn(schema)]
    const hints: Hint[] = []
    sleeper.subscribe((hint) => void hints.push(hint))
    await asleep(schema)
    await writer.exchange({ inserts: [newJob('job', { queue: 'mail' })] })
    await expect.poll(() => hints, { timeout: 5000 }).toContainEqual({ queue: 'mail' })
    const event = { type: 'cancelled', actor: null, detail: null }
    await writer.exchange({
      changes: [{ id: 'job', guard: { states: ['queued'] }, set: { state: 'cancelled' }, event }],
    })
    await expect.poll(() => hints, { timeout: 5000 }).toContainEqual({ jobId: 'job' })
    expect(hints.filter(({ queue }) => queue === 'mail')).toHaveLength(1)
  })

  test('after the listening connection was cut › come again [HINT-1, FAULT-4]', async () => {
    const schema = place()
    const [writer, sleeper] = [await storeOn(schema, { listen: false }), await storeOn(schema)]
    const hints: Hint[] = []
    sleeper.subscribe((hint) => void hints.push(hint))
    await asleep(schema)
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and query like '%is_behind%'`
    await expect.poll(async () => (await ask(cut, [`stint ${schema}`])).length).toBeGreaterThan(0)
    await expect
      .poll(
        async () => {
          await writer.exchange({ inserts: [newJob(`job-${Math.random()}`, { queue: 'later' })] })
          return hints
        },
        { timeout: 8000, interval: 50 },
      )
      .toContainEqual({ queue: 'later' })
  }, 20_000)

  test('of a call inside a transaction › come with its commit, to its own store as well [HINT-1, TX-1]', async () => {
    const schema = place()
    const store = await storeOn(schema)
    const hints: Hint[] = []
    store.subscribe((hint) => void hints.push(hint))
    await asleep(schema)
    const tx = new pg.Client({ connectionString: url() })
    await tx.connect()
    await tx.query('begin')
    await store.exchange({ inserts: [newJob('job', { queue: 'mail' })] }, { tx })
    await store.get(['job'])
    expect(hints).toEqual([])
    await tx.query('commit')
    await expect.poll(() => hints, { timeout: 5000 }).toEqual([{ queue: 'mail' }])
    await tx.end()
  })

  test('without `listen` › the store makes no connection for them, and says that it hears nobody [HINT-1]', async () => {
    const schema = place()
    const store = await storeOn(schema, { listen: false })
    store.subscribe(() => {})
    await store.exchange({ inserts: [newJob('job')] })
    expect(store.capabilities.hintsAcrossProcesses).toBe(false)
    expect(await ask(`select id from "${schema}".sleeper`)).toEqual([])
  })

  test('of a store that is closed › nobody is told any more: its row is gone', async () => {
    const schema = place()
    const store = await storeOn(schema)
    store.subscribe(() => {})
    await asleep(schema)
    await store.close()
    expect(await ask(`select id from "${schema}".sleeper`)).toEqual([])
  })
})
