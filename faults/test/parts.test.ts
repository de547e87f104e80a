import { describe, expect, test } from 'vitest'
import { Misuse, readArguments } from '../arguments.ts'
import { Dice } from '../dice.ts'
import { tooClose } from '../log-rate.ts'

const drawn = (seed: number, of: string): number[] => {
  const dice = new Dice(seed, of)
  return Array.from({ length: 20 }, () => dice.whole(1, 1000))
}

describe('dice', () => {
  test('of one seed and scenario draw the same, of another seed or scenario something else', () => {
    expect(drawn(1, 'cut-before')).toEqual(drawn(1, 'cut-before'))
    expect(drawn(1, 'cut-before')).not.toEqual(drawn(2, 'cut-before'))
    expect(drawn(1, 'cut-before')).not.toEqual(drawn(1, 'cut-behind'))
  })

  test('draw every number of a range, and none beside it', () => {
    const dice = new Dice(7)
    expect(new Set(Array.from({ length: 300 }, () => dice.whole(3, 6)))).toEqual(new Set([3, 4, 5, 6]))
  })
})

describe('log lines', () => {
  const at = (...ats: number[]): { at: number; text: string }[] => ats.map((one) => ({ at: one, text: `at ${one}` }))

  test('a second apart are fine, in whatever order they are told', () => {
    expect(tooClose(at(3000, 1000, 2000))).toBe(null)
    expect(tooClose([])).toBe(null)
  })

  test('less than a second apart are not', () => {
    expect(tooClose(at(5000, 1000, 5400))?.map(({ text }) => text)).toEqual(['at 5000', 'at 5400'])
  })
})

describe('arguments', () => {
  test('all stores, the short run, a seed', () => {
    const { stores, isShort, seconds, seed } = readArguments(['all', '--short', '--seed', '7'])
    expect([stores, isShort, seconds, seed]).toEqual([['sqlite', 'postgres', 'redis', 'mongo'], true, 1.5, 7])
  })

  test.each([
    [['mysql'], 'there is no store mysql; there are sqlite, postgres, redis, mongo'],
    [['redis', '--only', 'flood'], 'there is no scenario flood;'],
    [['redis', '--break', 'all'], 'there is no break all;'],
    [['redis', '--seed', 'x'], "--seed: expected a whole number, got 'x'"],
    [['redis', '--seconds', '0'], "--seconds: expected a number up to 3600, got '0'"],
    [['redis', '--fast'], "Unknown option '--fast'"],
    [[], 'expected a store'],
  ])('%j › is refused in a line', (given, message) => {
    expect(() => readArguments(given)).toThrow(Misuse)
    expect(() => readArguments(given)).toThrow(message)
  })
})
