import { appendFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { newJob } from '../../core/test/table-store/build.js'
import { sqliteStore } from '../src/index.js'
import { Wake } from '../src/wake.js'
import { Child } from './support/child.js'
import { newFile } from './support/place.js'

describe('Wake', () => {
  let version = 1
  let looks = 0
  let told = 0
  let wake: Wake
  const start = (log: string): void => {
    version = 1
    looks = told = 0
    wake = new Wake(
      log,
      () => {
        looks++
        if (version === 0) throw new Error('busy')
        return version
      },
      () => told++,
    )
  }

  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => {
    wake.stop()
    vi.useRealTimers()
  })

  test('at rest, with the log watched › looks four times a second', () => {
    const log = newFile('log')
    writeFileSync(log, '')
    start(log)
    vi.advanceTimersByTime(10_000)
    looks = 0
    vi.advanceTimersByTime(10_000)
    expect(looks).toBe(40)
    expect(told).toBe(0)
  })

  test('where the log cannot be watched › looks forty times a second', () => {
    start(newFile('no-log'))
    vi.advanceTimersByTime(10_000)
    looks = 0
    vi.advanceTimersByTime(10_000)
    expect(looks).toBe(400)
  })

  test('a commit elsewhere › is told once, and looked after closely for a while', () => {
    start(newFile('no-log'))
    vi.advanceTimersByTime(1000)
    version = 2
    for (let ms = 0; told === 0 && ms < 25; ms++) vi.advanceTimersByTime(1)
    expect(told).toBe(1)
    looks = 0
    vi.advanceTimersByTime(6)
    expect(looks).toBe(2)
    vi.advanceTimersByTime(10_000)
    expect(told).toBe(1)
  })

  test('a version that cannot be read › is nobody’s failure, and is read again', () => {
    start(newFile('no-log'))
    version = 0
    vi.advanceTimersByTime(100)
    expect(told).toBe(0)
    version = 2
    vi.advanceTimersByTime(25)
    expect(told).toBe(1)
  })

  test('a stir of the log › brings the next look forward', async () => {
    const log = newFile('log')
    writeFileSync(log, '')
    start(log)
    vi.advanceTimersByTime(10_000)
    for (looks = 0; looks === 0; ) vi.advanceTimersByTime(1)
    looks = 0 // the next one at rest is 250 ms away
    appendFileSync(log, 'frames')
    // The edge comes by the real loop, the looks after it by the fake clock: long before the next one at rest would be due.
    for (let ms = 0; looks === 0 && ms < 100; ms++) {
      await new Promise(setImmediate)
      vi.advanceTimersByTime(1)
    }
    expect(looks).toBe(1)
  })

  test('after stop › nothing is left running', () => {
    const log = newFile('log')
    writeFileSync(log, '')
    start(log)
    wake.stop()
    expect(vi.getTimerCount()).toBe(0)
    expect(process.getActiveResourcesInfo()).not.toContain('FSEventWrap')
  })
})

describe('hints', () => {
  test('a job that another process enqueues › wakes who listens here [HINT-1]', async () => {
    const path = newFile()
    await using store = sqliteStore({ path })
    await store.open()
    const hint = new Promise((resolve) => store.subscribe(resolve))
    const child = new Child('open-one', [path, 'a'])
    await child.hear()
    child.tell('go')
    expect(await hint).toEqual({})
    expect(await child.hear()).toBe('new')
    // The opening of the child's store may have been the first to wake us; the job itself comes with the next one at the latest.
    await vi.waitFor(async () => expect((await store.get(['a']))[0]?.id).toBe('a'))
  })

  test('writes of its own › wake by what they did, once a lane, and each job that ended', async () => {
    await using store = sqliteStore({ path: ':memory:' })
    await store.open()
    const hints: unknown[] = []
    const unsubscribe = store.subscribe((hint) => hints.push(hint))
    await store.exchange({ inserts: [newJob('a'), newJob('b'), newJob('c', { state: 'waiting', queue: 'video' })] })
    await store.exchange({ inserts: [newJob('a')] })
    const cancel = {
      guard: { version: 1 },
      set: { state: 'cancelled' as const },
      event: { type: 'cancelled', actor: null, detail: null },
    }
    await store.exchange({
      changes: [
        { id: 'b', ...cancel },
        { id: 'gone', ...cancel },
      ],
    })
    await store.configure([{ kind: 'paused', name: 'mail', value: '{}' }])
    await store.configure([{ kind: 'paused', name: 'mail', value: null }])
    unsubscribe()
    await store.exchange({ inserts: [newJob('d')] })
    expect(hints).toEqual([{ queue: 'mail' }, { queue: 'mail', jobId: 'b' }, { queue: 'mail' }])
  })

  test('nobody listens › nothing is watched, and the last one to go turns it off', async () => {
    const watchers = (): number => process.getActiveResourcesInfo().filter((one) => one === 'FSEventWrap').length
    const timers = vi.spyOn(globalThis, 'setTimeout')
    await using store = sqliteStore({ path: newFile() })
    await store.open()
    expect(timers).not.toHaveBeenCalled()
    const unsubscribe = [store.subscribe(() => {}), store.subscribe(() => {})]
    expect(timers).toHaveBeenCalled()
    unsubscribe[0]?.()
    unsubscribe[0]?.() // twice is once
    const after = timers.mock.calls.length
    await vi.waitFor(() => expect(timers.mock.calls.length).toBeGreaterThan(after))
    unsubscribe[1]?.()
    timers.mockClear()
    await new Promise(setImmediate)
    expect(watchers()).toBe(0)
    timers.mockRestore()
  })
})
