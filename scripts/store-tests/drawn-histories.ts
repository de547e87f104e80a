/**
 * Histories of calls as no transition table allows them: any state set under any guard, ids and keys few enough to meet, values that engines are
 * tempted to read. The suite's model draws by the table, so these reach statements that it does not.
 */
import type { Batch, Change, NewJob, State, Store } from '@stint/core'
import { STATES } from '@stint/core/store'
import fc from 'fast-check'
import { claimOf, newJob } from '../../packages/core/test/table-store/build.js'
import type { SetClock } from '../../packages/core/test/table-store/clock.js'

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
/** Of everything at once: claims may take what their own batch puts in. */
const mixed = fc
  .tuple(writes, fc.array(claim, { maxLength: 2 }))
  .map(([batch, claims]): Batch => ({ ...batch, claims }))

/** One call, or a step of the clock. */
export type Step = (store: Store, clock: SetClock) => unknown
const stepOf = (batch: fc.Arbitrary<Batch>): fc.Arbitrary<Step> =>
  fc.oneof(
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

export interface Drawing {
  /** Whether a claim takes what its own batch puts in or back, which is the store's own (BATCH-1). */
  readonly meetsOwnBatch: boolean
  /** Steps of a history at most. */
  readonly most: number
}

export const histories = ({ meetsOwnBatch, most }: Drawing): fc.Arbitrary<Step[]> => {
  const apart = fc.oneof({ weight: 3, arbitrary: parts }, { weight: 2, arbitrary: settles })
  const batch = meetsOwnBatch ? fc.oneof(mixed, apart) : apart
  return fc.array(stepOf(batch), { maxLength: most, size: 'max' })
}
