import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { newJob } from '../../core/test/table-store/build.js'
import { sqliteStore } from '../src/index.js'
import { Child } from './support/child.js'
import { newFile } from './support/place.js'

describe('close', () => {
  test('of a store that listened to others › lets the process end by itself, with nothing left behind [CLOSE-1]', async () => {
    const path = newFile()
    const child = new Child('close-and-end', [path, 'close'])
    expect(await child.hear()).toEqual([])
    expect(await child.ended()).toBe(0)
    expect(existsSync(`${path}-wal`)).toBe(false)
  })

  test('never called › keeps no process alive either, and what was acknowledged is there', async () => {
    const path = newFile()
    const child = new Child('close-and-end', [path])
    await child.hear()
    expect(await child.ended()).toBe(0)
    await using store = sqliteStore({ path })
    await store.open()
    expect((await store.get(['a']))[0]?.id).toBe('a')
  })

  test('with a Database that was given › leaves it open and usable [OPEN-4]', async () => {
    const db = new Database(newFile())
    const store = sqliteStore({ db })
    await store.open()
    await store.exchange({ inserts: [newJob('a')] })
    await store.close()
    await store.close()
    expect(db.prepare('select id from stint_job').pluck().all()).toEqual(['a'])
    db.close()
  })

  test('afterwards › every call is STORE_CLOSED, open too [CLOSE-1]', async () => {
    const store = sqliteStore({ path: newFile() })
    await store.open()
    await store.close()
    for (const call of [
      () => store.open(),
      () => store.stats(),
      () => store.exchange({}),
      () => store.remove([]),
      () => store.configure([]),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    }
  })

  test('of a store that was never opened › makes no file', async () => {
    const path = newFile()
    await sqliteStore({ path }).close()
    expect(existsSync(path)).toBe(false)
  })

  test('while the log is being cut › ends that too', async () => {
    const path = newFile()
    const store = sqliteStore({ path, synchronous: 'NORMAL' })
    await store.open()
    const reader = new Database(path, { readonly: true })
    reader.exec('begin')
    reader.prepare('select count(*) from stint_count').get()
    const payload = JSON.stringify('x'.repeat(400_000))
    const probe = new Database(path, { timeout: 0 })
    for (let i = 0; isFree(probe); i++) await store.exchange({ inserts: [newJob(`job-${i}`, { payload })] })
    await store.close()
    expect(isFree(probe)).toBe(true)
    for (const db of [reader, probe]) db.close()
  })
})

/** Whether somebody who waits for nothing could write now. */
function isFree(db: Database.Database): boolean {
  try {
    db.exec('begin immediate; rollback')
    return true
  } catch {
    return false
  }
}
