import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OrderedSet } from '../../src/memory/ordered-set.js'

const byNumber = (a: number, b: number): number => a - b

/** Enough numbers that chunks split, and runs of deletions that empty some of them. */
const steps = fc.array(
  fc.record({
    verb: fc.constantFrom('add', 'delete'),
    from: fc.nat(2_000),
    count: fc.integer({ min: 1, max: 400 }),
    stride: fc.integer({ min: 1, max: 7 }),
  }),
  { maxLength: 30 },
)

describe('OrderedSet', () => {
  test('after any additions and deletions › it is as a sorted array without duplicates', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: -1, max: 5_000 }), (given, point) => {
        const set = new OrderedSet(byNumber)
        const model = new Set<number>()
        for (const { verb, from, count, stride } of given) {
          for (let n = 0; n < count; n++) {
            const item = from + n * stride
            const isChanged = verb === 'add' ? !model.has(item) && !!model.add(item) : model.delete(item)
            expect(verb === 'add' ? set.add(item) : set.delete(item)).toBe(isChanged)
          }
        }
        const sorted = [...model].sort(byNumber)
        const isBefore = (item: number): boolean => item < point
        expect(set.size).toBe(sorted.length)
        expect([...set.up(() => false)]).toEqual(sorted)
        expect([...set.down(() => true)]).toEqual(sorted.toReversed())
        expect([...set.up(isBefore)]).toEqual(sorted.filter((item) => item >= point))
        expect([...set.down(isBefore)]).toEqual(sorted.filter((item) => item < point).toReversed())
        expect(set.first(isBefore)).toBe(sorted.find((item) => item >= point))
      }),
      { numRuns: 200 },
    )
  })

  test('with 100,000 items › finding one place costs at most 20 comparisons', () => {
    let comparisons = 0
    const set = new OrderedSet<number>((a, b) => {
      comparisons += 1
      return a - b
    })
    for (let item = 0; item < 100_000; item++) set.add((item * 7919) % 100_003)
    comparisons = 0
    set.delete(50_000)
    set.add(50_000)
    expect(comparisons).toBeGreaterThan(0)
    expect(comparisons).toBeLessThanOrEqual(2 * 20)
  })
})
