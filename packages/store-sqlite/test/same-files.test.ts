import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { checkInvariants } from '@stint/core/conformance'
import { describe, expect, test } from 'vitest'
import { newJob } from '../../core/test/table-store/build.js'
import { sqliteStore } from '../src/index.js'
import { newFile } from './support/place.js'

const aside = (path: string): string => join(dirname(path), 'aside.db')

const GONE: readonly (readonly [what: string, name: RegExp, happens: (path: string) => void])[] = [
  ['deleted', /jobs\.db was/, (path) => rmSync(path)],
  ['deleted with its log', /jobs\.db was/, (path) => ['', '-wal', '-shm'].forEach((end) => void rmSync(path + end))],
  ['moved away', /jobs\.db was/, (path) => renameSync(path, aside(path))],
  [
    'replaced by a copy of it',
    /jobs\.db was/,
    (path) => {
      copyFileSync(path, aside(path))
      renameSync(aside(path), path)
    },
  ],
  ['bereft of its log', /jobs\.db-wal was/, (path) => rmSync(`${path}-wal`)],
  ['gone with its folder', /jobs\.db was/, (path) => rmSync(dirname(path), { recursive: true })],
]

/** An open store in a folder of its own, with one job. */
async function opened() {
  const folder = newFile('folder')
  mkdirSync(folder)
  const path = join(folder, 'jobs.db')
  const store = sqliteStore({ path })
  await store.open()
  await store.exchange({ inserts: [newJob('a')] })
  return { path, store }
}

// Windows lets nobody delete or replace a file that is open.
describe.skipIf(process.platform === 'win32')('a file that is open and', () => {
  test.each(GONE)(
    '%s › takes no job more: STORE_UNAVAILABLE that names it and says what to do',
    async (_, name, happens) => {
      const { path, store } = await opened()
      happens(path)
      const write = store.exchange({ inserts: [newJob('b')] })
      await expect(write).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { store: 'sqlite' } })
      await expect(write).rejects.toThrow(name)
      await expect(write).rejects.toThrow(/deleted, moved or replaced.*Nothing was written\. Start the program again/)
      expect((await store.get(['a', 'b'])).map((job) => job?.id)).toEqual(['a', undefined])
      await store.close()
    },
  )

  test('moved away and back › works on, nothing lost', async () => {
    const { path, store } = await opened()
    renameSync(path, aside(path))
    await expect(store.exchange({ inserts: [newJob('b')] })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    renameSync(aside(path), path)
    await store.exchange({ inserts: [newJob('b')] })
    await checkInvariants(store)
    await store.close()
    await using again = sqliteStore({ path })
    await again.open()
    expect((await again.get(['a', 'b'])).map((job) => job?.id)).toEqual(['a', 'b'])
  })

  test('opened and closed by others, copied to the log and read › is the same file still', async () => {
    const { path, store } = await opened()
    for (const id of ['b', 'c']) {
      const other = sqliteStore({ path })
      await other.open()
      await other.exchange({ inserts: [newJob(id)] })
      await other.close()
      expect(existsSync(`${path}-wal`)).toBe(true)
      await store.exchange({ inserts: [newJob(`${id}${id}`)] })
    }
    await checkInvariants(store)
    await store.close()
  })
})
