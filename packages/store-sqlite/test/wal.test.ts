import { existsSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { newJob } from '../../core/test/table-store/build.js'
import { sqliteStore } from '../src/index.js'
import { longestStall } from './support/busy.js'
import { Child } from './support/child.js'
import { newFile } from './support/place.js'

const MIB = 1024 * 1024
const payload = JSON.stringify('x'.repeat(200_000))
const write = (store: ReturnType<typeof sqliteStore>, i: number): Promise<unknown> =>
  store.exchange({ inserts: [newJob(`job-${i}`, { payload })] })

describe('the write-ahead log', () => {
  test('beside readers that come and go without a gap › stays within its bound, and nobody waits long', async () => {
    const path = newFile()
    await using store = sqliteStore({ path, synchronous: 'NORMAL' })
    await store.open()
    const reader = new Child('reader', [path, '30'])
    expect(await reader.hear()).toBe('reading')
    let largest = 0
    const stall = await longestStall(async () => {
      for (let i = 0; i < 500; i++) {
        await write(store, i)
        largest = Math.max(largest, statSync(`${path}-wal`).size)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    })
    reader.tell('end')
    await reader.ended()
    expect(largest).toBeGreaterThan(16 * MIB) // there was something to bound: 100 MiB were written
    expect(largest).toBeLessThan(40 * MIB)
    expect(stall).toBeLessThan(100)
  }, 60_000)

  test('after a reader that stayed for long › is cut back by the next writes', async () => {
    const path = newFile()
    await using store = sqliteStore({ path, synchronous: 'NORMAL' })
    await store.open()
    const reader = new Database(path, { readonly: true })
    reader.exec('begin')
    reader.prepare('select count(*) from stint_count').get()
    for (let i = 0; i < 120; i++) await write(store, i)
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(20 * MIB)
    reader.close()
    await expect
      .poll(
        async () => {
          for (let i = 0; i < 16; i++) await store.exchange({ beats: [{ id: 'job-1', token: 'nobody' }] })
          return statSync(`${path}-wal`).size
        },
        { timeout: 10_000 },
      )
      .toBeLessThan(MIB)
  }, 20_000)

  test('the last one to close › leaves neither log nor shared memory behind [CLOSE-1]', async () => {
    const path = newFile()
    const stores = [sqliteStore({ path }), sqliteStore({ path })] as const
    for (const store of stores) await store.open()
    await write(stores[0], 1)
    expect(existsSync(`${path}-wal`)).toBe(true)
    await stores[0].close()
    expect(existsSync(`${path}-wal`)).toBe(true)
    await stores[1].close()
    await stores[1].close()
    expect([existsSync(`${path}-wal`), existsSync(`${path}-shm`), existsSync(path)]).toEqual([false, false, true])
  })
})
