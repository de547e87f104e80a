import {
  type Batch,
  type BatchResult,
  type Change,
  memoryStore,
  type NewJob,
  type State,
  type Store,
} from '@stint/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { SetClock } from '../../core/test/table-store/clock.js'
import { everything } from '../../core/test/table-store/everything.js'
import { postgresStore } from '../src/index.js'
import { STATES } from '../src/record.js'
import { destroy, newSchema, url } from './support/place.js'

const id = fc.nat(8).map((n) => `job-${String(n).padStart(2, '0')}`)
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
/** What a settle sets, and nothing else: it has a statement of its own. */
const outcome = fc.record(
  {
    state: fc.constantFrom(...STATES),
    run,
    attempt: fc.nat(3),
    result: body,
    error: body,
  },
  { requiredKeys: ['state'] },
)
const change = fc
  .record({
    id,
    guard: fc.oneof(
      fc.record({ states: fc.subarray<State>([...STATES], { minLength: 3 }) }),
      fc.record({ token }),
      fc.record({ token }),
      fc.record({ token, states: fc.constant(['leased'] as State[]) }),
      fc.record({ version: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ token, leaseOver: fc.constant(true as const) }),
    ),
    set: fc.oneof(set, outcome),
    returning: fc.constantFrom(false, false, true),
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
const writes = fc
  .record({
    inserts: fc.array(insert, { maxLength: 5 }),
    changes: fc.array(change, { maxLength: 4 }),
    beats: fc.array(beat, { maxLength: 2 }),
  })
  .map(({ inserts, changes, beats }): Batch => {
    const seen = new Set<string>()
    const first = <T extends { id: string }>(items: T[]): T[] =>
      items.filter((item) => !seen.has(item.id) && seen.add(item.id))
    return { inserts: first(inserts), changes: first(changes), beats: first(beats) }
  })
/** By parts as well: what a statement does alone goes another way than what a transaction does. */
const parts = writes.chain((batch) =>
  fc.constantFrom<Batch>(
    batch,
    { inserts: batch.inserts ?? [] },
    { changes: batch.changes ?? [] },
    { beats: batch.beats ?? [] },
  ),
)
/** Whether a claim can take what its own batch puts back is the store's own (BATCH-1), so nothing is put back beside one. */
const settles = fc
  .record({
    changes: fc.array(change, { maxLength: 4 }),
    claims: fc.uniqueArray(claim, { minLength: 1, maxLength: 2, selector: ({ token: own }) => own }),
  })
  .map(({ changes, claims }): Batch => {
    const seen = new Set<string>()
    const kept = changes.filter(
      ({ id: own, guard, set: patch }) =>
        'token' in guard && patch.state !== 'queued' && patch.state !== undefined && !seen.has(own) && seen.add(own),
    )
    return { changes: kept, claims }
  })
const batch = fc.oneof({ weight: 3, arbitrary: parts }, { weight: 2, arbitrary: settles })

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

/** The order between jobs is each store's own (FEED-2). */
const shown = async (store: Store): Promise<unknown> => {
  const { feed, ...all } = await everything(store)
  const told = feed.map(({ cursor: _, ...event }) => event)
  return { ...all, feed: told.sort((a, b) => (a.jobId < b.jobId ? -1 : a.jobId > b.jobId ? 1 : a.seq - b.seq)) }
}

/** A refusal is read behind the statement: of a job that a claim of the same batch took it shows what that claim made of it. */
function told(answer: unknown): unknown {
  const { changes, claims } = (answer ?? {}) as Partial<BatchResult>
  if (changes === undefined || claims === undefined) return answer
  const taken = new Set(claims.flatMap(({ jobs }) => jobs.map(({ id }) => id)))
  return {
    ...(answer as BatchResult),
    changes: changes.map((one) => (!one.ok && one.job !== null && taken.has(one.job.id) ? { ...one, job: null } : one)),
  }
}

async function alike(given: readonly Step[], options: { prepared: boolean }): Promise<void> {
  const clocks = [new SetClock(), new SetClock()] as const
  const schema = newSchema('model')
  const store = postgresStore({ connectionString: url(), schema, max: 1, clock: clocks[0], listen: false, ...options })
  const memory = memoryStore({ clock: clocks[1] })
  await store.open()
  await memory.open()
  try {
    for (const run of given) expect(told(await run(store, clocks[0]))).toEqual(told(await run(memory, clocks[1])))
    expect(await shown(store)).toEqual(await shown(memory))
  } finally {
    await store.close()
    await destroy(schema)
  }
}

describe('the statements of Postgres beside the memory store', () => {
  test('whatever is done to both › they answer alike and show the same [BATCH-1, GUARD-1, CLAIM-4, COUNT-1]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50, size: 'max' }), (given) => alike(given, { prepared: true })),
      { numRuns: 60, endOnFailure: process.env.FC_END !== undefined },
    )
  }, 240_000)

  test('whatever is done to both, through nothing prepared › the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50, size: 'max' }), (given) => alike(given, { prepared: false })),
      { numRuns: 10 },
    )
  }, 120_000)

  test('a restored copy › shows what the original shows, but for the places in the feed [RESTORE-1]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), async (given) => {
        const clock = new SetClock()
        const schemas = [newSchema('restored'), newSchema('restored')] as const
        const [original, copy] = schemas.map((schema) =>
          postgresStore({ connectionString: url(), schema, max: 1, clock, listen: false }),
        ) as unknown as [Store, Store]
        await Promise.all([original.open(), copy.open()])
        for (const run of given) await run(original, clock)
        const { jobs, events } = await everything(original)
        const restored = jobs.map((job, i) => ({ job, events: events[i] ?? [] }))
        await copy.restore?.(restored)
        const [before, after] = [await everything(original), await everything(copy)]
        expect({ ...after, feed: null, settings: null }).toEqual({ ...before, feed: null, settings: null })
        expect(await copy.restore?.(restored)).toEqual(jobs.map(() => false))
        expect(await everything(copy)).toEqual(after)
        for (const store of [original, copy]) await store.close()
        for (const schema of schemas) await destroy(schema)
      }),
      { numRuns: 15 },
    )
  }, 120_000)
})
