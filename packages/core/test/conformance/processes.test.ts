/** The processes that the suite starts: they obey, fail in words, and end. */
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import type { ProcessHook } from '../../src/conformance/options.js'
import { OtherProcess } from '../../src/conformance/processes/other-process.js'
import { RemoteStore } from '../../src/conformance/processes/remote-store.js'
import { newJob } from '../../src/conformance/stage/fixtures.js'
import { movableClock, START } from '../../src/conformance/stage/movable-clock.js'
import { isStintError } from '../../src/errors.js'
import { memoryTableStore } from '../../src/memory/memory-store.js'

const LONG = 60_000
const clock = movableClock()
const running: OtherProcess[] = []
const hook = (over: Partial<ProcessHook> = {}): ProcessHook => ({
  module: new URL('./processes/hook.ts', import.meta.url),
  execArgv: ['--no-warnings', '--import', new URL('../../../../scripts/with-sources.mjs', import.meta.url).href],
  ...over,
})

async function start(over: Partial<ProcessHook> = {}): Promise<OtherProcess> {
  const started = await OtherProcess.start(hook(over), 'a-space', clock)
  running.push(started)
  return started
}

afterEach(async () => {
  for (const one of running.splice(0)) await one.kill()
})

describe('another process', () => {
  it('makes the store of the module, with its export and arguments', { timeout: LONG }, async () => {
    const one = await start({ export: 'named', args: ['mine', { loud: true }] })
    assert.deepEqual(one.made, { name: 'mine in a-space!' })
  })

  it('answers calls as the store does, in the time of the suite’s clock', { timeout: LONG }, async () => {
    const store = new RemoteStore(await start(), memoryTableStore(), clock)
    await store.open()
    clock.set(START + 5000)
    const { inserts } = await store.exchange({ inserts: [newJob({ id: 'a', priority: 0, key: null })] })
    assert.equal(inserts[0]?.job.createdAt, START + 5000)
    assert.equal(await store.now(), START + 5000)
    assert.deepEqual(await store.get(['a', 'b']), [inserts[0]?.job, null])
    assert.equal((await store.feed({ after: 'start', limit: 5 })).caughtUp, true)
  })

  it('hands on the code of an error', { timeout: LONG }, async () => {
    const store = new RemoteStore(await start(), memoryTableStore(), clock)
    await store.open()
    await assert.rejects(store.feed({ after: 'nonsense', limit: 1 }), (error) => isStintError(error, 'CURSOR_INVALID'))
    await store.close()
    await assert.rejects(store.stats(), (error) => isStintError(error, 'STORE_CLOSED'))
  })

  it('that is killed › rejects what was under way and what comes later, and says how it ended', {
    timeout: LONG,
  }, async () => {
    const one = await start()
    await one.order({ do: 'call', method: 'open', args: [] })
    const writing = one.order({ do: 'write on', name: 'w' })
    await one.nextWrite()
    await Promise.all([one.kill(), assert.rejects(writing, /has ended \(SIGKILL\)/)])
    await assert.rejects(one.order({ do: 'call', method: 'stats', args: [] }), /has ended \(SIGKILL\)/)
    assert.deepEqual(one.writes[0], { n: 1, isDone: false, jobs: [], removed: [] })
  })

  const failures: readonly (readonly [string, Partial<ProcessHook>, RegExp])[] = [
    ['a module that is not there', { module: './nowhere.js' }, /could not make its store: .*nowhere\.js/],
    ['an export that is not there', { export: 'nobody' }, /could not make its store: .*no export 'nobody'/],
    ['a function that throws', { export: 'broken' }, /no store today/],
    ['a process that dies', { export: 'dying' }, /has ended \(exit code 3\); it printed:\s+goodbye/],
    ['an argument of Node that is wrong', { execArgv: ['--no-such-thing'] }, /it printed:.*--no-such-thing/s],
  ]
  for (const [what, over, says] of failures) {
    it(`${what} › is told in words, and no process is left`, { timeout: LONG }, async () => {
      await assert.rejects(start(over), says)
    })
  }
})
