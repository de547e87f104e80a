/** The races of the suite: all fifteen are there, and a race that only one side ever wins is not called one. */
import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { NotExercised } from '../../src/conformance/case.js'
import { numberOf, races } from '../../src/conformance/races/races.js'
import { type Side, storm, together, UnderWay } from '../../src/conformance/stage/storm.js'

const FIFTEEN = Array.from({ length: 15 }, (_, n) => n + 1)
const numbers = races.map(numberOf)
const ofNumber = (n: number): string[] => races.filter((one) => numberOf(one) === n).map(({ name }) => name)

describe('the fifteen interleavings', () => {
  it('are all there, and nothing else, in their order', () => {
    assert.deepEqual([...new Set(numbers)], FIFTEEN)
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
    )
  })
  it('that are storms between claims, leases, keys and removals › are played between two processes too', () => {
    for (const n of [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15])
      assert.ok(
        ofNumber(n).some((name) => name.includes(', in two processes ›')),
        `race ${n}`,
      )
  })
  it('that transactions can force › are forced by one that commits and one that rolls back', () => {
    for (const n of [4, 6, 7])
      for (const how of ['commit', 'rollback'])
        assert.ok(
          ofNumber(n).some((name) => name.includes(`ends by ${how}`)),
          `race ${n} by ${how}`,
        )
  })
})

describe('a storm', () => {
  const wonBy = (side: (n: number) => Side) => storm(async (_, n) => side(n))
  it('ends when each side has won, after each offset was tried', async () => {
    assert.equal(await wonBy((n) => (n === 3 ? 'second' : 'first')), 6)
    assert.equal(await wonBy((n) => (n === 30 ? 'first' : 'second')), 31)
  })
  it('in which one side always wins › is not exercised, with the figures', async () => {
    await assert.rejects(
      wonBy(() => 'first'),
      (error) => error instanceof NotExercised && /the first call won 200 and the second 0/.test(error.message),
    )
  })
  it('that finds a fault › fails at once', async () => {
    await assert.rejects(
      storm(() => Promise.reject(new Error('both have it'))),
      /both have it/,
    )
  })
  it('begins one or the other first', async () => {
    const order: string[] = []
    const one = async (): Promise<number> => order.push('one')
    const other = async (): Promise<number> => order.push('other')
    for (const offset of [0, -0, 1, -1]) {
      const answers = await together(offset, one, other)
      assert.equal(answers[0] < answers[1], offset > 0 || Object.is(offset, 0))
    }
    assert.deepEqual(order, ['one', 'other', 'other', 'one', 'one', 'other', 'other', 'one'])
  })
})

describe('calls under way', () => {
  it('count as overlapping when one begins while one of the other side has not ended', async () => {
    const calls = new UnderWay()
    let end = (): void => {}
    const held = calls.run('first', () => new Promise<void>((resolve) => (end = resolve)))
    await calls.run('first', async () => {})
    assert.equal(calls.overlaps, 0)
    await calls.run('second', async () => {})
    assert.equal(calls.overlaps, 1)
    end()
    await held
    await calls.run('second', async () => {})
    assert.equal(calls.overlaps, 1)
  })
})
