import { isStintError } from '@stint/core'
import { checkInvariants } from '@stint/core/conformance'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { startOwn } from '../../../scripts/servers/find.ts'
import { redis } from '../../../scripts/servers/redis.ts'
import type { OwnServer } from '../../../scripts/servers/server.ts'
import { outcomeOf } from '../../../scripts/store-tests/outcome.js'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { redisStore, verify } from '../src/index.js'
import { RedisStore } from '../src/store.js'
import { ask, keysOf, newName, url } from './support/place.js'

const event = { type: 'succeeded', actor: null, detail: null }
const succeed = (id: string, token: string) =>
  ({ id, guard: { token }, set: { state: 'succeeded', result: '1' }, event }) as const

const hasServer = inject('redisUrl') !== null

describe.skipIf(!hasServer)('what is particular to Redis', () => {
  test('scripts that the server forgot › are sent whole, and carried out once [IDEM-3]', async () => {
    const name = newName()
    const store = redisStore({ url: url(), prefix: name })
    await store.open()
    await store.exchange({ inserts: [newJob('one')] })
    await ask((redis) => redis.script('FLUSH'))
    const { inserts } = await store.exchange({ inserts: [newJob('two')] })
    expect(inserts[0]?.isNew).toBe(true)
    await ask((redis) => redis.script('FLUSH'))
    expect((await store.get(['two']))[0]?.version).toBe(1)
    await checkInvariants(store)
    await store.close()
  })

  test('memory › after all jobs were removed › is what an empty store has [REMOVE-3]', async () => {
    const name = newName()
    const store = redisStore({ url: url(), prefix: name })
    await store.open()
    for (let round = 0; round < 3; round++) {
      const ids = Array.from({ length: 300 }, (_, n) => `job-${round}-${n}`)
      await store.exchange({ inserts: ids.map((id) => newJob(id, { key: id, queue: `lane-${round}` })) })
      const from = [{ queue: `lane-${round}`, limit: 500 }]
      const { claims } = await store.exchange({ claims: [claimOf('token', { max: 500, from })] })
      expect(claims[0]?.jobs).toHaveLength(300)
      await store.exchange({ changes: ids.map((id) => succeed(id, 'token')) })
      expect(await store.remove(ids.map((id) => ({ id, version: 3 })))).toEqual(ids.map(() => true))
      expect((await keysOf(name)).sort()).toEqual([`{${name}}:f`, `{${name}}:m`])
    }
    const bytes = await ask((redis) => redis.memory('USAGE', `{${name}}:f`))
    expect(bytes).toBeLessThan(2000)
    await store.close()
  })

  test('a job that comes, goes and comes back within a batch › stands in every index where it is in the end [BATCH-2, COUNT-1]', async () => {
    const name = newName()
    const store = redisStore({ url: url(), prefix: name })
    await store.open()
    const turn = (from: 'queued' | 'cancelled', to: 'queued' | 'cancelled', type: string) =>
      ({ id: 'job', guard: { states: [from] }, set: { state: to }, event: { ...event, type } }) as const
    const changes = [turn('queued', 'cancelled', 'cancelled'), turn('cancelled', 'queued', 'retried')]
    await store.exchange({ inserts: [newJob('job')], changes })
    expect((await store.exchange({ changes: [...changes, ...changes] })).changes.every(({ ok }) => ok)).toBe(true)
    expect(await verify({ url: url(), prefix: name })).toMatchObject({ missing: [], stray: [], counts: [] })
    expect((await store.exchange({ claims: [claimOf('token')] })).claims[0]?.jobs).toHaveLength(1)
    await checkInvariants(store)
    await store.close()
  })

  test('the feed › of a batch of which jobs go one by one › tells what is left, from every place, and its space comes back [FEED-3, REMOVE-3]', async () => {
    const name = newName()
    const store = redisStore({ url: url(), prefix: name })
    await store.open()
    const ids = Array.from({ length: 75 }, (_, n) => `job-${String(n).padStart(2, '0')}`)
    await store.exchange({ inserts: ids.map((id) => newJob(id)) })
    await store.exchange({
      changes: ids.map((id) => ({ id, guard: { states: ['queued'] }, set: { state: 'cancelled' }, event }) as const),
    })
    let left = ids.flatMap((id) => [`${id} 1`]).concat(ids.map((id) => `${id} 2`))
    const positions = new Map(
      (await store.feed({ after: 'start', limit: 500 })).events.map((event) => [
        `${event.jobId} ${event.seq}`,
        event.cursor,
      ]),
    )
    for (const kept of [[0, 31, 32, 74], [31, 74], [74]]) {
      const gone = ids.filter((_, n) => !kept.includes(n))
      await store.remove(gone.map((id) => ({ id, version: 2 })))
      left = left.filter((one) => !gone.includes(one.slice(0, 6)))
      for (const limit of [1, 3, 500]) {
        const met: string[] = []
        for (let after = 'start'; ; ) {
          const page = await store.feed({ after, limit })
          for (const event of page.events) {
            met.push(`${event.jobId} ${event.seq}`)
            expect(event.cursor).toBe(positions.get(met.at(-1) ?? ''))
          }
          after = page.cursor
          if (page.caughtUp) break
        }
        expect(met).toEqual(left)
      }
      expect(await verify({ url: url(), prefix: name })).toMatchObject({ missing: [], stray: [], counts: [] })
    }
    // An id that is given again, whose old place is in an entry that stands, is not met there.
    await store.exchange({ inserts: [newJob('job-70')] })
    expect(
      (await store.feed({ after: 'start', limit: 500 })).events.map(({ jobId, seq }) => `${jobId} ${seq}`),
    ).toEqual([...left, 'job-70 1'])
    await store.exchange({
      changes: [{ id: 'job-70', guard: { states: ['queued'] }, set: { state: 'cancelled' }, event }],
    })
    await store.remove(['job-70', 'job-74'].map((id) => ({ id, version: 2 })))
    expect((await keysOf(name)).sort()).toEqual([`{${name}}:f`, `{${name}}:m`])
    await store.close()
  })

  test('all keys of a store › are in one slot', async () => {
    const name = newName()
    const store = redisStore({ url: url(), prefix: name })
    await store.open()
    await store.exchange({ inserts: [newJob('queued', { key: 'k' }), newJob('taken')] })
    await store.exchange({ claims: [claimOf('token', { from: [{ ids: ['taken'] }] })] })
    await store.configure([{ kind: 'paused', name: 'default', value: '{}' }])
    const keys = await keysOf(name)
    expect(keys.length).toBeGreaterThan(8)
    expect(keys.every((key) => key.startsWith(`{${name}}:`))).toBe(true)
    await store.close()
  })

  test('two stores on one server › do not see each other', async () => {
    const [one, other] = [newName(), newName()].map((name) => redisStore({ url: url(), prefix: name }))
    if (!one || !other) throw new Error('two were made')
    await one.open()
    await other.open()
    await one.exchange({ inserts: [newJob('job')] })
    expect(await other.get(['job'])).toEqual([null])
    expect((await other.exchange({ claims: [claimOf('token')] })).claims[0]?.jobs).toEqual([])
    await one.close()
    await other.close()
  })

  test('a client with a key prefix and an offline queue › neither is taken over [IDEM-3, OPEN-4]', async () => {
    const name = newName()
    const client = new Redis(url(), { keyPrefix: 'theirs:', protocol: 2 })
    const store = redisStore({ client, prefix: name })
    await store.open()
    await store.exchange({ inserts: [newJob('job')] })
    expect(await keysOf(name)).toContain(`{${name}}:m`)
    await store.close()
    expect(await client.ping()).toBe('PONG')
    client.disconnect()
  })
})

