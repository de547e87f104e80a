import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { startOwn } from '../../../scripts/servers/find.ts'
import { redis } from '../../../scripts/servers/redis.ts'
import type { OwnServer } from '../../../scripts/servers/server.ts'
import { goesOnAfterKill } from '../../../scripts/store-tests/goes-on-after-kill.js'
import { outcomeOf } from '../../../scripts/store-tests/outcome.js'
import { newJob } from '../../core/test/table-store/build.js'
import { countedClient } from '../src/conformance/counted.js'
import { redisStore } from '../src/index.js'
import { RedisStore } from '../src/store.js'

const DEADLINE_MS = 800

/** On a server of its own, which may be paused and killed. */
describe.skipIf(inject('redisUrl') === null)('a server that fails', () => {
  let server: OwnServer
  beforeAll(async () => {
    server = await startOwn('redis', redis)
  }, 30_000)
  afterAll(() => server.stop())

  test('stopped as a write is sent and woken behind the deadline › what was rejected never takes effect [FAULT-5, FAULT-1, FAULT-2]', async () => {
    let isArmed = false
    const failpoint = (name: string): void => {
      if (isArmed && name === 'send') server.pause()
    }
    const store = redisStore({ url: server.url, prefix: 'stopped', deadline: DEADLINE_MS, failpoint })
    const reader = redisStore({ url: server.url, prefix: 'stopped', listen: false })
    await store.open()
    await reader.open()
    isArmed = true
    const began = performance.now()
    const outcome = await outcomeOf(store.exchange({ inserts: [newJob('late')] }))
    const tookMs = performance.now() - began
    isArmed = false
    server.resume()
    expect(outcome).toBe('OUTCOME_UNKNOWN')
    expect(tookMs).toBeGreaterThan(DEADLINE_MS - 50)
    expect(tookMs).toBeLessThan(DEADLINE_MS + 500)
    for (let n = 0; n < 20; n++) {
      await reader.exchange({ inserts: [newJob(`later-${n}`)] })
      expect(await reader.get(['late'])).toEqual([null])
    }
    // The same store, on a new connection.
    expect(await outcomeOf(store.exchange({ inserts: [newJob('again')] }))).toBe('done')
    await store.close()
    await reader.close()
  }, 20_000)

  test('stopped while its connection breaks, and woken › a write in its buffers is over before its caller is told [FAULT-5]', async () => {
    let isArmed = false
    const failpoint = (name: string): void => {
      if (isArmed && name === 'send') server.pause()
    }
    const counted = countedClient()
    const store = new RedisStore({ url: server.url, prefix: 'broken', deadline: '4s', failpoint }, counted)
    const reader = redisStore({ url: server.url, prefix: 'broken', listen: false })
    await store.open()
    await reader.open()
    isArmed = true
    const call = outcomeOf(store.exchange({ inserts: [newJob('late')] }))
    isArmed = false
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    // The server has the bytes, and does not know of the end.
    for (const { destroy } of counted.connectionsOf('stint-broken')) destroy()
    const early = await Promise.race([call, new Promise((resolve) => setTimeout(() => resolve('not told yet'), 300))])
    expect(early).toBe('not told yet')
    server.resume()
    expect(await call).toBe('OUTCOME_UNKNOWN')
    const [then] = await reader.get(['late'])
    for (let n = 0; n < 20; n++) {
      await reader.exchange({ inserts: [newJob(`later-${n}`)] })
      expect((await reader.get(['late']))[0]?.id).toBe(then?.id)
    }
    await store.close()
    await reader.close()
  }, 20_000)

  test('stopped for longer than a call, its connections and those made meanwhile dead › the same store works again within 5 s [FAULT-2, FAULT-4]', async () => {
    const counted = countedClient()
    const store = new RedisStore({ url: server.url, prefix: 'silent', deadline: DEADLINE_MS }, counted)
    await store.open()
    server.pause()
    const outcomes = []
    for (let n = 0; n < 3; n++) outcomes.push(await outcomeOf(store.exchange({ inserts: [newJob(`lost-${n}`)] })))
    // The first was sent; the others found nobody to greet them.
    expect(outcomes).toEqual(['OUTCOME_UNKNOWN', 'STORE_UNAVAILABLE', 'STORE_UNAVAILABLE'])
    server.resume()
    const began = performance.now()
    while ((await outcomeOf(store.exchange({ inserts: [newJob('back')] }))) !== 'done')
      expect(performance.now() - began).toBeLessThan(5000)
    expect(await store.get(['lost-0', 'lost-1', 'lost-2'])).toEqual([null, null, null])
    await store.close()
  }, 20_000)

  test('an address that takes connections and says nothing, until it does › the same store opens when it does [FAULT-2, FAULT-4]', async () => {
    let isMute = true
    const sockets = new Set<Socket>()
    const between = createServer((socket) => {
      sockets.add(socket.on('error', () => {}))
      if (isMute) return
      const there = connect(server.port, '127.0.0.1').on('error', () => {})
      sockets.add(there)
      socket.pipe(there).pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(between, 'listening')
    const { port } = between.address() as AddressInfo
    const store = redisStore({ url: `redis://127.0.0.1:${port}`, prefix: 'mute', deadline: DEADLINE_MS })
    expect(await outcomeOf(store.open())).toBe('STORE_UNAVAILABLE')
    isMute = false
    expect(await outcomeOf(store.open())).toBe('done')
    await store.close()
    for (const socket of sockets) socket.destroy()
    between.close()
  }, 20_000)

  goesOnAfterKill(
    () => server,
    (prefix, listen) => redisStore({ url: server.url, prefix, deadline: '2s', listen }),
  )
})
