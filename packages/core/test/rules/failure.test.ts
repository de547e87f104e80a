import { describe, expect, test } from 'vitest'
import { isJobError, isStintError, JobError, StintError } from '../../src/errors.js'
import { failureOf, readFailure, writeFailure } from '../../src/failure.js'
import { isSettled } from '../../src/hold.js'
import { hostile, revoked } from './hostile.js'

const of = (thrown: unknown) => failureOf(thrown, 3, 1000)
describe('what is kept of a failure', () => {
  test('name, message, code, stack; which attempt and when', () => {
    const error = Object.assign(new RangeError('no'), { code: 'E_NO' })
    expect(of(error)).toEqual({
      name: 'RangeError',
      message: 'no',
      code: 'E_NO',
      stack: error.stack,
      attempt: 3,
      at: 1000,
    })
    expect(of(new JobError('refused', { code: 'REFUSED' }))).toMatchObject({ name: 'JobError', code: 'REFUSED' })
    expect(of(new StintError('STORE_UNAVAILABLE', 'away', { store: 's' }))).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  test.each<[unknown, string, string | null]>([
    ['text', 'text', null],
    [undefined, 'undefined', null],
    [null, 'null', null],
    [42, '42', null],
    [7n, '7', null],
    [Symbol('s'), 'Symbol(s)', null],
    [{ message: 'plain', code: 7 }, 'plain', '7'],
    [{ no: 'message' }, '{"no":"message"}', null],
    [{ message: { nested: 1 }, code: {} }, '{"message":{"nested":1},"code":{}}', null],
    [[1, 2], '[1,2]', null],
    [() => {}, '() => { }', null],
  ])('%o thrown › kept as an error', (thrown, message, code) => {
    expect(of(thrown)).toMatchObject({ name: 'Error', code })
    expect(
      of(thrown)
        .message.replace(/\s+/g, ' ')
        .replace('{}', thrown instanceof Function ? '{ }' : '{}'),
    ).toBe(message)
  })

  test.each(['message', 'name', 'stack', 'code'] as const)(
    'a long %s › cut at 8 KiB of bytes, at a character',
    (field) => {
      for (const char of ['x', 'é', '€', '😀']) {
        const text = of({ [field]: char.repeat(9000) })[field]!
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(8192)
        expect(Buffer.byteLength(text)).toBeGreaterThan(8180)
        expect(text.endsWith('…') && text.isWellFormed() && !text.includes('\uFFFD')).toBe(true)
        expect(new Set(text.slice(0, -1).match(/./gu))).toEqual(new Set([char]))
      }
      const fits = 'x'.repeat(8192)
      expect(of({ [field]: fits })[field]).toBe(fits)
    },
  )

  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  const throwing = (field: string) =>
    Object.defineProperty(new Error('fine'), field, {
      get() {
        throw new Error('trap')
      },
    })
  test.each<[string, unknown]>([
    ['a cycle', cyclic],
    ['a getter of message that throws', throwing('message')],
    ['a getter of name that throws', throwing('name')],
    ['a getter of code that throws', throwing('code')],
    ['a getter of stack that throws', throwing('stack')],
    ['a proxy that throws at everything', hostile()],
    [
      'toJSON that throws',
      {
        toJSON: () => {
          throw new Error('trap')
        },
      },
    ],
    [
      'toString that throws',
      {
        toString: () => {
          throw new Error('trap')
        },
        message: 7,
      },
    ],
    ['a revoked proxy', revoked()],
  ])('%s › is a failure too, and can be written', (_name, thrown) => {
    const failure = of(thrown)
    expect(readFailure(JSON.parse(writeFailure(failure)))).toEqual({ ...failure, at: new Date(1000) })
    expect(typeof failure.message).toBe('string')
  })

  test.each<[string, (value: unknown) => boolean]>([
    ['isJobError', isJobError],
    ['isStintError', isStintError],
    ['isSettled', isSettled],
  ])('%s of what throws when it is looked at › false', (_name, is) => {
    for (const value of [hostile(), revoked(), null, undefined, 7, 'x', {}]) expect(is(value)).toBe(false)
  })

  test('read › frozen, with its instant as a Date', () => {
    const read = readFailure(of(new Error('x')))
    expect([Object.isFrozen(read), read.at]).toEqual([true, new Date(1000)])
  })
})
