import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { EngineClock } from '../src/connection.js'

const ENGINE = 1_893_456_000_000

describe('what is known of the clock of the engine [TIME-6]', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())
  const pass = (ms: number): void => void vi.advanceTimersByTime(ms)

  test('is nothing before a reply has told it', () => {
    expect(new EngineClock().now).toBeNull()
  })

  test('runs on from what a reply told', () => {
    const clock = new EngineClock()
    clock.learn(ENGINE)
    pass(1234)
    expect(clock.now).toBe(ENGINE + 1234)
  })

  test('is the best of the replies: one that was read late does not set it back', () => {
    const clock = new EngineClock()
    clock.learn(ENGINE)
    pass(100)
    clock.learn(ENGINE + 20)
    expect(clock.now).toBe(ENGINE + 100)
    pass(100)
    clock.learn(ENGINE + 203)
    expect(clock.now).toBe(ENGINE + 203)
  })

  test('follows a clock that was set back, at once by much and after a while by little', () => {
    const clock = new EngineClock()
    clock.learn(ENGINE)
    clock.learn(ENGINE - 3000)
    expect(clock.now).toBe(ENGINE - 3000)
    for (let n = 0; n < 6; n++) {
      pass(1000)
      clock.learn(ENGINE - 3000 + (n + 1) * 1000 - 50)
    }
    expect(clock.now).toBe(ENGINE + 3000 - 50)
  })

  test('is not known any more when no reply has come for long', () => {
    const clock = new EngineClock()
    clock.learn(ENGINE)
    pass(30_001)
    expect(clock.now).toBeNull()
  })

  test('is asked for anew when it was wrong', () => {
    const clock = new EngineClock()
    clock.learn(ENGINE)
    clock.forget()
    expect(clock.now).toBeNull()
  })
})
