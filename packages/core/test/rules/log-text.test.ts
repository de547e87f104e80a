import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JobLog, readLog } from '../../src/log-text.js'
import { toLogLines } from '../../src/present.js'

const of = (log: JobLog) => readLog(log.text)
const bytes = (log: JobLog): number =>
  of(log).lines.reduce((sum, line) => sum + Buffer.byteLength(JSON.stringify(line)) + 1, 0)

describe('a log', () => {
  test('whatever is written, within whatever bound › never above it but for one line; the newest lines; what is gone is counted', () => {
    const lines = fc.array(fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 40 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(lines, fc.integer({ min: 0, max: 2000 }), (messages, max) => {
        const log = new JobLog(null)
        for (const [i, message] of messages.entries()) log.append(i, 1, message, max)
        const { dropped, lines: left } = of(log)
        expect(dropped + left.length).toBe(messages.length)
        expect(left.length <= 1 || bytes(log) <= max).toBe(true)
        expect(left.map(([at]) => at)).toEqual(Array.from({ length: left.length }, (_, i) => dropped + i))
        expect(left.length > 0 || messages.length === 0).toBe(true)
      }),
    )
  })

  test('opened again › goes on where it was', () => {
    const first = new JobLog(null)
    for (let i = 0; i < 20; i++) first.append(i, 1, `line ${i}`, 200)
    const second = new JobLog(first.text)
    expect(second.text).toBe(first.text)
    second.append(20, 2, 'line 20', 200)
    first.append(20, 2, 'line 20', 200)
    expect(second.text).toBe(first.text)
  })

  test('one endless line › is cut at 8 KiB of bytes, at a character, and does not push out all the others', () => {
    for (const char of ['x', 'é', '€', '😀']) {
      const log = new JobLog(null)
      log.append(1, 1, 'before')
      log.append(2, 1, char.repeat(100_000))
      const [first, [, , message] = [0, 0, '']] = of(log).lines
      expect([
        first?.[2],
        Buffer.byteLength(message) <= 8192,
        Buffer.byteLength(message) > 8180,
        message.endsWith('…'),
      ]).toEqual(['before', true, true, true])
      expect(new Set(message.slice(0, -1).match(/./gu))).toEqual(new Set([char]))
    }
  })

  test('text of any kind › comes back', () => {
    const log = new JobLog(null)
    const messages = ['', '\u0000', '"quoted"', 'a\nb', '\ud800', '{"dropped":9}', '😀']
    for (const message of messages) log.append(1, 1, message)
    expect(of(log).lines.map(([, , message]) => message)).toEqual(messages)
  })
})

describe('shown lines', () => {
  test('none › none; a marker in front of what was dropped, with the time of the first that is left', () => {
    expect(toLogLines(null)).toEqual([])
    expect(toLogLines('{"dropped":2,"lines":[[5,1,"a"],[6,2,"b"]]}')).toEqual([
      { at: new Date(5), attempt: 1, message: '[2 older lines dropped]' },
      { at: new Date(5), attempt: 1, message: 'a' },
      { at: new Date(6), attempt: 2, message: 'b' },
    ])
  })
})
