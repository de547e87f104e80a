/** What is peculiar to this engine. */
import type { Store } from '@stint/core'
import { type CommandStartedEvent, type Db, MongoClient } from 'mongodb'
import { describe, expect, inject, test } from 'vitest'
import { claimOf, draft, newJob } from '../../core/test/table-store/build.js'
import { mongoStore } from '../src/index.js'
import { SERVERS, type ServerName, url, withDatabase } from './support/place.js'

const bump = (id: string) => ({
  id,
  guard: { states: ['queued' as const] },
  set: { priority: 7 },
  event: draft('reprioritised'),
})

async function withStore(
  of: ServerName,
  work: (store: Store, db: Db, client: MongoClient, database: string) => Promise<void>,
): Promise<void> {
  await withDatabase(of, async (db, client, database) => {
    const store = mongoStore({ client, database })
    await store.open()
    await work(store, db, client, database)
    await store.close()
  })
}

/** As they would be paths, operators, variables and fields to a server that reads them. */
const ODD = [
  '$state',
  '$$NOW',
  '$$ROOT',
  '$$REMOVE',
  'a.b.$[].c',
  '{"$set":{"state":"dead"}}',
  '{"$where":"1","a.b":{"$gt":""},"$":{".":"$_id"}}',
] as const

for (const server of SERVERS) {
  describe.skipIf(inject(server) === null)(`the engine, ${server}`, () => {
    for (const text of ODD) {
      test(`${text} in every field › is text [DATA-3, DATA-1]`, async () => {
        await withStore(server, async (store) => {
          const body = JSON.stringify({ [text]: text })
          const event = { type: 'enqueued', actor: text, detail: body }
          const given = { key: text, group: text, tags: [text], ext: body, payload: body, event }
          await store.exchange({ inserts: [newJob('a', given), newJob('b', { ...given, key: `${text}2` })] })
          const claim = claimOf(text, { workerId: text, event: { ...event, type: 'leased' } })
          const { claims } = await store.exchange({ claims: [claim] })
          expect(claims[0]?.jobs).toMatchObject(
            [given, { ...given, key: `${text}2` }].map(({ event: _, ...job }) => job),
          )
          const beat = { progress: body, checkpoint: body, log: body }
          await store.exchange({ beats: [{ id: 'a', token: text, ...beat }] })
          const set = { state: 'failed' as const, error: body, result: body }
          await store.exchange({ changes: [{ id: 'a', guard: { token: text }, set, event }] })
          await store.configure([{ kind: text, name: text, value: body }])
          await store.list({ walk: 'lease', overOnly: true, limit: 1 })

          const [job, held] = await store.get(['a', { queue: 'mail', key: `${text}2` }])
          expect(job).toMatchObject({ ...beat, ...set, payload: body, key: text, tags: [text] })
          expect(held?.lease).toMatchObject({ token: text, workerId: text })
          expect((await store.list({ walk: 'id', direction: 'asc', tag: text, limit: 5 })).jobs).toHaveLength(2)
          const told = { actor: text, detail: body }
          expect(await store.events('a', { limit: 5 })).toMatchObject([told, { ...told, workerId: text }, told])
          expect(await store.settings(text)).toMatchObject([{ kind: text, name: text, value: body }])
        })
      })
    }

    test('every write › waits for the majority and the journal, though the client of the user asks for less', async () => {
      const told: CommandStartedEvent[] = []
      const client = new MongoClient(url(server), { monitorCommands: true, writeConcern: { w: 0 }, retryWrites: true })
      client.on('commandStarted', (event) => void told.push(event))
      await withDatabase(server, async (_, __, database) => {
        const store = mongoStore({ client, database })
        await store.open()
        await store.exchange({ inserts: [newJob('a')], claims: [claimOf('t')] })
        await store.exchange({ claims: [claimOf('t')] })
        await store.exchange({ beats: [{ id: 'a', token: 't', progress: '1' }] })
        await store.exchange({
          changes: [{ id: 'a', guard: { token: 't' }, set: { state: 'dead' }, event: draft('failed') }],
        })
        await store.configure([{ kind: 'queue', name: 'mail', value: '{}' }])
        await store.remove([{ id: 'a', version: 3 }])
        await store.close()
      })
      await client.close(true)
      const writes = told.filter(({ commandName }) =>
        /^(update|insert|delete|findAndModify|createIndexes)$/.test(commandName),
      )
      expect(writes.length).toBeGreaterThan(8)
      for (const { command } of writes) {
        expect(command['writeConcern']).toEqual({ w: 'majority', j: true })
        // A number of a retryable write would let the driver send it twice (IDEM-3).
        expect(command['txnNumber']).toBeUndefined()
      }
    })

    for (const less of ['w=1', 'w=0', 'journal=false', 'readPreference=secondaryPreferred'])
      test(`a URL with ${less} › is refused, with what to leave out [OPEN-3]`, async () => {
        const [base, query] = url(server).split('/?')
        const store = mongoStore({ url: `${base}/stint_less?${query ? `${query}&` : ''}${less}` })
        await expect(store.open()).rejects.toMatchObject({ code: 'STORE_INCOMPATIBLE' })
        await store.close()
      })

    test('the indexes › are made by sixteen clients at once, once', async () => {
      await withDatabase(server, async (db, _, database) => {
        const given = url(server)
        const stores = Array.from({ length: 16 }, () => mongoStore({ url: given, database, max: 2 }))
        await Promise.all(stores.map((store) => store.open()))
        await Promise.all(stores.map((store, n) => store.exchange({ inserts: [newJob(`job-${n}`)] })))
        const names = (await db.collection('stint_jobs').indexes()).map(({ name }) => name)
        expect(names.sort()).toEqual(['_id_', 'dirty', 'finished', 'key', 'lease', 'line', 'token'])
        expect(await db.collection('stint_meta').countDocuments()).toBe(3)
        await Promise.all(stores.map((store) => store.close()))
      })
    })

    test('a job of many events, and nobody who sweeps or reads the feed › keeps a short document, and all its events [EVENT-4]', async () => {
      await withStore(server, async (store, db) => {
        await store.exchange({ inserts: [newJob('a')] })
        for (let n = 0; n < 450; n++) await store.exchange({ changes: [bump('a')] })
        const [doc] = await db.collection('stint_jobs').find().toArray()
        expect(doc?.['trail'].length).toBeLessThan(250)
        const events = await store.events('a', { limit: 1000 })
        expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 451 }, (_, n) => n + 1))
      })
    }, 30_000)

    test('a sweep › empties the outboxes, all of them however many there are', async () => {
      await withStore(server, async (store, db) => {
        for (let n = 0; n < 6; n++)
          await store.exchange({ inserts: Array.from({ length: 500 }, (_, i) => newJob(`${n}-${i}`)) })
        await store.list({ walk: 'lease', overOnly: true, limit: 10 })
        await expect
          .poll(() => db.collection('stint_jobs').countDocuments({ dirty: { $exists: true } }), { timeout: 20_000 })
          .toBe(0)
        expect(await db.collection('stint_events').countDocuments()).toBe(3000)
        expect(await store.stats()).toEqual([{ queue: 'mail', state: 'queued', count: 3000 }])
      })
    }, 40_000)

    test('a publisher that dies at any step › is followed by another, which tells every event once, in order [FEED-1, COUNT-1]', async () => {
      await withDatabase(server, async (_, client, database) => {
        const names = ['plan', 'events', 'counts', 'trails', 'gone', 'done']
        let dies = ''
        const failpoint = (name: string): void => {
          if (name === dies) throw new Error(`dies at ${name}`)
        }
        const dying = mongoStore({ client, database, failpoint })
        const other = mongoStore({ client, database })
        await dying.open()
        await other.open()
        for (const name of names) {
          dies = ''
          await dying.exchange({ inserts: [newJob(`at-${name}`)] })
          dies = name
          await expect(dying.feed({ after: 'start', limit: 100 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
          await other.exchange({ changes: [bump(`at-${name}`)] })
        }
        const page = await other.feed({ after: 'start', limit: 100 })
        const told = page.events.map(({ jobId, seq }) => `${jobId} ${seq}`)
        expect(told.sort()).toEqual(names.flatMap((name) => [`at-${name} 1`, `at-${name} 2`]).sort())
        expect(page.caughtUp).toBe(true)
        expect(await other.stats()).toEqual([{ queue: 'mail', state: 'queued', count: names.length }])
        await dying.close()
        await other.close()
      })
    })

    test('a server whose clock was not what was thought › refuses the write as late, is asked, and takes it [FAULT-5, TIME-6]', async () => {
      await withStore(server, async (store, _, client) => {
        const before = await store.now()
        // The driver hears that the clock stands a minute earlier.
        client.emit('serverHeartbeatSucceeded', {
          reply: { isWritablePrimary: true, localTime: new Date(before - 60_000) },
        } as never)
        const { inserts } = await store.exchange({ inserts: [newJob('a')] })
        expect(inserts[0]?.isNew).toBe(true)
        expect(inserts[0]?.job.createdAt).toBeGreaterThanOrEqual(before)
      })
    })
  })
}

