import { describe, expect, test } from 'vitest'
import { isStintError } from '../../src/errors.js'
import { memoryTableStore as memoryStore } from '../../src/memory/memory-store.js'
import type { Store } from '../../src/store.js'
import { cancelOf, claimOf, draft, newJob } from '../table-store/build.js'
import { SetClock } from '../table-store/clock.js'
import { everything } from '../table-store/everything.js'

/** A store with a job in every situation that the writes below meet. */
async function furnished(failpoint: (name: string) => void): Promise<Store> {
  const clock = new SetClock()
  const store = memoryStore({ clock, failpoint })
  const ids = ['waits', 'is-held', 'runs-on', 'is-over', 'is-old', 'stays']
  await store.exchange({ inserts: ids.map((id) => newJob(id, { key: id, tags: ['a'] })) })
  await store.exchange({ claims: [claimOf('held', { from: [{ ids: ['is-held', 'runs-on'] }] })] })
  await store.exchange({ changes: [cancelOf('is-over'), cancelOf('is-old'), cancelOf('stays')] })
  await store.configure([{ kind: 'queue', name: 'mail', value: '{"a":1}' }])
  clock.at += 1000
  return store
}

const writes: Record<string, (store: Store) => Promise<unknown>> = {
  'an exchange of all parts': (store) =>
    store.exchange({
      inserts: [newJob('new', { key: 'new' }), newJob('waits'), newJob('free', { key: 'is-over' })],
      changes: [
        {
          id: 'is-held',
          guard: { token: 'held' },
          set: { state: 'succeeded', result: '1' },
          event: draft('succeeded'),
        },
        { id: 'is-old', guard: { version: 2 }, set: { state: 'queued', attempt: 0 }, event: draft('retried') },
        { id: 'missing', guard: { version: 1 }, set: {}, event: draft('edited') },
      ],
      beats: [{ id: 'runs-on', token: 'held', leaseMs: 60_000, progress: '0.5' }],
      claims: [claimOf('next', { max: 2 })],
    }),
  'a removal': (store) =>
    store.remove([
      { id: 'is-over', version: 2 },
      { id: 'is-old', version: 2 },
    ]),
  'a setting written, changed and removed': (store) =>
    store.configure([
      { kind: 'paused', name: 'mail', value: '{}' },
      { kind: 'queue', name: 'mail', value: '{"a":2}' },
      { kind: 'paused', name: 'mail', value: null },
    ]),
  'a restoration': async (store) => {
    const [job] = await store.get(['waits'])
    const events = await store.events('waits', { limit: 10 })
    if (!job || !store.restore) throw new Error('Expected a store that restores, and a job.')
    const copied = [0, 1].map((n) => ({ ...job, id: `copy-${n}`, key: `copy-${n}` }))
    return store.restore(
      copied.map((copy) => ({ job: copy, events: events.map((event) => ({ ...event, jobId: copy.id })) })),
    )
  },
}

describe.each(Object.entries(writes))('%s', (_name, write) => {
  test('that fails at any step › leaves nothing, and succeeds when it is repeated [ATOM-1, ATOM-5, FAULT-1, FAULT-3]', async () => {
    const passed: string[] = []
    const whole = await furnished((name) => passed.push(name))
    const before = await everything(whole)
    passed.length = 0
    const answer = await write(whole)
    const after = await everything(whole)
    expect(passed.length).toBeGreaterThan(3)

    for (let failing = 0; failing < passed.length; failing++) {
      let left = Number.POSITIVE_INFINITY
      const store = await furnished((name) => {
        if (left-- === 0) throw new Error(`failed at ${name}`)
      })
      left = failing
      const error = await write(store).catch((thrown: unknown) => thrown)
      expect(isStintError(error, 'STORE_UNAVAILABLE') && (error.cause as Error).message).toBe(
        `failed at ${passed[failing]}`,
      )
      expect(await everything(store)).toEqual(before)
      left = Number.POSITIVE_INFINITY
      expect(await write(store)).toEqual(answer)
      expect(await everything(store)).toEqual(after)
    }
  })
})

test('the failpoints of an exchange › lie between the record, its key, its place, its count and its event', async () => {
  const passed = new Set<string>()
  await (writes['an exchange of all parts'] as (store: Store) => Promise<unknown>)(
    await furnished((name) => passed.add(name)),
  )
  expect([...passed].sort()).toEqual(['count', 'event', 'index', 'item', 'key', 'record', 'setting'])
})
