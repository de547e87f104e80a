import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { afterAll, describe, expect, it } from 'vitest'
import { LmdbStore } from '../src/lmdb-store.js'

const folder = mkdtempSync(join(tmpdir(), 'stint-lmdb-open-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => join(folder, name)

describe('a file that this store did not write', () => {
  it('and that LMDB did not write either › is STORE_BROKEN, each time, and left as it is', async () => {
    const text = 'no database, '.repeat(2000)
    writeFileSync(at('notes.txt'), text)
    const store = new LmdbStore({ path: at('notes.txt') })
    await expect(store.open()).rejects.toMatchObject({ code: 'STORE_BROKEN' })
    await expect(store.open()).rejects.toMatchObject({ code: 'STORE_BROKEN' })
    expect(readFileSync(at('notes.txt'), 'utf8')).toBe(text)
  })

  it('but another program with LMDB › is STORE_BROKEN, and nothing is added to it', async () => {
    const theirs = open({ path: at('theirs.mdb'), noSubdir: true, overlappingSync: false })
    theirs.putSync('greeting', 'hello')
    await theirs.close()
    await expect(new LmdbStore({ path: at('theirs.mdb') }).open()).rejects.toMatchObject({ code: 'STORE_BROKEN' })
    const again = open({ path: at('theirs.mdb'), noSubdir: true, overlappingSync: false })
    expect([...again.getKeys()]).toEqual(['greeting'])
    await again.close()
  })
})

describe('a path where no file can be', () => {
  it('is STORE_UNAVAILABLE, with the path and the cause', async () => {
    const error: unknown = await new LmdbStore({ path: folder }).open().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining(folder) })
    expect(error).toHaveProperty('cause.message', expect.stringMatching(/directory|EISDIR/i))
  })

  it('may be opened later, when the reason is gone', async () => {
    writeFileSync(at('later.mdb'), 'not yet')
    const store = new LmdbStore({ path: at('later.mdb') })
    await expect(store.open()).rejects.toMatchObject({ code: 'STORE_BROKEN' })
    writeFileSync(at('later.mdb'), '')
    await store.open()
    expect(await store.stats()).toEqual([])
    await store.close()
  })
})

describe('calls in a row', () => {
  it('leave timers and sockets their turn', async () => {
    const store = new LmdbStore({ path: at('turns.mdb') })
    await store.open()
    let turns = 0
    const timer = setInterval(() => turns++)
    for (let n = 0; n < 200 && turns === 0; n++) await store.stats()
    clearInterval(timer)
    await store.close()
    expect(turns).toBeGreaterThan(0)
  })
})
