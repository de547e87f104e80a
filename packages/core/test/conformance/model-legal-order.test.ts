/** The search for a legal order, on histories that were written by hand: what is legal, what is not, and what is told of it. */
import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import type { Answer, Call, Made } from '../../src/conformance/model/call.js'
import { legalOrders, type Verdict } from '../../src/conformance/model/legal-order.js'
import { ModelStore } from '../../src/conformance/model/model-store.js'
import { stepsOf } from '../../src/conformance/model/steps.js'
import { cancel, release, reprioritise } from '../../src/conformance/stage/commands.js'
import { claim, newJob } from '../../src/conformance/stage/fixtures.js'
import { START } from '../../src/conformance/stage/movable-clock.js'
import { take } from '../../src/kit.js'
import type { JobRecord } from '../../src/record.js'
import type { Batch, BatchResult, Claim } from '../../src/store.js'

const NO_ANSWERS: BatchResult = { inserts: [], changes: [], beats: [], claims: [] }
const [first, second] = [newJob({ id: 'a', queue: 'x' }), newJob({ id: 'b', queue: 'x' })]

/** Two jobs in line, `a` before `b`. */
function begun(): { model: ModelStore; a: JobRecord; b: JobRecord } {
  const model = new ModelStore()
  const { job: a } = model.insert(first, START)
  const { job: b } = model.insert(second, START)
  return { model, a, b }
}

let calls = 0
const made = (begun: number, ended: number, call: Call, answer: Answer): Made => ({
  handle: 'A',
  number: ++calls,
  call,
  begun,
  ended,
  answer,
})

const exchanged = (begun: number, ended: number, batch: Batch, result: Partial<BatchResult>): Made =>
  made(
    begun,
    ended,
    { method: 'exchange', batch: { inserts: [], changes: [], beats: [], claims: [], ...batch }, moves: [] },
    { method: 'exchange', result: { ...NO_ANSWERS, ...result } },
  )

const got = (begun: number, ended: number, id: string, job: JobRecord | null): Made =>
  made(begun, ended, { method: 'get', ref: id }, { method: 'get', job })

const claimed = (token: string): Claim => claim({ token, from: [{ queue: 'x', limit: 1 }] })
const judged = (model: ModelStore, history: readonly Made[], isAtomic = true): Verdict =>
  legalOrders([model], stepsOf(history, isAtomic, new Map()), START)

const isLegal = (...given: Parameters<typeof judged>): boolean => judged(...given).isLegal

describe('calls that overlap', () => {
  it('two claims that took one job › have no legal order, and the second is told of [CLAIM-2]', () => {
    const { model, a } = begun()
    const [one, other] = ['t1', 't2'].map((token, n) => {
      const sent = claimed(token)
      return exchanged(
        n + 1,
        5 + n,
        { claims: [sent] },
        { claims: [{ jobs: [take(sent, a, START).job], nextDueInMs: 0 }] },
      )
    }) as [Made, Made]
    const verdict = judged(model, [one, other])
    assert.ok(!verdict.isLegal)
    assert.deepEqual(
      verdict.blocked.prefix.map(({ made: { number } }) => number),
      [one.number],
    )
    assert.deepEqual(
      verdict.blocked.reasons.map(({ found: { clause, jobId } }) => [clause, jobId]),
      [['CLAIM-2', 'a']],
    )
  })

  it('a cancel begun first and done last › is legal, and the order found says so', () => {
    const { model, a } = begun()
    const sent = claimed('t1')
    const taken = take(sent, a, START).job
    const cancelled = exchanged(1, 6, { changes: [cancel(a)] }, { changes: [{ ok: true, job: null }] })
    const claiming = exchanged(2, 5, { claims: [sent] }, { claims: [{ jobs: [taken], nextDueInMs: 0 }] })
    const verdict = judged(model, [cancelled, claiming])
    assert.ok(verdict.isLegal)
    assert.deepEqual(
      verdict.order.map(({ made: { number } }) => number),
      [claiming.number, cancelled.number],
    )
    assert.deepEqual(
      verdict.states.map((state) => state.get('a')?.version),
      [3],
    )
  })

  it('a reading that overlaps a write › may show either; one that begins behind it may not show the old [READ-1]', () => {
    const { model, a } = begun()
    const cancelled = exchanged(1, 4, { changes: [cancel(a)] }, { changes: [{ ok: true, job: null }] })
    assert.ok(isLegal(model, [cancelled, got(2, 3, 'a', a)]))
    assert.ok(isLegal(model, [cancelled, got(3, 6, 'a', a)]))
    assert.ok(!isLegal(model, [cancelled, got(5, 6, 'a', a)]))
  })

  it('writes that both lead on › leave each state that is possible', () => {
    const { model, a } = begun()
    const bumped = [10, 90].map((priority, n) =>
      exchanged(
        n + 1,
        5 + n,
        { changes: [{ ...reprioritise(a, priority), guard: { states: ['queued'] } }] },
        { changes: [{ ok: true, job: null }] },
      ),
    )
    const verdict = judged(model, bumped)
    assert.ok(verdict.isLegal)
    assert.deepEqual(verdict.states.map((state) => state.get('a')?.priority).sort(), [10, 90])
  })
})

