import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Duration, toMs } from '../../src/duration.js'

describe('toMs', () => {
  test.each<[Duration, number]>([
    [0, 0],
    [250, 250],
    [0.2, 1],
    ['0ms', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['0.0001s', 1],
    ['1000.5ms', 1001],
    ['365250d', 365_250 * 86_400_000],
  ])('%s › %d ms: whole, rounded up', (duration, ms) => expect(toMs(duration, 'delay')).toBe(ms))

  test.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1e15,
    '',
    '5',
    's',
    '5 s',
    ' 5s',
    '5s ',
    '5sec',
    '5 minutes',
    '-5s',
    '+5s',
    '1e3s',
    '0x10s',
    '1,5h',
    '.5h',
    '5.h',
    '٣s',
    '365251d',
    `${'9'.repeat(40)}s`,
    null,
    undefined,
    true,
    {},
    [5],
    5n,
  ])('%s › TypeError that names the option, what was expected and what came', (wrong) => {
    expect(() => toMs(wrong as Duration, 'delay')).toThrow(/^delay: expected a duration such as .* got /)
    expect(() => toMs(wrong as Duration, 'delay')).toThrow(TypeError)
  })

  test('any number of any unit › what the unit says', () => {
    const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), fc.constantFrom('ms', 's', 'm', 'h', 'd'), (n, unit) => {
        expect(toMs(`${n}${unit}`, 'x')).toBe(n * units[unit])
      }),
    )
  })
})
