import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { newJob } from '../../core/test/table-store/build.js'
import { sqliteStore, storeFromUrl } from '../src/index.js'
import { optionsFromUrl, settle } from '../src/options.js'
import { newFile } from './support/place.js'

describe('sqliteStore', () => {
  const wrong: readonly (readonly [what: string, options: unknown, message: RegExp])[] = [
    ['neither path nor db', {}, /either \{ path/],
    ['both', { path: 'a', db: {} }, /either \{ path/],
    ['an empty path', { path: '' }, /path: expected/],
    ['a prefix that is no name', { path: 'a', tablePrefix: 'x; drop' }, /tablePrefix: expected/],
    ['a prefix of the engine', { path: 'a', tablePrefix: 'sqlite_' }, /tablePrefix: expected/],
    ['another level', { path: 'a', synchronous: 'OFF' }, /synchronous: expected/],
    ['a wrong deadline', { path: 'a', deadline: 'soon' }, /deadline: expected/],
  ]
  for (const [what, options, message] of wrong) {
    test(`with ${what} › is a TypeError at once`, () => {
      expect(() => sqliteStore(options as never)).toThrow(TypeError)
      expect(() => sqliteStore(options as never)).toThrow(message)
    })
  }

  test('a relative path › is bound to the folder of the moment', () => {
    expect(settle({ path: 'jobs.db' }).file).toBe(join(process.cwd(), 'jobs.db'))
  })
})

describe('storeFromUrl', () => {
  test('reads paths of every shape, and options', () => {
    const path = (url: string): unknown => (optionsFromUrl(url, {}) as { path: string }).path
    expect(path('sqlite:jobs.db')).toBe('jobs.db')
    expect(path('sqlite:./data/jobs.db')).toBe('./data/jobs.db')
    expect(path('sqlite:/var/lib/jobs.db')).toBe('/var/lib/jobs.db')
    expect(path('sqlite:///var/lib/jobs.db')).toBe('/var/lib/jobs.db')
    expect(path('sqlite://jobs.db')).toBe('jobs.db')
    expect(path('sqlite::memory:')).toBe(':memory:')
    expect(path('sqlite:my%20jobs.db?synchronous=NORMAL')).toBe('my jobs.db')
    expect(optionsFromUrl('sqlite:a?synchronous=NORMAL&tablePrefix=x_&deadline=2s', { deadline: '9s' })).toEqual({
      path: 'a',
      synchronous: 'NORMAL',
      tablePrefix: 'x_',
      deadline: '2s',
    })
  })

  test('an option that there is not, another scheme, no path › TypeError', () => {
    expect(() => storeFromUrl('sqlite:a?sync=NORMAL')).toThrow(
      /unknown option 'sync'.*synchronous, tablePrefix, deadline/,
    )
    expect(() => storeFromUrl('mysql:a')).toThrow(/expected a URL such as sqlite:/)
    expect(() => storeFromUrl('sqlite:')).toThrow(/expected a URL such as sqlite:/)
  })

  test('makes a store that works on that file', async () => {
    const path = newFile()
    await using store = storeFromUrl(`sqlite:${path}?tablePrefix=own_`)
    await store.open()
    await store.exchange({ inserts: [newJob('a')] })
    const db = new Database(path)
    expect(db.prepare('select id from own_job').pluck().all()).toEqual(['a'])
    expect(db.prepare("select count(*) from sqlite_schema where name like 'stint%'").pluck().get()).toBe(0)
    db.close()
  })
})
