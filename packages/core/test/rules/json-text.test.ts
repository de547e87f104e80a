import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bodyText, parseBody, smallText } from '../../src/checked-json.js'
import { bytesOf, toJsonText } from '../../src/json-text.js'
import { unchecked } from '../../src/schema.js'

class Money {
  readonly cents = 5
}

describe('JSON text', () => {
  test('whatever is JSON › comes back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { text } = toJsonText(value) as { text: string }
        // JSON has no minus zero.
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(bytesOf(text)).toBe(Buffer.byteLength(text))
      }),
    )
  })

  test.each<[string, unknown, string | null]>([
    ['undefined', undefined, null],
    ['null', null, 'null'],
    ['an undefined property', { a: 1, b: undefined }, '{"a":1}'],
    ['a lone surrogate', '\ud800', '"\\ud800"'],
    ['NUL', '\u0000', '"\\u0000"'],
    ['__proto__ as a key', JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ['a plain instance', new Money(), '{"cents":5}'],
    ['symbol keys', { [Symbol('x')]: 1, a: 1 }, '{"a":1}'],
  ])('%s › is written', (_name, value, text) => expect(toJsonText(value)).toEqual({ text }))

  const cyclic: { self?: unknown } = {}
  cyclic.self = { deep: cyclic }
  let deep: unknown = 1
  for (let i = 0; i < 100_000; i++) deep = [deep]
  test.each<[string, unknown, readonly (string | number)[] | undefined]>([
    ['NaN', Number.NaN, []],
    ['Infinity', { a: Number.POSITIVE_INFINITY }, ['a']],
    ['a bigint', [1, 2n], [1]],
    ['a function', { a: { b: () => {} } }, ['a', 'b']],
    ['a symbol', Symbol('x'), []],
    ['a Date', { at: new Date(0) }, ['at']],
    ['a Map', new Map(), []],
    ['a typed array', new Uint8Array(2), []],
    ['a boxed text', new String('x'), []],
    ['what has toJSON', { a: { toJSON: () => 1 } }, ['a']],
    ['undefined in an array', [undefined], [0]],
    ['a hole', Object.assign(new Array(3), { 0: 1, 2: 3 }), []],
    ['a cycle', cyclic, undefined],
    ['nesting beyond the stack', deep, undefined],
    [
      'a getter that throws',
      {
        get a() {
          throw new Error('no')
        },
      },
      undefined,
    ],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no')
          },
        },
      ),
      undefined,
    ],
  ])('%s › is refused, with its place', (_name, value, path) => {
    const { issues } = toJsonText(value) as { issues: readonly { path?: unknown; message: string }[] }
    expect(issues).toHaveLength(1)
    expect(issues[0]!.path).toEqual(path)
    expect(issues[0]!.message.length).toBeGreaterThan(5)
  })
})

describe('small texts', () => {
  test('too many bytes › TOO_LARGE with the numbers; no JSON › TypeError', () => {
    expect(smallText('é', 'progress', 4)).toBe('"é"')
    expect(() => smallText('éé', 'progress', 5)).toThrow(
      expect.objectContaining({ code: 'TOO_LARGE', details: { what: 'progress', bytes: 6, maxBytes: 5 } }),
    )
    expect(() => smallText(undefined, 'meta', 9)).toThrow(/^meta: expected JSON, got undefined/)
    expect(() => smallText({ a: [new Date()] }, 'meta', 9)).toThrow(
      /^meta: expected JSON, got a\.0: Date does not survive JSON/,
    )
  })
})

describe('bodies', () => {
  const of = { code: 'PAYLOAD_INVALID', type: 'job', maxBytes: 10 } as const
  const refusing = (issues: readonly { message: string; path?: readonly (string | { key: string })[] }[]) => ({
    '~standard': { version: 1 as const, vendor: 'test', validate: () => ({ issues }) },
  })

  test('as given, once the schema accepts it; what it makes of it is not stored', () => {
    const schema = { '~standard': { version: 1 as const, vendor: 'test', validate: () => ({ value: 'made' }) } }
    expect(bodyText('given', schema, of)).toBe('"given"')
    expect(bodyText(undefined, unchecked(), of)).toBe(null)
  })

  test('refused › the code, type and issues; the message tells the first and how many more', () => {
    const issues = [{ message: 'no', path: ['a', { key: 'b' }] }, { message: 'nor that' }]
    expect(() => bodyText(1, refusing(issues), of)).toThrow(
      expect.objectContaining({
        code: 'PAYLOAD_INVALID',
        details: { type: 'job', issues },
        message: 'The payload of a "job" job is not acceptable: a.b: no (and 1 more)',
      }),
    )
    expect(() => bodyText(1, refusing([]), of)).toThrow(/the schema refused it without a reason/)
    expect(() => bodyText('x'.repeat(9), unchecked(), of)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
    expect(() => bodyText(1n, unchecked(), { ...of, code: 'RESULT_INVALID' })).toThrow(
      expect.objectContaining({ code: 'RESULT_INVALID' }),
    )
  })

  test.each(['a promise', 'anything with then'])('a schema that answers with %s › is waited for', async (kind) => {
    const late = (answer: object) =>
      // biome-ignore lint/suspicious/noThenProperty: a promise of another make
      kind === 'a promise' ? Promise.resolve(answer) : { then: (tell: (answer: object) => void) => tell(answer) }
    const schema = (answer: object) => ({
      '~standard': { version: 1 as const, vendor: 'test', validate: () => late(answer) as never },
    })
    expect(await bodyText('a', schema({ value: 1 }), of)).toBe('"a"')
    await expect(async () => bodyText('a', schema({ issues: [{ message: 'no' }] }), of)).rejects.toMatchObject({
      code: 'PAYLOAD_INVALID',
    })
    await expect(
      parseBody('a', schema({ issues: [{ message: 'no' }] }), 'RESULT_INVALID', 'job'),
    ).rejects.toMatchObject({ code: 'RESULT_INVALID' })
    expect(await parseBody('a', schema({ value: 'out' }), 'RESULT_INVALID', 'job')).toBe('out')
  })
})
