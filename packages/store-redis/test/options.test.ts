import { describe, expect, test } from 'vitest'
import { redisStore, storeFromUrl } from '../src/index.js'
import { optionsFromUrl } from '../src/options.js'

describe('the options', () => {
  test.each([
    [{}, /either/],
    [{ url: 'redis://a', client: { options: {}, duplicate: () => {} } }, /either/],
    [{ url: 'http://a' }, /^url:/],
    [{ client: {} }, /^client:/],
    [{ url: 'redis://a', prefix: '{a}' }, /^prefix:/],
    [{ url: 'redis://a', prefix: '' }, /^prefix:/],
    [{ url: 'redis://a', listen: 'no' }, /^listen:/],
    [{ url: 'redis://a', deadline: 'soon' }, /deadline/],
  ])('%j › is a TypeError that names what is wrong', (options, message) => {
    expect(() => redisStore(options as never)).toThrow(TypeError)
    expect(() => redisStore(options as never)).toThrow(message)
  })

  test('a URL › gives its own options, and leaves the rest to the driver', () => {
    expect(optionsFromUrl('redis://h:1/2?prefix=jobs&listen=false&deadline=5s&family=6', {})).toEqual({
      url: 'redis://h:1/2?family=6',
      prefix: 'jobs',
      listen: false,
      deadline: '5s',
    })
    expect(() => storeFromUrl('postgres://u:secret@h')).toThrow(/got 'postgres:\/\/u:…@h'/)
    expect(() => storeFromUrl('redis://h?listen=maybe')).toThrow(/^listen:/)
  })

  test('a store that was made › is connected to nothing', () => {
    const before = process.getActiveResourcesInfo().filter((name) => /TCP/.test(name)).length
    expect(redisStore({ url: 'redis://127.0.0.1:1' }).name).toBe('redis')
    expect(process.getActiveResourcesInfo().filter((name) => /TCP/.test(name))).toHaveLength(before)
  })
})
