import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BackoffRule, backoffMs, backoffRule, DEFAULT_BACKOFF } from '../../src/backoff.js'

const rules = fc.record<BackoffRule>({
  kind: fc.constantFrom('fixed', 'exponential'),
  baseMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1e12 })),
  factor: fc.oneof(fc.constant(1), fc.double({ min: 1, max: 1000, noNaN: true })),
  maxMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3e13 })),
  jitter: fc.boolean(),
})
const attempts = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 1_000_000 }))
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('the delay', () => {
  test('whatever the rule, the attempt and the draw › whole, never negative, never above max', () => {
    fc.assert(
      fc.property(rules, attempts, chance, (rule, attempt, random) => {
        const ms = backoffMs(rule, attempt, () => random)
        expect(Number.isInteger(ms) && ms >= 0 && ms <= rule.maxMs).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('without jitter › never falls from one attempt to the next', () => {
    fc.assert(
      fc.property(rules, fc.integer({ min: 1, max: 999_999 }), (rule, attempt) => {
        const at = (n: number) => backoffMs({ ...rule, jitter: false }, n, () => 0.5)
        expect(at(attempt + 1)).toBeGreaterThanOrEqual(at(attempt))
      }),
    )
  })

  test('exponential › base × factor^(attempt − 1), cut at max; fixed › base, cut at max', () => {
    const rule = backoffRule({ kind: 'exponential', base: '2s', max: '15m', jitter: false })
    expect([1, 2, 3, 8, 9, 10, 11, 1_000_000].map((n) => backoffMs(rule, n, () => 0))).toEqual([
      2000, 4000, 8000, 256_000, 512_000, 900_000, 900_000, 900_000,
    ])
    const fixed = backoffRule({ kind: 'fixed', base: '10s', max: '5s', jitter: false })
    expect([1, 2, 1_000_000].map((n) => backoffMs(fixed, n, () => 0))).toEqual([5000, 5000, 5000])
    expect([1, 2].map((n) => backoffMs({ ...fixed, maxMs: 60_000 }, n, () => 0))).toEqual([10_000, 10_000])
  })

  test('full jitter › from nothing to the whole delay, evenly', () => {
    expect([0, 0.25, 0.999999].map((draw) => backoffMs(DEFAULT_BACKOFF, 3, () => draw))).toEqual([0, 1000, 4000])
  })
})

describe('a rule', () => {
  test('its defaults › factor 2, at most an hour, jitter', () => {
    expect(backoffRule({ kind: 'exponential', base: '1s' })).toEqual(DEFAULT_BACKOFF)
  })
  test.each<[object, RegExp]>([
    [{ kind: 'linear', base: 1 }, /^backoff\.kind: expected 'fixed' or 'exponential', got linear/],
    [{ base: 1 }, /backoff\.kind/],
    [{ kind: 'fixed' }, /^backoff\.base: expected a duration/],
    [{ kind: 'fixed', base: -1 }, /backoff\.base/],
    [{ kind: 'fixed', base: 1, max: 'x' }, /^backoff\.max/],
    [{ kind: 'fixed', base: 1, factor: 0.5 }, /^backoff\.factor: expected a number from 1 to 1000/],
    [{ kind: 'fixed', base: 1, factor: Number.NaN }, /backoff\.factor/],
    [{ kind: 'fixed', base: 1, factor: 1001 }, /backoff\.factor/],
  ])('%j › TypeError', (wrong, message) => {
    expect(() => backoffRule(wrong as never)).toThrow(message)
    expect(() => backoffRule(wrong as never)).toThrow(TypeError)
  })
})
