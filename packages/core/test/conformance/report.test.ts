/** What a report makes of outcomes, and of texts that XML and terminals cannot bear. */
import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { NO_CAPABILITIES } from '../../src/capabilities.js'
import { brief } from '../../src/conformance/failure/brief.js'
import { differences } from '../../src/conformance/failure/difference.js'
import type { Failure } from '../../src/conformance/failure/failure.js'
import { textOf } from '../../src/conformance/failure/failure-text.js'
import { Transcript } from '../../src/conformance/failure/transcript.js'
import { byClause } from '../../src/conformance/report/by-clause.js'
import { paintFor, plain } from '../../src/conformance/report/colours.js'
import { failuresText } from '../../src/conformance/report/failures-text.js'
import { junitText } from '../../src/conformance/report/junit.js'
import { insertOne, take } from '../../src/conformance/stage/fixtures.js'
import { START } from '../../src/conformance/stage/movable-clock.js'
import type { CaseReport, ConformanceReport } from '../../src/conformance/suite.js'
import { memoryTableStore } from '../../src/memory/memory-store.js'

const failure = (over: Partial<Failure> = {}): Failure => ({
  message: 'it does not hold',
  expected: null,
  got: null,
  differences: [],
  asked: [],
  clauses: [],
  records: [],
  interleaving: [],
  stack: null,
  isAfter: false,
  isThrown: false,
  ...over,
})
const broken = (...ids: string[]): Failure['clauses'] =>
  ids.map((id) => ({ id, says: 'it holds', promise: '1 (nothing is lost)', look: 'there' }))

const report = (name: string, clauses: string[], over: Partial<CaseReport> = {}): CaseReport => ({
  chapter: 'claims',
  name,
  clauses,
  outcome: 'passed',
  reason: null,
  failure: null,
  ms: 1,
  ...over,
})
const failed = (name: string, clauses: string[], over: Partial<Failure> = {}): CaseReport =>
  report(name, clauses, {
    outcome: 'failed',
    reason: 'it does not hold',
    failure: failure({ clauses: broken(...clauses), ...over }),
  })
const whole = (cases: readonly CaseReport[]): ConformanceReport => ({
  store: 'a store',
  capabilities: NO_CAPABILITIES,
  passed: 0,
  failed: 0,
  skipped: 0,
  seed: 7,
  notExercised: 0,
  cases,
})

describe('a clause', () => {
  const outcomeOf = (id: string, cases: readonly CaseReport[]): string | undefined =>
    byClause(cases).find((clause) => clause.id === id)?.outcome

  it('is as good as the worst of its cases: failed, not exercised, passed, skipped', () => {
    const cases = [
      report('a', ['FENCE-1'], { outcome: 'skipped' }),
      report('b', ['FENCE-1']),
      report('c', ['FENCE-1'], { outcome: 'not exercised' }),
      failed('d', ['FENCE-1']),
    ]
    assert.deepEqual(
      [1, 2, 3, 4].map((n) => outcomeOf('FENCE-1', cases.slice(0, n))),
      ['skipped', 'passed', 'not exercised', 'failed'],
    )
    assert.equal(outcomeOf('FENCE-2', cases), undefined)
  })
  it('held where the case had said all and an invariant failed: the clause of the invariant is broken', () => {
    const after = [failed('a', ['FENCE-1'], { clauses: broken('COUNT-1'), isAfter: true })]
    assert.deepEqual([outcomeOf('FENCE-1', after), outcomeOf('COUNT-1', after)], ['passed', 'failed'])
    const during = [failed('a', ['FENCE-1', 'FENCE-2'], { clauses: broken('FENCE-2') })]
    assert.deepEqual([outcomeOf('FENCE-1', during), outcomeOf('FENCE-2', during)], [undefined, 'failed'])
  })
})

describe('failures', () => {
  it('are told by the clause that fails most of its cases, one in full for each, the others counted', () => {
    const cases = [
      failed('strange', ['ATOM-1', 'GUARD-1']),
      ...Array.from({ length: 20 }, (_, n) => report(`guard ${n}`, ['GUARD-1'])),
      ...Array.from({ length: 9 }, (_, n) => failed(`fence ${n}`, ['FENCE-1'])),
    ]
    const text = failuresText(cases, plain, false)
    assert.deepEqual(
      [...text.matchAll(/^Failure \d+ {2}(\w+ ?\w*) {2}/gm)].map(([, name]) => name),
      ['fence 0', 'strange'],
    )
    assert.match(text, /FENCE-1 {4}fence 1, and 7 more/)
    assert.equal(failuresText(cases, plain, true).match(/^Failure \d/gm)?.length, 10)
  })
  it('are told with the clause, the promise, the place, the records and the calls', () => {
    const text = textOf(
      failure({
        clauses: broken('FENCE-1'),
        records: ['job-1:\n  state: 1'],
        interleaving: ['A   get'],
        asked: ['x()'],
      }),
    )
    for (const part of [
      'FENCE-1: it holds',
      "README's promise 1",
      'look at: there',
      '    state: 1',
      '  A   get',
      '  x()',
    ])
      assert.ok(text.includes(part), part)
  })
})