/** Settings of a whole server are changed here, so it is one of its own. */
describe.skipIf(!hasServer)('a server that is set up otherwise', () => {
  let server: OwnServer
  beforeAll(async () => {
    server = await startOwn('redis', redis)
  }, 30_000)
  afterAll(async () => {
    await server.kill() // a polite end may wait for the log that was switched on again
    await server.stop()
  })
  const set = (name: string, value: string): Promise<unknown> =>
    ask((redis) => redis.config('SET', name, value), server.url)

  test.each(['allkeys-lru', 'allkeys-random'])('%s › is refused, with what to set [OPEN-3]', async (policy) => {
    await set('maxmemory-policy', policy)
    const store = redisStore({ url: server.url })
    const error: unknown = await store.open().catch((error: unknown) => error)
    expect(isStintError(error, 'STORE_INCOMPATIBLE')).toBe(true)
    expect((error as Error).message).toMatch(/maxmemory-policy to noeviction/)
    expect(String(await ask((redis) => redis.client('LIST'), server.url))).not.toContain('name=stint-')
    await set('maxmemory-policy', 'volatile-lru')
    await store.open() // the same store, once it is set right; the volatile ones do no harm
    await store.close()
    await set('maxmemory-policy', 'noeviction')
  })

  test('a server that evicts from now on › is noticed by the sweep, and works again once it is set right [OPEN-3]', async () => {
    const store = new RedisStore({ url: server.url, prefix: 'later', listen: false }, { checkMs: 0 })
    await store.open()
    const sweep = () => outcomeOf(store.list({ walk: 'lease', overOnly: true, limit: 10 }))
    expect(await sweep()).toBe('done')
    await set('maxmemory-policy', 'allkeys-lfu')
    expect(await sweep()).toBe('STORE_INCOMPATIBLE')
    await set('maxmemory-policy', 'noeviction')
    expect(await sweep()).toBe('done')
    await store.close()
  })

  test('the abilities › say what the server keeps', async () => {
    const abilities = async (): Promise<unknown> => {
      const store = redisStore({ url: server.url })
      await store.open()
      const { survivesProcessCrash: crash, survivesPowerLoss: power } = store.capabilities
      await store.close()
      return { crash, power }
    }
    expect(await abilities()).toEqual({ crash: true, power: false })
    await set('appendfsync', 'always')
    expect(await abilities()).toEqual({ crash: true, power: true })
    await set('appendonly', 'no')
    expect(await abilities()).toEqual({ crash: false, power: false })
    await set('appendonly', 'yes')
    await set('appendfsync', 'everysec')
  })

  test('without memory › inserts are refused as a whole, and what is there can be claimed, settled and removed [FAULT-1]', async () => {
    const store = redisStore({ url: server.url, prefix: 'full' })
    await store.open()
    await store.exchange({ inserts: [newJob('job')] })
    await set('maxmemory', '1mb')
    const refused = [newJob('more'), newJob('still-more')]
    expect(await outcomeOf(store.exchange({ inserts: refused }))).toBe('STORE_UNAVAILABLE')
    expect(await store.get(['more', 'still-more'])).toEqual([null, null])
    expect((await store.exchange({ claims: [claimOf('token')] })).claims[0]?.jobs).toHaveLength(1)
    const beat = { id: 'job', token: 'token', leaseMs: 1000 }
    expect((await store.exchange({ beats: [beat] })).beats[0]?.ok).toBe(true)
    expect((await store.exchange({ changes: [succeed('job', 'token')] })).changes[0]?.ok).toBe(true)
    expect(await store.remove([{ id: 'job', version: 3 }])).toEqual([true])
    await set('maxmemory', '0')
    expect(await outcomeOf(store.exchange({ inserts: refused }))).toBe('done')
    await checkInvariants(store)
    await store.close()
  })

  test('a replica › is refused at the open; a primary that became one, at each write [OPEN-3, FAULT-1]', async () => {
    const store = redisStore({ url: server.url, prefix: 'demoted' })
    await store.open()
    await ask((redis) => redis.replicaof('127.0.0.1', 1), server.url)
    expect(await outcomeOf(store.exchange({ inserts: [newJob('job')] }))).toBe('STORE_UNAVAILABLE')
    const late = redisStore({ url: server.url, prefix: 'demoted' })
    expect(['STORE_INCOMPATIBLE', 'STORE_UNAVAILABLE']).toContain(await outcomeOf(late.open()))
    await ask((redis) => redis.replicaof('NO', 'ONE'), server.url)
    expect(await outcomeOf(store.exchange({ inserts: [newJob('job')] }))).toBe('done')
    await store.close()
    await late.close()
  })
})
