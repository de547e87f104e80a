import { checkInvariants } from '@stint/core/conformance'
import { describe, expect, inject, test } from 'vitest'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { redisStore, verify } from '../src/index.js'
import { ask, newName, url } from './support/place.js'

const event = { type: 'succeeded', actor: null, detail: null }
const NOTHING = { missing: [], stray: [], counts: [], broken: [] }

/** A store with a job of each kind. */
async function furnished(name: string) {
  const store = redisStore({ url: url(), name })
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
    expect(await verify({ url: url(), name })).toEqual({ jobs: 5, ...NOTHING })
    await store.close()
  })

  test('of one whose indexes are gone › tells each, and repairs them from the records', async () => {
    const name = newName()
    const store = await furnished(name)
    const before = await store.stats()
    const of = (key: string): string => `{${name}}:${key}`
    await ask((redis) => redis.del(...['ids', 'l', 'k', 'n', 't:5', 'r:mail|send', 'q:mail'].map(of)))
    const found = await verify({ url: url(), name })
    expect(new Set(found.missing)).toEqual(
      new Set([
        ...['queued', 'keyed', 'waiting', 'held', 'done'].map((id) => `${of('ids')} ${id}`),
        ...['queued', 'keyed'].map((id) => `${of('r:mail|send')} ${id}`),
        ...[`${of('q:mail')} send`, `${of('l')} held`, `${of('t:5')} done`, `${of('k')} k`],
      ]),
    )
    expect(found.counts).toHaveLength(4)
    await verify({ url: url(), name, repair: true })
    expect(await verify({ url: url(), name })).toEqual({ jobs: 5, ...NOTHING })
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
    const found = await verify({ url: url(), name })
    expect(found.broken).toEqual(['queued'])
    expect(new Set(found.stray)).toEqual(
      new Set([
        ...['keyed', 'held', 'done', 'queued'].map((id) => `${of('ids')} ${id}`),
        ...['queued', 'keyed'].map((id) => `${of('r:mail|send')} ${id}`),
        ...[`${of('l')} held`, `${of('t:5')} done`, `${of('k')} mail\nk`],
      ]),
    )
    await verify({ url: url(), name, repair: true })
    expect(await verify({ url: url(), name })).toEqual({ jobs: 2, ...NOTHING, broken: ['queued'] })
    expect((await store.exchange({ inserts: [newJob('keyed', { key: 'k' })] })).inserts[0]?.isNew).toBe(true)
    await store.close()
  })
})
