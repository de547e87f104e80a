import assert from 'node:assert/strict'
import { memoryStore } from '@stint/core'
import { testClock } from '@stint/core/testing'
import { describe, test } from 'vitest'

describe('a test clock', () => {
  test('stands still, at 2030 or where it was set, until it is moved', async () => {
    const clock = testClock()
    assert.equal(new Date(clock.now()).toISOString(), '2030-01-01T00:00:00.000Z')
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(clock.now(), Date.parse('2030-01-01T00:00:00Z'))
    await clock.advance('1.5h')
    assert.equal(clock.now(), Date.parse('2030-01-01T01:30:00Z'))
    assert.equal(testClock(new Date(7)).now(), 7)
    await assert.rejects(async () => clock.advance(-1), /^TypeError: advance: expected a duration/)
  })

  test('timers › fire in order of time, then of setting, each at its own instant', async () => {
    const clock = testClock(new Date(0))
    const fired: [string, number][] = []
    const note = (name: string) => (): void => void fired.push([name, clock.now()])
    clock.after(30, note('c'))
    clock.after(10, note('a'))
    clock.after(30, note('d'))
    clock.after(20, note('b'))
    clock.after(31, note('late'))
    await clock.advance(30)
    assert.deepEqual(fired, [
      ['a', 10],
      ['b', 20],
      ['c', 30],
      ['d', 30],
    ])
    await clock.advance(1)
    assert.deepEqual(fired.at(-1), ['late', 31])
  })

  test('a timer that sets others › those fire too, where they fall on the way', async () => {
    const clock = testClock(new Date(0))
    const fired: number[] = []
    const again = (): void => {
      fired.push(clock.now())
      if (fired.length < 5) clock.after(10, again)
      clock.after(1000, () => fired.push(-1))
    }
    clock.after(10, again)
    await clock.advance(35)
    assert.deepEqual([fired, clock.now()], [[10, 20, 30], 35])
    await clock.advance(15)
    assert.deepEqual(fired, [10, 20, 30, 40, 50])
  })

  test('advance 0 › what is due now, and all that can happen without time passing', async () => {
    const clock = testClock(new Date(0))
    const fired: string[] = []
    clock.after(0, () => {
      fired.push('now')
      clock.after(0, () => fired.push('and then'))
      void Promise.resolve().then(() => fired.push('promise'))
    })
    clock.after(1, () => fired.push('later'))
    assert.deepEqual(fired, [], 'never in the same turn')
    await clock.advance(0)
    assert.deepEqual([fired, clock.now()], [['now', 'promise', 'and then'], 0])
  })

  test('work behind a timer › is settled before the next fires', async () => {
    const clock = testClock(new Date(0))
    const log: string[] = []
    clock.after(1, async () => {
      for (let i = 0; i < 3; i++) await Promise.resolve()
      await new Promise((resolve) => setImmediate(resolve))
      log.push(`first, at ${clock.now()}`)
    })
    clock.after(2, () => log.push('second'))
    await clock.advance(5)
    assert.deepEqual(log, ['first, at 1', 'second'])
  })

  test('cancelled › does not fire; cancelled twice, or late, is fine', async () => {
    const clock = testClock(new Date(0))
    let fired = 0
    const cancel = clock.after(1, () => void fired++)
    cancel()
    cancel()
    const late = clock.after(1, () => void fired++)
    await clock.advance(2)
    late()
    assert.equal(fired, 1)
  })

  test('given to a store › is the time of everything in it', async () => {
    const clock = testClock(new Date(5000))
    await using store = memoryStore({ clock })
    await store.open()
    await clock.advance('1s')
    assert.equal(await store.now(), 6000)
  })
})
