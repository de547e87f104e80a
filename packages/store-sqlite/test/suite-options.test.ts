import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { type ConformanceOptions, type EngineHooks, runConformance } from '@stint/core/conformance'
import { conformance } from '@stint/store-sqlite/conformance'
import { describe, expect, test } from 'vitest'
import { newJob } from '../../core/test/table-store/build.js'
import { Child } from './support/child.js'
import { newFile } from './support/place.js'

const HOOKS_IN_MEMORY: readonly (keyof EngineHooks)[] = ['cannot', 'commits', 'statements', 'work']

/** Beside the file of the URL. */
const filesBeside = (file: string): string[] =>
  readdirSync(dirname(file)).filter((name) => name.startsWith(`${basename(file)}.`))

const outcomesOf = async (options: ConformanceOptions, ...only: string[]): Promise<Record<string, number>> => {
  const { passed, failed, cases } = await runConformance({ ...options, only, crowd: 2000 })
  expect(cases.filter(({ outcome }) => outcome === 'failed').map(({ name, reason }) => `${name}: ${reason}`)).toEqual(
    [],
  )
  return { passed, failed }
}

async function openedIn(options: ConformanceOptions, space: string) {
  const store = await options.store(space, {})
  await store.open()
  return store
}

const countsOf = ({ engine }: ConformanceOptions): (number | undefined)[] => [
  engine?.statements?.(),
  engine?.commits?.(),
  engine?.work?.(),
]

describe('conformance(url)', () => {
  test('spaces are files beside the file of the URL, which stays as it is; destroy leaves nothing of them', async () => {
    const file = newFile()
    writeFileSync(file, 'not a database')
    const options = conformance(`sqlite:${file}`)
    const stores = [await openedIn(options, 'one'), await openedIn(options, 'other'), await openedIn(options, 'one')]
    await stores[0]?.exchange({ inserts: [newJob('a')] })
    expect(filesBeside(file).filter((name) => name.endsWith('.db'))).toEqual([
      `${basename(file)}.one.db`,
      `${basename(file)}.other.db`,
    ])
    expect(await Promise.all(stores.map(async (store) => (await store.get(['a']))[0]?.id))).toEqual([
      'a',
      undefined,
      'a',
    ])
    for (const store of stores) await store.close()
    for (const space of ['one', 'other']) await options.destroy?.(space)
    expect(filesBeside(file)).toEqual([])
    expect(readFileSync(file, 'utf8')).toBe('not a database')
  })

  test('a folder that is not there › STORE_UNAVAILABLE, at once', () => {
    expect(() => conformance(`sqlite:${newFile()}/jobs.db`)).toThrow(
      expect.objectContaining({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringMatching(/no folder .*\.db for .*jobs\.db/),
      }),
    )
  })

  test('the options in the URL hold for every store and hook; those of the suite go before them', async () => {
    const options = conformance(`sqlite:${newFile()}?synchronous=NORMAL&tablePrefix=own_&deadline=7s`)
    expect((await options.store('one', {})).capabilities.survivesPowerLoss).toBe(false)
    expect(await outcomesOf(options, 'open', 'FAULT-2')).toEqual({ passed: expect.any(Number), failed: 0 })
  }, 30_000)

  test('in memory › each store has a database of its own, and what needs another handle is not offered', async () => {
    const options = conformance('sqlite::memory:')
    await using one = await openedIn(options, 'one')
    await using other = await openedIn(options, 'one')
    await one.exchange({ inserts: [newJob('a')] })
    expect(await other.get(['a'])).toEqual([null])
    expect(Object.keys(options.engine ?? {}).sort()).toEqual(HOOKS_IN_MEMORY)
    expect(await outcomesOf(options, 'open', 'BATCH', 'CLAIM-7')).toEqual({ passed: expect.any(Number), failed: 0 })
  }, 30_000)

  test('without a URL › two suites never meet', async () => {
    const [here, there] = [conformance(), conformance()]
    {
      await using store = await openedIn(here, 'one')
      await using other = await openedIn(there, 'one')
      await store.exchange({ inserts: [newJob('a')] })
      expect(await other.get(['a'])).toEqual([null])
    }
    for (const options of [here, there]) await options.destroy?.('one')
  })

  test('another process makes the same options and finds the space, wherever it was started', async () => {
    const file = relative(process.cwd(), newFile('a file? #1'))
    const options = conformance(`sqlite:${file.replace(/[?#]/g, encodeURIComponent)}`)
    {
      await using store = await openedIn(options, 'one')
      await store.exchange({ inserts: [newJob('a', { payload: '"here"' })] })
      const { module, args } = options.engine?.processes ?? {}
      const child = new Child('in-space', [String(module), JSON.stringify(args), 'one', 'a'], {
        cwd: import.meta.dirname,
      })
      expect(await child.hear()).toBe('"here"')
      expect(await child.ended()).toBe(0)
    }
    await options.destroy?.('one')
  })
})

describe('what is counted', () => {
  test('a write › one commit; a read › none', async () => {
    const options = conformance('sqlite::memory:')
    await using store = await openedIn(options, 'one')
    const step = async (work: () => Promise<unknown>): Promise<number[]> => {
      const before = countsOf(options)
      await work()
      return countsOf(options).map((count, n) => (count ?? 0) - (before[n] ?? 0))
    }
    // begin, the job, its event, the count of its lane, commit
    expect(await step(() => store.exchange({ inserts: [newJob('a')] }))).toEqual([5, 1, 5])
    // begin, the job, commit, and the row that it gave
    expect(await step(() => store.get(['a']))).toEqual([3, 0, 4])
    expect(await step(() => store.get(['b']))).toEqual([3, 0, 3])
  })

  test('only stores of these very options are', async () => {
    const [counted, idle] = [conformance('sqlite::memory:'), conformance('sqlite::memory:')]
    await using store = await openedIn(counted, 'one')
    await store.exchange({ inserts: [newJob('a')] })
    expect(countsOf(idle)).toEqual([0, 0, 0])
    expect(countsOf(counted).every((count) => (count ?? 0) > 0)).toBe(true)
  })
})