describe('JUnit', () => {
  const HOSTILE = '<&>"\'\u0000\u001b[31m\ud800 ]]> 😀\ttab\nline\ufffe'
  it('is well-formed whatever stands in names, reasons and failures', () => {
    const cases = [
      report(HOSTILE, ['FENCE-1'], { chapter: HOSTILE }),
      report('b', [], { outcome: 'skipped', reason: HOSTILE }),
      { ...failed('c', []), reason: HOSTILE, failure: failure({ message: HOSTILE }) },
      report('d', [], { outcome: 'not exercised', reason: 'one won' }),
    ]
    const xml = junitText({ ...whole(cases), store: HOSTILE }, 1234, [{ during: 'c', message: HOSTILE }])
    assert.doesNotMatch(xml, /(?![\t\n])[\p{Cc}\p{Cs}\ufffe\uffff]/u)
    assert.ok(xml.includes('😀') && xml.includes('\\u0000') && xml.includes('\\ud800'))
    const open: string[] = []
    for (const [, slash, name, rest] of xml.matchAll(/<(\/?)([a-z]+)([^<>]*)>/g)) {
      if (slash) assert.equal(open.pop(), name)
      else {
        assert.match(rest ?? '', /^(?: [a-z]+="[^"<>&]*(?:&(?:amp|lt|gt|quot|#\d+);[^"<>&]*)*")*\/?$/)
        if (!rest?.endsWith('/')) open.push(name ?? '')
      }
    }
    assert.deepEqual(open, [])
    assert.match(xml, /<skipped message="not exercised: one won"\/>/)
    assert.match(xml, /tests="4" failures="1" errors="1" skipped="2" time="1\.234"/)
  })
})

describe('colours', () => {
  it('are there only where a person looks', () => {
    assert.equal(paintFor({ isTTY: false })('red', 'x'), 'x')
    const was = process.env['NO_COLOR']
    try {
      process.env['NO_COLOR'] = '1'
      assert.equal(paintFor({ isTTY: true })('red', 'x'), 'x')
      process.env['NO_COLOR'] = ''
      assert.equal(paintFor({ isTTY: true })('red', 'x'), '\u001b[31mx\u001b[39m')
    } finally {
      if (was === undefined) delete process.env['NO_COLOR']
      else process.env['NO_COLOR'] = was
    }
  })
})

describe('values', () => {
  it('that differ are told place by place; lists of plain things whole', () => {
    assert.deepEqual(differences({ a: 1, b: [{ c: 2 }], d: 3 }, { a: 1, b: [{ c: 4 }], e: 5 }), [
      'b[0].c: expected 2, got 4',
      'd: expected 3, got nothing',
      'e: expected nothing, got 5',
    ])
    assert.deepEqual(differences({ ids: ['a', 'b', 'c'] }, { ids: ['b', 'c'] }), [
      "ids: expected ['a', 'b', 'c'], got ['b', 'c']",
    ])
    assert.deepEqual(differences([{ a: 1 }], []), ['length: expected 1, got 0'])
    assert.deepEqual(differences(1, 2), [])
  })
  it('on one line leave out what is usual, count time from the start, and end', () => {
    assert.equal(brief({ at: START + 5, before: START - 1, far: 2 ** 44 }), `{ at T+5, before T−1, far ${2 ** 44} }`)
    assert.equal(brief(Array.from({ length: 9 }, (_, n) => n)), '[0, 1, 2, 3, 4, 5, … 3 more]')
    assert.equal(brief('x'.repeat(2000), 100).length, 101)
    const loop: Record<string, unknown> = {}
    loop['again'] = loop
    assert.match(brief(loop), /\{…\}/)
  })
})

describe('a transcript', () => {
  const watched = (): { transcript: Transcript; store: ReturnType<Transcript['watch']> } => {
    const transcript = new Transcript()
    return {
      transcript,
      store: transcript.watch(memoryTableStore({ clock: { now: () => START, after: () => () => {} } }), 'A'),
    }
  }
  it('has a call that others overlap where it begins and where it ends', async () => {
    const { transcript, store } = watched()
    await store.open()
    await Promise.all([store.stats(), store.now()])
    assert.deepEqual(transcript.lines(), ['A   open → done', 'A ▸ stats', 'A ▸ now', 'A ◂ stats → []', 'A ◂ now → T'])
  })
  it('says in short what was asked and answered, and folds reads of one kind', async () => {
    const { transcript, store } = watched()
    await store.open()
    const { id } = await insertOne(store, { queue: 'q' })
    await take(store, { from: [{ queue: 'q', limit: 1 }], token: 't1' })
    for (let n = 0; n < 6; n++) await store.get([id])
    const [, insert, claim, ...gets] = transcript.lines()
    assert.equal(
      insert,
      `A   exchange insert ${id} ‹due in 0 ms, queue 'q'› → inserts new ${id} ‹queued v1 attempt 0, queue 'q', runAt T, updatedAt T›`,
    )
    assert.match(
      claim ?? '',
      /claim t1 of worker-1 takes 1 to running for 30000 ms from q ≤ 1 → claims \[job-\d+ ‹running v2/,
    )
    assert.equal(gets.length, 3)
    assert.equal(gets[2], 'A   … 4 more get')
  })
  it('names the call that is waited for, and forgets what is read for the invariants', async () => {
    const { transcript, store } = watched()
    await store.open()
    transcript.judge()
    await store.stats()
    assert.deepEqual(transcript.lines(), ['A   open → done'])
    const waiting = transcript.watch({ ...memoryTableStore(), stats: () => new Promise(() => {}) }, 'B')
    void waiting.stats()
    assert.deepEqual(transcript.waiting(), ["B's stats"])
    assert.deepEqual(transcript.lines().at(-1), 'B ▸ stats → (no answer)')
  })
})
