import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryTableStore as memoryStore } from '../../src/memory/memory-store.js'
import type { State } from '../../src/record.js'
import type { Change, Store } from '../../src/store.js'
import { STATES } from '../../src/transitions.js'
import { cancelOf, claimOf, draft, newJob } from '../table-store/build.js'
import { SetClock } from '../table-store/clock.js'
import { everything, walked } from '../table-store/everything.js'
import { PlainStore } from '../table-store/plain-table.js'

const id = fc.nat(19).map((n) => `job-${String(n).padStart(2, '0')}`)
const queue = fc.constantFrom('mail', 'video')
const type = fc.constantFrom('send', 'resize', 'index')
const token = fc.constantFrom('token-a', 'token-b', 'token-c')
const run = fc.oneof(
  fc.record({ inMs: fc.constantFrom(0, 0, 5, 50) }),
  fc.record({ at: fc.constantFrom(-0, 1_700_000_000_010) }),
)
const states = fc.subarray<State>([...STATES], { minLength: 1 })

const insert = fc
  .record({
    id,
    queue,
    type,
    run,
    priority: fc.constantFrom(0, -0, 50, 90),
    key: fc.constantFrom(null, null, 'k', 'l'),
    keyUntil: fc.constantFrom('claimed', 'finished'),
  })
  .map(({ id: own, ...given }) => newJob(own, { ...given, tags: [given.type] }))

const change = fc
  .record({
    id,
    guard: fc.oneof(
      fc.record({ states }),
      fc.record({ token }),
      fc.record({ version: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ leaseOver: fc.constant(true as const) }),
    ),
    set: fc.record(
      { state: fc.constantFrom(...STATES), run, leaseMs: fc.nat(20), priority: fc.constantFrom(10, 50) },
      { requiredKeys: [] },
    ),
  })
  .map((given): Change => ({ ...given, event: draft('changed'), returning: true }))

const beat = fc.record({ id, token, leaseMs: fc.nat(20), progress: fc.constantFrom('1', '2'), returning: fc.boolean() })

const claim = fc
  .record({
    token,
    again: fc.boolean(),
    max: fc.integer({ min: 1, max: 5 }),
    leaseMs: fc.nat(20),
    to: fc.constantFrom('leased', 'running'),
    from: fc.array(
      fc.oneof(
        fc.record({ queue, limit: fc.integer({ min: 1, max: 4 }) }),
        fc.record({
          queue,
          limit: fc.integer({ min: 1, max: 4 }),
          types: fc.array(type, { minLength: 1, maxLength: 3 }),
        }),
        fc.record({ ids: fc.array(id, { minLength: 1, maxLength: 4 }) }),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map(({ token: own, ...given }) => claimOf(own, given))

type Step = (store: Store, clock: SetClock) => Promise<unknown>
const only = <T>(items: T[]): T[] => [...new Map(items.map((item) => [(item as { id: string }).id, item])).values()]
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(insert, { maxLength: 6 }).map(
      (inserts): Step =>
        (store) =>
          store.exchange({ inserts: only(inserts) }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.array(claim, { maxLength: 3 }).map(
      (claims): Step =>
        (store) =>
          store.exchange({ claims }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.array(change, { maxLength: 6 }).map(
      (changes): Step =>
        (store) =>
          store.exchange({ changes: only(changes) }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.array(beat, { maxLength: 6 }).map(
      (beats): Step =>
        (store) =>
          store.exchange({ beats: only(beats) }),
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
    weight: 3,
    arbitrary: fc.array(id, { maxLength: 6 }).map(
      (ids): Step =>
        (store) =>
          store.exchange({ changes: [...new Set(ids)].map(cancelOf) }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .record(
        {
          kind: fc.constantFrom('paused', 'queue'),
          name: queue,
          value: fc.constantFrom(null, '{}'),
          ifVersion: fc.nat(2),
        },
        { requiredKeys: ['kind', 'name', 'value'] },
      )
      .map(
        (write): Step =>
          (store) =>
            store.configure([write]),
      ),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: -5, max: 30 }).map(
      (ms): Step =>
        async (_store, clock) => {
          clock.at += ms
        },
    ),
  },
)

describe('the memory store beside a table without indexes', () => {
  test('whatever is done to both › they answer alike and show the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (given) => {
        const clocks = [new SetClock(), new SetClock()] as const
        const memory = memoryStore({ clock: clocks[0] })
        const plain = new PlainStore({ clock: clocks[1] })
        for (const run of given) expect(await run(memory, clocks[0])).toEqual(await run(plain, clocks[1]))
        expect(await everything(memory)).toEqual(await everything(plain))
      }),
      { numRuns: 300 },
    )
  })

  test('whatever a list asks for › the pages of both are the same jobs in the same order [LIST-1]', async () => {
    const query = fc.oneof(
      fc.record(
        {
          walk: fc.constant('id' as const),
          direction: fc.constantFrom('asc', 'desc'),
          queue,
          states,
          tag: type,
          createdFrom: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_040 }),
          createdTo: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_040 }),
        },
        { requiredKeys: ['walk', 'direction'] },
      ),
      fc.record(
        { walk: fc.constant('claim' as const), queue, types: fc.array(type, { maxLength: 2 }), dueOnly: fc.boolean() },
        { requiredKeys: ['walk', 'queue'] },
      ),
      fc.record({ walk: fc.constant('lease' as const), queue, overOnly: fc.boolean() }, { requiredKeys: ['walk'] }),
      fc.record(
        {
          walk: fc.constant('finished' as const),
          direction: fc.constantFrom('asc', 'desc'),
          state: fc.constantFrom('cancelled', 'dead'),
          finishedFrom: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_040 }),
          finishedTo: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_040 }),
        },
        { requiredKeys: ['walk', 'direction', 'state'] },
      ),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60, size: 'max' }),
        query,
        fc.integer({ min: 1, max: 4 }),
        async (given, asked, limit) => {
          const clocks = [new SetClock(), new SetClock()] as const
          const memory = memoryStore({ clock: clocks[0] })
          const plain = new PlainStore({ clock: clocks[1] })
          for (const run of given) await Promise.all([run(memory, clocks[0]), run(plain, clocks[1])])
          const pages = await walked(memory, { ...asked, limit }, limit)
          expect(pages).toEqual(await walked(plain, { ...asked, limit }, limit))
          expect(pages).toEqual((await plain.list({ ...asked, limit: 1000 })).jobs)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
