import { describe, expect, test } from 'vitest'
import {
  checkDate,
  checkId,
  checkName,
  checkTags,
  checkText,
  checkWhole,
  isId,
  LAST_INSTANT,
  quote,
} from '../../src/names.js'

describe('a name of a lane or type', () => {
  test.each(['a', 'mail.send', 'A-Z_0:9/x', 'x'.repeat(128), 'stint:x', '..'])('%j › is one', (name) =>
    expect(checkName(name, 'queue')).toBe(name),
  )
  test.each(['', 'x'.repeat(129), 'a b', 'ä', 'a\n', 'a\u0000', 'a|b', 'a{b}', '*', null, undefined, 7, {}, ['a']])(
    '%j › TypeError',
    (name) =>
      expect(() => checkName(name, 'queue')).toThrow(
        /^queue: expected 1–128 characters of A–Z a–z 0–9 \. _ - \/ :, got /,
      ),
  )
})

describe('an id', () => {
  test.each(['a', '01JABC', 'job_1', 'a.b:c-d', 'x'.repeat(128), '...'])('%j › is one', (id) => {
    expect(checkId(id)).toBe(id)
    expect(isId(id)).toBe(true)
  })
  test.each(['', 'x'.repeat(129), 'a/b', 'a b', 'ä', 'a\n', '\u0000', null, undefined, 7])(
    '%j › TypeError; nobody has it',
    (id) => {
      expect(() => checkId(id)).toThrow(/^id: expected 1–128 characters/)
      expect(isId(id)).toBe(false)
    },
  )
  test.each(['.', '..', 'stint:', 'stint:pause'])('%j › is kept free', (id) =>
    expect(() => checkId(id)).toThrow(/not "\.", "\.\." or "stint:…"/),
  )
})

describe('a text', () => {
  test.each(['a', 'ä€😀', ' ', "'; --", '$payload', '{tag}', '%s', 'x'.repeat(255), 'é'.repeat(127)])(
    '%j › is one',
    (text) => expect(checkText(text, 'actor')).toBe(text),
  )
  test.each([
    '',
    'x'.repeat(256),
    'é'.repeat(128),
    'a\nb',
    '\t',
    '\u007f',
    '\u0000',
    '\ud800',
    'a\udc00',
    null,
    undefined,
    5,
    new String('x'),
  ])('%j › TypeError', (text) =>
    expect(() => checkText(text, 'actor')).toThrow(
      /^actor: expected 1–255 bytes of text without control characters, got /,
    ),
  )
  test('its own limit › in bytes', () => {
    expect(checkText('é'.repeat(4), 'reason', 8)).toBe('éééé')
    expect(() => checkText('é'.repeat(5), 'reason', 8)).toThrow(/1–8 bytes/)
  })
})

describe('tags', () => {
  test('at most 16, each once, in their order; none where none are given', () => {
    expect(checkTags(undefined)).toEqual([])
    expect(checkTags(['b', 'a', 'b'])).toEqual(['b', 'a'])
    expect(checkTags(Array.from({ length: 16 }, (_, i) => `t${i}`))).toHaveLength(16)
  })
  test.each([[Array.from({ length: 17 }, () => 'a')], ['a'], [{}], [[1]], [['']], [['x'.repeat(65)]], [null]])(
    '%j › TypeError',
    (tags) => expect(() => checkTags(tags as never)).toThrow(/^tags: expected/),
  )
})

describe('a whole number', () => {
  test('within its bounds; minus zero becomes zero', () => {
    expect(checkWhole(0, 0, 9, 'n')).toBe(0)
    expect(Object.is(checkWhole(-0, 0, 9, 'n'), 0)).toBe(true)
    expect(checkWhole(9, 0, 9, 'n')).toBe(9)
  })
  test.each([-1, 10, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, undefined, 5n, true])(
    '%s › TypeError',
    (value) => expect(() => checkWhole(value, 0, 9, 'n')).toThrow(/^n: expected a whole number from 0 to 9, got /),
  )
})

describe('an instant', () => {
  test('from 1970 to 3084, in whole milliseconds', () => {
    expect(checkDate(new Date(0), 'runAt')).toBe(0)
    expect(checkDate(new Date(LAST_INSTANT), 'runAt')).toBe(LAST_INSTANT)
    expect(new Date(LAST_INSTANT).getUTCFullYear()).toBe(3084)
  })
  test.each([new Date(-1), new Date(LAST_INSTANT + 1), new Date(Number.NaN), '2030-01-01', 0, null, undefined, {}])(
    '%s › TypeError',
    (date) =>
      expect(() => checkDate(date, 'runAt')).toThrow(/^runAt: expected a Date between 1970 and the year 3084, got /),
  )
})

test.each<[unknown, string]>([
  ['a"b', '"a\\"b"'],
  ['x'.repeat(61), `"${'x'.repeat(60)}"… (61 characters)`],
  [new Date(0), 'Date 1970-01-01T00:00:00.000Z'],
  [new Date(Number.NaN), 'Date Invalid'],
  [[1, 2], 'an array of 2'],
  [{ secret: 1 }, 'an object'],
  [null, 'null'],
  [undefined, 'undefined'],
  [Symbol('x'), 'Symbol(x)'],
])('what came, in an error › %s is shown as %s', (value, shown) => expect(quote(value)).toBe(shown))