describe('a claim beside others', () => {
  const passing = (nextDueInMs: number | null, [from, to]: [number, number], isRefused = false): boolean => {
    const { model, a, b } = begun()
    const guard = isRefused ? { version: 7 } : { version: 1 }
    const change = { ...reprioritise(a, 51), guard }
    const told = isRefused ? ({ ok: false, why: 'guard', job: a } as const) : ({ ok: true, job: null } as const)
    const writing = exchanged(1, 4, { changes: [change] }, { changes: [told] })
    const sent = claimed('t1')
    const claiming = exchanged(
      from,
      to,
      { claims: [sent] },
      { claims: [{ jobs: [take(sent, b, START).job], nextDueInMs }] },
    )
    return isLegal(model, [writing, claiming])
  }
  it('may pass over a job that another has in hand, applied or refused [ORDER-4]', () => {
    assert.ok(passing(0, [2, 3]))
    assert.ok(passing(0, [2, 3], true))
  })
  it('and then owes a nextDueInMs of 0 [CLAIM-6]', () => {
    assert.ok(!passing(null, [2, 3]))
    assert.ok(!passing(5, [2, 3]))
  })
  it('may not pass over what another wrote before it began [ORDER-4]', () => assert.ok(!passing(0, [5, 6])))
  it('may not pass over what nobody has in hand [ORDER-1]', () => {
    const { model, b } = begun()
    const sent = claimed('t1')
    const jobs = [take(sent, b, START).job]
    assert.ok(!isLegal(model, [exchanged(1, 2, { claims: [sent] }, { claims: [{ jobs, nextDueInMs: 0 }] })]))
  })

  it('that looked before another put a job in, and is seen to take only afterwards › passes over it, and owes nothing; not where it began afterwards [ORDER-4, CLAIM-6]', () => {
    const isLegalFrom = (claimBegins: number): boolean => {
      const { model, a, b } = begun()
      const third = newJob({ id: 'A', queue: 'x' })
      const sent = claim({ token: 't1', max: 3, from: [{ queue: 'x', limit: 3 }] })
      const inserted = new ModelStore().insert(third, START)
      const inserting = exchanged(1, 4, { inserts: [third] }, { inserts: [inserted] })
      const jobs = [a, b].map((job) => take(sent, job, START).job)
      const claiming = exchanged(claimBegins, 9, { claims: [sent] }, { claims: [{ jobs, nextDueInMs: null }] })
      return isLegal(model, [inserting, got(5, 6, 'a', a), claiming])
    }
    assert.ok(isLegalFrom(3))
    assert.ok(!isLegalFrom(5))
  })

  it('a repeat that looked for what its token holds before its first copy took › may take as well; one that began afterwards may not [IDEM-2]', () => {
    const isLegalFrom = (repeatBegins: number): boolean => {
      const { model, a, b } = begun()
      const sent = claimed('t1')
      // Nothing is left for later, as the repeat tells truly where the first copy came before.
      const answer = (job: JobRecord) => ({ claims: [{ jobs: [take(sent, job, START).job], nextDueInMs: null }] })
      const firstCopy = exchanged(
        1,
        4,
        { claims: [sent] },
        { claims: [{ jobs: [take(sent, a, START).job], nextDueInMs: 0 }] },
      )
      const repeat = exchanged(repeatBegins, 9, { claims: [{ ...sent, again: true }] }, answer(b))
      return isLegal(model, [firstCopy, repeat])
    }
    assert.ok(isLegalFrom(3))
    assert.ok(!isLegalFrom(5))
  })
})

describe('a batch', () => {
  /** It cancels both; somebody reads `a` over, then `b` as it was. */
  const half = (isAtomic: boolean): boolean => {
    const { model, a, b } = begun()
    const over = model.copy()
    over.change(cancel(a), START)
    const changes = [cancel(a), cancel(b)]
    const told = [{ ok: true, job: null } as const, { ok: true, job: null } as const]
    const writing = exchanged(1, 10, { changes }, { changes: told })
    return isLegal(model, [writing, got(2, 3, 'a', over.get('a')), got(4, 5, 'b', b)], isAtomic)
  }
  it('that is atomic › is seen whole or not at all [ATOM-5]', () => assert.ok(!half(true)))
  it('that is not › may be seen between its items [ATOM-5]', () => assert.ok(half(false)))

  it('may show of a refusal what was there between its own items [UNIQ-1, BATCH-1]', () => {
    const model = new ModelStore()
    const holder = newJob({ id: 'a', queue: 'x', key: 'k' })
    const rival = newJob({ id: 'b', queue: 'x', key: 'k' })
    const { job } = new ModelStore().insert(holder, START)
    const sent = claimed('t1')
    const batch = { inserts: [holder, rival], claims: [sent] }
    const inserts = [
      { isNew: true, job },
      { isNew: false, job },
    ]
    const history = [
      exchanged(1, 2, batch, { inserts, claims: [{ jobs: [take(sent, job, START).job], nextDueInMs: 0 }] }),
    ]
    assert.ok(isLegal(model, history))
  })

  it('may leave in line what it put back itself, and need not say so [BATCH-1]', () => {
    const { model, a } = begun()
    const held = claimed('t0')
    const taken = model.claim(held, START, new Set(), {
      written: new Set(),
      putIn: new Set(),
      own: new Set(),
      paused: new Map(),
    }).jobs
    const sent = { ...claimed('t1'), from: [{ ids: [a.id] }] }
    const batch = { changes: [release(taken[0] as JobRecord)], claims: [sent] }
    const history = [
      exchanged(1, 2, batch, { changes: [{ ok: true, job: null }], claims: [{ jobs: [], nextDueInMs: null }] }),
    ]
    assert.ok(isLegal(model, history))
  })
})
