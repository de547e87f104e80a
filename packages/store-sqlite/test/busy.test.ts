import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { claimOf, newJob } from '../../core/test/table-store/build.js'
import { sqliteStore } from '../src/index.js'
import { longestStall } from './support/busy.js'
import { Child } from './support/child.js'
import { newFile } from './support/place.js'

async function held(path: string): Promise<Child> {
  const other = new Child('hold-lock', [path])
  expect(await other.hear()).toBe('held')
  return other
}

describe('a file that another process writes to', () => {
  test('a heartbeat that meets its lock › waits with the event loop free, and gets through', async () => {
    const path = newFile()
    await using store = sqliteStore({ path })
    await store.open()
    await store.exchange({ inserts: [newJob('a')], claims: [claimOf('token')] })
    const other = await held(path)
    const beat = store.exchange({ beats: [{ id: 'a', token: 'token', leaseMs: 60_000 }] })
    const stall = await longestStall(async () => {
      // Long enough for many tries: that the loop is free is what lets this very timer fire.
      await new Promise((resolve) => setTimeout(resolve, 600))
      other.tell('release')
      expect((await beat).beats).toEqual([{ ok: true, job: null }])
    })
    expect(stall).toBeLessThan(100)
  })

  test('a write that waits › has not begun a single step: the lock comes first', async () => {
    const path = newFile()
    const steps: string[] = []
    await using store = sqliteStore({ path, failpoint: (name) => steps.push(name) })
    await store.open()
    const other = await held(path)
    steps.length = 0
    const write = store.exchange({ inserts: [newJob('a')] })
    await store.stats() // the first try is over
    expect(steps).toEqual([])
    other.tell('release')
    await write
    expect(steps).toEqual(['record', 'event', 'count', 'commit', 'committed'])
  })

  test('reads › do not wait for a writer [READ-1]', async () => {
    const path = newFile()
    await using store = sqliteStore({ path, deadline: '1ms' })
    await sqliteStore({ path }).open()
    await store.open()
    await store.exchange({ inserts: [newJob('a')] })
    await held(path)
    expect((await store.get(['a']))[0]?.id).toBe('a')
    expect((await store.feed({ after: 'start', limit: 5 })).events).toHaveLength(1)
  })

  test('a write that waits longer than its deadline › is STORE_UNAVAILABLE, and nothing was written [FAULT-1, FAULT-2]', async () => {
    const path = newFile()
    await using store = sqliteStore({ path, deadline: '80ms' })
    await store.open()
    const other = await held(path)
    const failure = store.exchange({ inserts: [newJob('a')] })
    await expect(failure).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { store: 'sqlite' } })
    await expect(failure).rejects.toThrow(
      /stayed busy for 80 ms; nothing was written\. Another connection holds its write lock/,
    )
    other.tell('release')
    expect(await other.hear()).toBe('released')
    expect(await store.get(['a'])).toEqual([null])
    expect((await store.exchange({ inserts: [newJob('a')] })).inserts[0]?.isNew).toBe(true)
  })

  test('a write that meets a transaction of this very process › is told of withTx when the deadline is over', async () => {
    const path = newFile()
    using db = disposable(new Database(path))
    await using store = sqliteStore({ db: db.it, deadline: '50ms' })
    await store.open()
    db.it.exec('begin immediate')
    await expect(store.exchange({ inserts: [newJob('a')] })).rejects.toThrow(
      /This process itself holds a transaction open.*withTx/,
    )
    db.it.exec('rollback')
    await expect(store.exchange({ inserts: [newJob('a')] })).resolves.toBeDefined()
  })

  test('an abort while it waits › is ABORTED at once, and nothing is written later [FAULT-2]', async () => {
    const path = newFile()
    await using store = sqliteStore({ path })
    await store.open()
    const other = await held(path)
    const abort = new AbortController()
    const write = store.exchange({ inserts: [newJob('a')] }, { signal: abort.signal })
    abort.abort(new Error('no longer wanted'))
    await expect(write).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'no longer wanted' } })
    other.tell('release')
    expect(await other.hear()).toBe('released')
    expect(await store.get(['a'])).toEqual([null])
  })

  test('close while a write waits › waits for it [CLOSE-1]', async () => {
    const path = newFile()
    const store = sqliteStore({ path })
    await store.open()
    const other = await held(path)
    const order: string[] = []
    const write = store.exchange({ inserts: [newJob('a')] }).then(() => order.push('written'))
    const closed = store.close().then(() => order.push('closed'))
    other.tell('release')
    await Promise.all([write, closed])
    expect(order).toEqual(['written', 'closed'])
  })
})

function disposable(it: Database.Database): Disposable & { readonly it: Database.Database } {
  return { it, [Symbol.dispose]: () => void it.close() }
}
