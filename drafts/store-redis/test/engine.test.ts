import { isStintError } from '@stint/core'
import { checkInvariants } from '@stint/core/conformance'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { findServer } from '../../../scripts/servers/find.ts'
import { redis } from '../../../scripts/servers/redis.ts'
import type { OwnServer } from '../../../scripts/servers/server.ts'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { redisStore } from '../src/index.js'
import { outcomeOf } from './support/outcome.js'
import { ask, keysOf, newName, url } from './support/place.js'

const event = { type: 'succeeded', actor: null, detail: null }
const succeed = (id: string, token: string) =>
  ({ id, guard: { token }, set: { state: 'succeeded', result: '1' }, event }) as const

const hasServer = inject('redisUrl') !== null

describe.skipIf(!hasServer)('what is particular to Redis', () => {
  test('scripts that the server forgot › are sent whole, and carried out once [IDEM-3]', async () => {
    const name = newName()
    const store = redisStore({ url: url(), name })
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
    const store = redisStore({ url: url(), name })
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

  test('all keys of a store › are in one slot', async () => {
    const name = newName()
    const store = redisStore({ url: url(), name })
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
    const [one, other] = [newName(), newName()].map((name) => redisStore({ url: url(), name }))
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
    const store = redisStore({ client, name })
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
    const found = await findServer('redis', { ...redis, env: 'NO_SUCH_VARIABLE' })
    if (!found?.own) throw new Error('these tests need a server of their own')
    server = found.own
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
    await set('maxmemory-policy', 'volatile-lru')
    await store.open() // the same store, once it is set right; the volatile ones do no harm
    await store.close()
    await set('maxmemory-policy', 'noeviction')
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
    const store = redisStore({ url: server.url, name: 'full' })
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
    const store = redisStore({ url: server.url, name: 'demoted' })
    await store.open()
    await ask((redis) => redis.replicaof('127.0.0.1', 1), server.url)
    expect(await outcomeOf(store.exchange({ inserts: [newJob('job')] }))).toBe('STORE_UNAVAILABLE')
    const late = redisStore({ url: server.url, name: 'demoted' })
    expect(['STORE_INCOMPATIBLE', 'STORE_UNAVAILABLE']).toContain(await outcomeOf(late.open()))
    await ask((redis) => redis.replicaof('NO', 'ONE'), server.url)
    expect(await outcomeOf(store.exchange({ inserts: [newJob('job')] }))).toBe('done')
    await store.close()
    await late.close()
  })
})
