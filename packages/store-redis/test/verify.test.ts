import { checkInvariants } from '@stint/core/conformance'
import type { Redis } from 'ioredis'
import { describe, expect, inject, test } from 'vitest'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { redisStore, verify } from '../src/index.js'
import { ask, newName, url } from './support/place.js'

const event = { type: 'succeeded', actor: null, detail: null }
const NOTHING = { missing: [], stray: [], counts: [], broken: [] }

/** A store with a job of each kind. */
async function furnished(name: string) {
  const store = redisStore({ url: url(), prefix: name })
  await store.open()
  const ids = ['queued', 'keyed', 'waiting', 'held', 'done']
  await store.exchange({
    inserts: ids.map((id) =>
      newJob(id, { ...(id === 'keyed' && { key: 'k' }), ...(id === 'waiting' && { state: 'waiting' }) }),
    ),
  })
  await store.exchange({ claims: [claimOf('token', { from: [{ ids: ['held', 'done'] }] })] })
  await store.exchange({ changes: [{ id: 'done', guard: { token: 'token' }, set: { state: 'succeeded' }, event }] })
  return store
}

describe.skipIf(inject('redisUrl') === null)('verify', () => {
  test('of a store as it should be › finds nothing, and counts the jobs', async () => {
    const name = newName()
    const store = await furnished(name)
    expect(await verify({ url: url(), prefix: name })).toEqual({ jobs: 5, ...NOTHING })
    await store.close()
  })

  test('of one whose indexes are gone › tells each, and repairs them from the records', async () => {
    const name = newName()
    const store = await furnished(name)
    const before = await store.stats()
    const of = (key: string): string => `{${name}}:${key}`
    await ask((redis) => redis.del(...['ids', 'l', 'k', 'n', 't:5', 'r:mail|send', 'q:mail'].map(of)))
    const found = await verify({ url: url(), prefix: name })
    expect(new Set(found.missing)).toEqual(
      new Set([
        ...['queued', 'keyed', 'waiting', 'held', 'done'].map((id) => `${of('ids')} ${id}`),
        ...['queued', 'keyed'].map((id) => `${of('r:mail|send')} ${id}`),
        ...[`${of('q:mail')} send`, `${of('l')} held`, `${of('t:5')} done`, `${of('k')} k`],
      ]),
    )
    expect(found.counts).toHaveLength(4)
    await verify({ url: url(), prefix: name, repair: true })
    expect(await verify({ url: url(), prefix: name })).toEqual({ jobs: 5, ...NOTHING })
    expect(new Set(await store.stats())).toEqual(new Set(before))
    await checkInvariants(store)
    await store.close()
  })

  test('of one whose records are gone or torn › tells what stands in indexes, and repairs what can be', async () => {
    const name = newName()
    const store = await furnished(name)
    const of = (key: string): string => `{${name}}:${key}`
    await ask((redis) => redis.del(of('j:keyed'), of('j:held'), of('j:done')))
    await ask((redis) => redis.hset(of('j:queued'), 's', 'torn'))
    const found = await verify({ url: url(), prefix: name })
    expect(found.broken).toEqual(['queued'])
    expect(new Set(found.stray)).toEqual(
      new Set([
        ...['keyed', 'held', 'done', 'queued'].map((id) => `${of('ids')} ${id}`),
        ...['queued', 'keyed'].map((id) => `${of('r:mail|send')} ${id}`),
        ...[`${of('l')} held`, `${of('t:5')} done`, `${of('k')} mail\nk`],
        // The claim of the two, and the settle of one: nothing is left of either.
        ...[`${of('f')} 6`, `${of('f')} 8`],
      ]),
    )
    await verify({ url: url(), prefix: name, repair: true })
    expect(await verify({ url: url(), prefix: name })).toEqual({ jobs: 2, ...NOTHING, broken: ['queued'] })
    expect((await store.exchange({ inserts: [newJob('keyed', { key: 'k' })] })).inserts[0]?.isNew).toBe(true)
    await store.close()
  })

  /** What is damaged, and what of it is told. */
  const DAMAGES: readonly (readonly [
    what: string,
    damage: (redis: Redis, at: string) => Promise<unknown>,
    told: object,
  ])[] = [
    [
      'a line that lost a job',
      (redis, at) => redis.zrem(`${at}r:mail|send`, 'queued'),
      { missing: ['r:mail|send queued'] },
    ],
    [
      'a job at another place in its line',
      (redis, at) => redis.zadd(`${at}r:mail|send`, 1, 'queued'),
      { missing: ['r:mail|send queued'] },
    ],
    [
      'a line with a job that is held',
      (redis, at) => redis.zadd(`${at}r:mail|send`, 1, 'held'),
      { stray: ['r:mail|send held'] },
    ],
    [
      'a line of another type',
      (redis, at) => redis.zadd(`${at}r:mail|other`, 1, 'queued'),
      { stray: ['r:mail|other queued'] },
    ],
    ['a queue without its types', (redis, at) => redis.del(`${at}q:mail`), { missing: ['q:mail send'] }],
    ['a lease that ends at another time', (redis, at) => redis.zadd(`${at}l`, 5, 'held'), { missing: ['l held'] }],
    ['a lease of a job that is over', (redis, at) => redis.zadd(`${at}l`, 5, 'done'), { stray: ['l done'] }],
    ['an end in the line of another state', (redis, at) => redis.zadd(`${at}t:7`, 5, 'done'), { stray: ['t:7 done'] }],
    ['an end that is gone', (redis, at) => redis.del(`${at}t:5`), { missing: ['t:5 done'] }],
    ['an id that is gone', (redis, at) => redis.zrem(`${at}ids`, 'held'), { missing: ['ids held'] }],
    ['an id of nobody', (redis, at) => redis.zadd(`${at}ids`, 0, 'nobody'), { stray: ['ids nobody'] }],
    ['a key that is free', (redis, at) => redis.del(`${at}k`), { missing: ['k k'] }],
    [
      'a key of a job that has none',
      (redis, at) => redis.hset(`${at}k`, 'mail\nother', 'queued'),
      { stray: ['k mail\nother'] },
    ],
    ['a count', (redis, at) => redis.hincrby(`${at}n`, 'mail|2', 3), { counts: ['n mail|2'] }],
    ['a count of nothing', (redis, at) => redis.hset(`${at}n`, 'other|2', 1), { counts: ['n other|2'] }],
    [
      'the feed, gone',
      (redis, at) => redis.del(`${at}f`),
      { missing: expect.arrayContaining(['f done 1', 'f done 3']) },
    ],
    ['an entry of the feed, gone', (redis, at) => redis.xdel(`${at}f`, '8-0'), { missing: ['f done 3'] }],
    [
      'an entry of the feed about nobody',
      (redis, at) => redis.xadd(`${at}f`, '9-0', 'nobody', '1'),
      { stray: ['f 9'], counts: ['m feed'] },
    ],
    ['what is left of an entry', (redis, at) => redis.hset(`${at}g`, '1', '2'), { counts: ['g 1'] }],
    ['what is left of no entry', (redis, at) => redis.hset(`${at}g`, '77', '2'), { stray: ['g 77'] }],
    ['the position of the feed', (redis, at) => redis.hdel(`${at}m`, 'feed'), { counts: ['m feed'] }],
  ]
  test.each(DAMAGES)('of %s › tells it, repairs it, and the store works', async (_, damage, told) => {
    const name = newName()
    const store = await furnished(name)
    const at = `{${name}}:`
    await ask((redis) => damage(redis, at))
    const { jobs, ...found } = await verify({ url: url(), prefix: name })
    const without = Object.fromEntries(
      Object.entries(found).map(([kind, all]) => [kind, all.map((one) => one.replace(at, ''))]),
    )
    expect(jobs).toBe(5)
    expect(without).toMatchObject({ ...NOTHING, ...told })
    await verify({ url: url(), prefix: name, repair: true })
    expect(await verify({ url: url(), prefix: name })).toEqual({ jobs: 5, ...NOTHING })
    const { inserts, claims } = await store.exchange({
      inserts: [newJob('new')],
      claims: [claimOf('another', { max: 9 })],
    })
    expect(inserts[0]?.isNew).toBe(true)
    expect(claims[0]?.jobs.map(({ id }) => id).sort()).toEqual(['keyed', 'new', 'queued'])
    await checkInvariants(store)
    await store.close()
  })
})
