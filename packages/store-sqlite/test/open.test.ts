import { randomBytes } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { checkInvariants } from '@stint/core/conformance'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { newJob } from '../../core/test/table-store/build.js'
import { Session } from '../src/commands/session.js'
import { sqliteStore } from '../src/index.js'
import { migrate, STEPS } from '../src/schema.js'
import { Child } from './support/child.js'
import { newFile } from './support/place.js'

describe('open', () => {
  test('sixteen processes on an empty place at once › all succeed and write [OPEN-1]', async () => {
    const path = newFile()
    const children = Array.from({ length: 16 }, (_, i) => new Child('open-one', [path, `job-${i}`]))
    for (const child of children) expect(await child.hear()).toBe('ready')
    for (const child of children) child.tell('go')
    const said = await Promise.all(children.map((child) => child.hear()))
    expect(said).toEqual(children.map(() => 'new'))
    await using store = sqliteStore({ path })
    await store.open()
    expect(await store.stats()).toEqual([{ queue: 'mail', state: 'queued', count: 16 }])
    await checkInvariants(store)
  }, 60_000)

  test('the user’s own tables and user_version › are left alone, and two stores with prefixes live side by side', async () => {
    const path = newFile()
    const db = new Database(path)
    db.exec('create table job(id); create table event(id); insert into job values (7)')
    db.pragma('user_version = 42')
    await using one = sqliteStore({ db })
    await using two = sqliteStore({ path, tablePrefix: 'other_' })
    await Promise.all([one.open(), two.open()])
    await one.exchange({ inserts: [newJob('a')] })
    expect(await two.get(['a'])).toEqual([null])
    expect(await two.stats()).toEqual([])
    expect(db.pragma('user_version', { simple: true })).toBe(42)
    expect(db.prepare('select id from job').pluck().all()).toEqual([7])
    db.close()
  })

  test('a file of an older schema › is migrated once, its data kept [OPEN-2]', async () => {
    const path = newFile()
    await using store = sqliteStore({ path })
    await store.open()
    await store.exchange({ inserts: [newJob('a', { payload: '"kept"' })] })
    const db = new Database(path)
    const session = new Session(db, 'stint_')
    const next = [...STEPS, 'alter table stint_job add column fresh integer not null default 5']
    for (const _ of [1, 2]) db.transaction(() => migrate(session, 0, next)).immediate()
    expect(db.prepare('select fresh, payload from stint_job').get()).toEqual({ fresh: 5, payload: '"kept"' })
    expect(db.prepare("select value from stint_meta where name = 'schema'").pluck().get()).toBe(STEPS.length + 1)
    // A worker of the release before goes on working.
    expect((await store.exchange({ inserts: [newJob('b')] })).inserts[0]?.isNew).toBe(true)
    db.close()
  })

  test('a migration that fails › leaves the file as it was', async () => {
    const path = newFile()
    const db = new Database(path)
    const session = new Session(db, 'stint_')
    const broken = [...STEPS, 'create table stint_more(a); select nonsense']
    expect(() => db.transaction(() => migrate(session, 0, broken)).immediate()).toThrow(/nonsense/)
    expect(db.prepare('select count(*) from sqlite_schema').pluck().get()).toBe(0)
    db.close()
  })

  test('a file of a newer schema › is refused with what to do, and left as it is [OPEN-2]', async () => {
    const path = newFile()
    await using old = sqliteStore({ path })
    await old.open()
    const db = new Database(path)
    db.exec("update stint_meta set value = 99 where name = 'schema'")
    const store = sqliteStore({ path })
    await expect(store.open()).rejects.toMatchObject({
      code: 'STORE_INCOMPATIBLE',
      message: expect.stringMatching(/newer @stint\/store-sqlite: it has schema 99.*Update the package/),
      details: { store: 'sqlite', found: 'schema 99', expected: `schema ${STEPS.length} or older` },
    })
    expect(db.prepare("select value from stint_meta where name = 'schema'").pluck().get()).toBe(99)
    db.exec(`update stint_meta set value = ${STEPS.length} where name = 'schema'`)
    await store.open() // a store that could not open may be opened again
    await store.close()
    db.close()
  })

  test('a folder that is not there › STORE_UNAVAILABLE that names it', async () => {
    const path = join(dirname(newFile()), 'nowhere', 'jobs.db')
    await expect(sqliteStore({ path }).open()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/There is no folder .*nowhere .*Make the folder first/),
    })
  })

  test('a folder in the place of the file › STORE_UNAVAILABLE', async () => {
    const path = newFile()
    mkdirSync(path)
    await expect(sqliteStore({ path }).open()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/could not be opened\. Its folder has to be there/),
    })
  })

  test('a file that is no database › STORE_BROKEN, and not a byte of it is touched', async () => {
    const path = newFile()
    writeFileSync(path, 'Dear diary, '.repeat(1000))
    await expect(sqliteStore({ path }).open()).rejects.toMatchObject({
      code: 'STORE_BROKEN',
      message: expect.stringMatching(/is not a SQLite database.*the file was left as it is/),
    })
    expect(readFileSync(path, 'utf8')).toBe('Dear diary, '.repeat(1000))
    expect(existsSync(`${path}-wal`)).toBe(false)
  })

  test('a damaged file › STORE_BROKEN that tells how to save what is readable', async () => {
    const path = newFile()
    const store = sqliteStore({ path })
    await store.open()
    await store.exchange({
      inserts: Array.from({ length: 500 }, (_, i) => newJob(`job-${i}`, { payload: `"${'x'.repeat(200)}"` })),
    })
    await store.close()
    const bytes = readFileSync(path)
    for (let page = 1; page * 4096 < bytes.length; page++) randomBytes(4096).copy(bytes, page * 4096)
    writeFileSync(path, bytes)
    const broken = sqliteStore({ path })
    const failure = broken.open().then(() => broken.get(['job-1']))
    await expect(failure).rejects.toMatchObject({
      code: 'STORE_BROKEN',
      message: expect.stringMatching(/is damaged.*\.recover/),
    })
    await broken.close()
  })

  const locked: readonly (readonly [what: string, file: number, folder: number])[] = [
    ['a file that may only be read', 0o444, 0o777],
    ['a file that may only be read, in a folder that may only be read', 0o444, 0o555],
    ['a folder that may only be read', 0o666, 0o555],
  ]
  for (const [what, fileMode, folderMode] of locked) {
    test.skipIf(process.platform === 'win32')(
      `${what} › STORE_UNAVAILABLE that says what to do, and nothing is lost`,
      async () => {
        const folder = newFile('folder')
        mkdirSync(folder)
        chmodSync(dirname(folder), 0o755)
        const path = join(folder, 'jobs.db')
        const store = sqliteStore({ path })
        await store.open()
        await store.exchange({ inserts: [newJob('a')] })
        await store.close()
        chmodSync(path, fileMode)
        chmodSync(folder, folderMode)
        const child = new Child('open-one', [path, 'b', 'nobody'])
        expect(await child.hear()).toBe('ready')
        child.tell('go')
        expect(await child.hear()).toMatch(/^STORE_UNAVAILABLE: .*(may only be read|could not be opened).*right/)
        chmodSync(folder, 0o777)
        chmodSync(path, 0o666)
        await using again = sqliteStore({ path })
        await again.open()
        expect((await again.get(['a', 'b'])).map((job) => job?.id)).toEqual(['a', undefined])
      },
    )
  }

  test.skipIf(process.platform === 'win32')(
    'a log that a killed process of another user left › STORE_UNAVAILABLE that says what to do, not a raw error of the driver',
    async () => {
      const folder = newFile('folder')
      mkdirSync(folder)
      chmodSync(dirname(folder), 0o755)
      const path = join(folder, 'jobs.db')
      const live = newFile()
      await using store = sqliteStore({ path: live })
      await store.open()
      await store.exchange({ inserts: [newJob('a')] })
      for (const end of ['', '-wal', '-shm']) copyFileSync(live + end, path + end)
      for (const end of ['-wal', '-shm']) chmodSync(path + end, 0o444)
      chmodSync(path, 0o666)
      const child = new Child('open-one', [path, 'b', 'nobody'])
      expect(await child.hear()).toBe('ready')
      child.tell('go')
      expect(await child.hear()).toMatch(/^STORE_UNAVAILABLE: .*may only be read.*right/)
    },
  )

  test('tables that somebody dropped › STORE_BROKEN, not a raw error of the driver', async () => {
    const path = newFile()
    await using store = sqliteStore({ path })
    await store.open()
    const db = new Database(path)
    db.exec('drop table stint_setting')
    db.close()
    await expect(store.settings('queue')).rejects.toMatchObject({ code: 'STORE_BROKEN', details: { store: 'sqlite' } })
  })

  test('a call before open › says so', async () => {
    await expect(sqliteStore({ path: newFile() }).stats()).rejects.toThrow(/await open\(\) first/)
  })
})
