import { type Batch, type Change, memoryStore, type NewJob, type State, type Store } from '@stint/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { SetClock } from '../../core/test/table-store/clock.js'
import { everything } from '../../core/test/table-store/everything.js'
import { sqliteStore } from '../src/index.js'
import { STATES } from '../src/record.js'
import { destroy, newFile } from './support/place.js'

const id = fc.nat(14).map((n) => `job-${String(n).padStart(2, '0')}`)
const queue = fc.constantFrom('mail', 'video')
const type = fc.constantFrom('send', 'resize', 'index')
const token = fc.constantFrom('token-a', 'token-b', 'token-c')
const run = fc.oneof(
  fc.record({ inMs: fc.constantFrom(0, 0, 5, 50) }),
  fc.record({ at: fc.constantFrom(-0, 1_700_000_000_010) }),
)
const text = fc.constantFrom('1', '"\\u0000"', '{"__proto__":1}')
const body = fc.option(text, { nil: null })
const tags = fc.subarray(['send', 'a', '"'])

const insert = fc
  .record({
    id,
    queue,
    type,
    run,
    tags,
    payload: body,
    ext: body,
    priority: fc.constantFrom(0, -0, 50, 90, 100),
    key: fc.constantFrom(null, 'k', 'l'),
    keyUntil: fc.constantFrom('claimed', 'finished'),
    state: fc.constantFrom('queued', 'queued', 'waiting'),
  })
  .map(({ id: own, ...given }): NewJob => newJob(own, given as Partial<NewJob>))

const set = fc.record(
  {
    state: fc.constantFrom(...STATES),
    run,
    leaseMs: fc.nat(20),
    priority: fc.constantFrom(10, 50),
    attempt: fc.nat(3),
    maxAttempts: fc.integer({ min: 1, max: 9 }),
    tags,
    payload: body,
    progress: body,
    result: body,
    error: body,
    checkpoint: body,
    log: body,
    ext: body,
  },
  { requiredKeys: [] },
)
const change = fc
  .record({
    id,
    guard: fc.oneof(
      fc.record({ states: fc.subarray<State>([...STATES], { minLength: 3 }) }),
      fc.record({ token }),
      fc.record({ token, states: fc.constant(['leased'] as State[]) }),
      fc.record({ version: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ token, leaseOver: fc.constant(true as const) }),
    ),
    set,
    returning: fc.boolean(),
  })
  .map((given): Change => ({ ...given, event: { type: 'changed', actor: 'somebody', detail: '{"op":"x"}' } }))

const beat = fc.record(
  { id, token, leaseMs: fc.nat(20), progress: text, checkpoint: text, log: text, returning: fc.boolean() },
  { requiredKeys: ['id', 'token'] },
)
const from = fc.oneof(
  fc.record({ queue, limit: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ queue, limit: fc.integer({ min: 1, max: 4 }), types: fc.array(type, { minLength: 1, maxLength: 3 }) }),
  fc.record({ ids: fc.array(id, { minLength: 1, maxLength: 4 }) }),
)
const claim = fc
  .record({
    token,
    again: fc.boolean(),
    max: fc.integer({ min: 1, max: 5 }),
    leaseMs: fc.nat(20),
    to: fc.constantFrom('leased', 'running'),
    from: fc.array(from, { minLength: 1, maxLength: 3 }),
  })
  .map(({ token: own, ...given }) => claimOf(own, given))

/** No id twice, over inserts, changes and beats together. */
const batch = fc
  .record({
    inserts: fc.array(insert, { maxLength: 5 }),
    changes: fc.array(change, { maxLength: 4 }),
    beats: fc.array(beat, { maxLength: 2 }),
    claims: fc.array(claim, { maxLength: 2 }),
  })
  .map(({ inserts, changes, beats, claims }): Batch => {
    const seen = new Set<string>()
    const first = <T extends { id: string }>(items: T[]): T[] =>
      items.filter((item) => !seen.has(item.id) && seen.add(item.id))
    return { inserts: first(inserts), changes: first(changes), beats: first(beats), claims }
  })

type Step = (store: Store, clock: SetClock) => unknown
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: batch.map(
      (given): Step =>
        (store) =>
          store.exchange(given),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.array(fc.record({ id, version: fc.integer({ min: 1, max: 5 }) })).map(
      (jobs): Step =>
        (store) =>
          store.remove(jobs),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .record(
        { kind: fc.constantFrom('paused', 'queue'), name: queue, value: body, ifVersion: fc.nat(2) },
        { requiredKeys: ['kind', 'name', 'value'] },
      )
      .map(
        (write): Step =>
          (store) =>
            store.configure([write]),
      ),
  },
  {
    weight: 4,
    arbitrary: fc.integer({ min: -10, max: 30 }).map(
      (ms): Step =>
        (_, clock) =>
          (clock.at += ms),
    ),
  },
)

async function alike(given: readonly Step[], sqlite: Store, clocks: readonly [SetClock, SetClock]): Promise<void> {
  const memory = memoryStore({ clock: clocks[1] })
  await sqlite.open()
  await memory.open()
  try {
    for (const run of given) expect(await run(sqlite, clocks[0])).toEqual(await run(memory, clocks[1]))
    expect(await everything(sqlite)).toEqual(await everything(memory))
  } finally {
    await sqlite.close()
  }
}

describe('the statements of SQLite beside the memory store', () => {
  test('whatever is done to both › they answer alike and show the same [BATCH-1, GUARD-1, CLAIM-4, COUNT-1]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50, size: 'max' }), async (given) => {
        const clocks = [new SetClock(), new SetClock()] as const
        await alike(given, sqliteStore({ path: ':memory:', clock: clocks[0] }), clocks)
      }),
      { numRuns: 400 },
    )
  }, 60_000)

  test('whatever is done to both, in a file and with tables of another name › the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), async (given) => {
        const clocks = [new SetClock(), new SetClock()] as const
        const path = newFile('model')
        await alike(given, sqliteStore({ path, clock: clocks[0], tablePrefix: 'own_', synchronous: 'NORMAL' }), clocks)
        destroy(path)
      }),
      { numRuns: 25 },
    )
  }, 60_000)

  test('a restored copy › shows what the original shows, but for the places in the feed [RESTORE-1]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), async (given) => {
        const clock = new SetClock()
        await using original = sqliteStore({ path: ':memory:', clock })
        await using copy = sqliteStore({ path: ':memory:', clock })
        await Promise.all([original.open(), copy.open()])
        for (const run of given) await run(original, clock)
        const { jobs, events } = await everything(original)
        const restored = jobs.map((job, i) => ({ job, events: events[i] ?? [] }))
        await copy.restore?.(restored)
        const [before, after] = [await everything(original), await everything(copy)]
        expect({ ...after, feed: null, settings: null }).toEqual({ ...before, feed: null, settings: null })
        expect(await copy.restore?.(restored)).toEqual(jobs.map(() => false))
        expect(await everything(copy)).toEqual(after)
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})