describe.skipIf(inject('mongoSetUrl') === null)('transactions of the user', () => {
  test('an order and its job › are there together, or neither [TX-1]', async () => {
    await withStore('mongoSetUrl', async (store, db, client) => {
      const orders = db.collection<{ _id: string }>('orders')
      await orders.createIndex({ at: 1 })
      const buy = (id: string, fails: boolean): Promise<unknown> =>
        client.withSession((session) =>
          session.withTransaction(async () => {
            await orders.insertOne({ _id: id }, { session })
            await store.exchange({ inserts: [newJob(id, { key: id })] }, { tx: session } as never)
            if (fails) throw new Error('no stock')
          }),
        )
      await buy('one', false)
      await expect(buy('two', true)).rejects.toThrow('no stock')
      expect((await orders.find().toArray()).map(({ _id }) => _id)).toEqual(['one'])
      expect((await store.get(['one', 'two'])).map((job) => job?.id ?? null)).toEqual(['one', null])
    })
  })

  test('new jobs, and retries of the same keys, in one call › are refused one by one, and break nothing [TX-2, UNIQ-1, UNIQ-3]', async () => {
    await withStore('mongoSetUrl', async (store, _, client) => {
      const cancelled = ['a', 'b', 'c']
      for (const id of cancelled) {
        await store.exchange({ inserts: [newJob(id, { key: id === 'c' ? 'l' : 'k' })] })
        await store.exchange({
          changes: [{ id, guard: { version: 1 }, set: { state: 'cancelled' }, event: draft('cancelled') }],
        })
      }
      const retry = (id: string) => ({
        id,
        guard: { version: 2 },
        set: { state: 'queued' as const },
        event: draft('retried'),
      })
      await client.withSession((session) =>
        session.withTransaction(async () => {
          const { inserts, changes } = await store.exchange(
            { inserts: [newJob('d', { key: 'l' }), newJob('e', { key: 'l' })], changes: cancelled.map(retry) },
            { tx: session } as never,
          )
          expect(inserts.map(({ isNew, job }) => [isNew, job.id])).toEqual([
            [true, 'd'],
            [false, 'd'],
          ])
          expect(changes).toMatchObject([{ ok: true }, { why: 'key', holder: 'a' }, { why: 'key', holder: 'd' }])
        }),
      )
      expect(
        (
          await store.get([
            { queue: 'mail', key: 'k' },
            { queue: 'mail', key: 'l' },
          ])
        ).map((job) => job?.id),
      ).toEqual(['a', 'd'])
    })
  })

  test('a session outside a transaction, and a batch with claims › are mistakes of the program [TX-3]', async () => {
    await withStore('mongoSetUrl', async (store, _, client) => {
      await client.withSession(async (session) => {
        const tx = { tx: session } as never
        await expect(store.exchange({ inserts: [newJob('a')] }, tx)).rejects.toThrow(TypeError)
        await expect(store.exchange({ claims: [claimOf('t')] }, tx)).rejects.toThrow(TypeError)
      })
      expect(await store.get(['a'])).toEqual([null])
    })
  })
})

test.skipIf(inject('mongoUrl') === null)(
  'a server that stands alone › says that it offers no transactions',
  async () => {
    await withStore('mongoUrl', async (store, _, client) => {
      expect(store.capabilities).toMatchObject({ transactions: 'none', survivesFailover: false })
      await client.withSession(async (session) => {
        await expect(store.exchange({ inserts: [newJob('a')] }, { tx: session } as never)).rejects.toMatchObject({
          code: 'UNSUPPORTED',
        })
      })
    })
  },
)
