import { describe, expect, test } from 'vitest'
import { DEFAULT_BACKOFF } from '../../src/backoff.js'
import { readExt, writeExt } from '../../src/ext.js'
import { checkPolicy, type JobPolicy, resolvePolicy } from '../../src/policy.js'

describe('policy', () => {
  test('nobody says anything › the defaults', () => {
    expect(resolvePolicy()).toEqual({ queue: 'default', priority: 50, maxAttempts: 5, backoff: null, timeoutMs: null })
    expect(resolvePolicy(undefined, {}, { queue: undefined })).toEqual(resolvePolicy())
  })

  const values: [keyof JobPolicy, JobPolicy[keyof JobPolicy][]][] = [
    ['queue', ['a', 'b', 'c']],
    ['priority', [0, 10, 100]],
    ['maxAttempts', [1, 2, 1_000_000]],
    ['timeout', [0, '1s', '1m']],
    ['backoff', [1, 2, 3].map((base) => ({ kind: 'fixed' as const, base }))],
  ]
  test.each(values)(
    '%s › the nearest of enqueue, definition and defaults wins, field by field',
    (key, [near, middle, far]) => {
      const of = (...layers: (JobPolicy | undefined)[]) => JSON.stringify(resolvePolicy(...layers))
      const [a, b, c] = [near, middle, far].map((value) => ({ [key]: value }))
      expect(of(a, b, c)).toBe(of(a))
      expect(of({}, b, c)).toBe(of(b))
      expect(of({ [key]: undefined }, undefined, c)).toBe(of(c))
      expect(new Set([of(a), of(b), of(c)]).size).toBe(3)
    },
  )

  test('a backoff is taken whole: no field of a farther one shows through', () => {
    const { backoff } = resolvePolicy(
      { backoff: { kind: 'fixed', base: 1 } },
      { backoff: { kind: 'exponential', base: 5, factor: 9, max: 7, jitter: false } },
    )
    expect(backoff).toEqual({ kind: 'fixed', baseMs: 1, factor: 2, maxMs: 3_600_000, jitter: true })
  })

  test.each<[JobPolicy, RegExp]>([
    [{ queue: '' }, /queue/],
    [{ priority: 101 }, /priority: expected a whole number from 0 to 100/],
    [{ priority: -1 }, /priority/],
    [{ maxAttempts: 0 }, /maxAttempts: expected a whole number from 1 to 1000000/],
    [{ maxAttempts: 1_000_001 }, /maxAttempts/],
    [{ timeout: -1 }, /timeout/],
    [{ backoff: { kind: 'fixed', base: -1 } }, /backoff/],
  ])('%j › TypeError', (wrong, message) => expect(() => checkPolicy(wrong)).toThrow(message))
})

describe('ext', () => {
  test('what is the default › is not written, and read as the default', () => {
    expect(writeExt(null, null, null)).toBe(null)
    expect(writeExt(null, null, '{}')).toBe(null)
    expect(readExt(null)).toEqual({ backoff: DEFAULT_BACKOFF, timeoutMs: null, meta: {} })
  })

  test('each part alone and all together › come back', () => {
    const backoff = { ...DEFAULT_BACKOFF, baseMs: 7 }
    const parts: Parameters<typeof writeExt>[] = [
      [backoff, null, null],
      [null, 0, null],
      [null, null, '{"a":1}'],
      [backoff, 5000, '{"backoff":"mine"}'],
    ]
    for (const given of parts) {
      const read = readExt(writeExt(...given))
      expect(read).toEqual({
        backoff: given[0] ?? DEFAULT_BACKOFF,
        timeoutMs: given[1],
        meta: JSON.parse(given[2] ?? '{}'),
      })
    }
  })
})
