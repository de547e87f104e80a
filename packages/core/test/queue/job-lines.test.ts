import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { JobLines } from '../../src/job-lines.js'
import { gate } from './world.js'

/** Everything that can settle by itself has. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

describe('lines', () => {
  test('nobody in the line › begins at once, in this very turn', async () => {
    const lines = new JobLines()
    let begun = false
    const over = lines.run('a', async () => {
      begun = true
    })
    assert.equal(begun, true)
    await over
  })

  test('calls about one job › one after the other, in the order made; of another job › not held up', async () => {
    const lines = new JobLines()
    const log: string[] = []
    const holds = [gate(), gate(), gate()]
    const calls = holds.map((hold, i) =>
      lines.run('a', async () => {
        log.push(`begin ${i}`)
        await hold.promise
        log.push(`end ${i}`)
        return i
      }),
    )
    await lines.run('b', async () => void log.push('other'))
    holds[2]!.open()
    holds[1]!.open()
    await turn()
    assert.deepEqual(log, ['begin 0', 'other'])
    holds[0]!.open()
    assert.deepEqual(await Promise.all(calls), [0, 1, 2])
    assert.deepEqual(log.slice(2), ['end 0', 'begin 1', 'end 1', 'begin 2', 'end 2'])
  })

  test('one that rejects › is its caller’s alone; the next goes on', async () => {
    const lines = new JobLines()
    const first = lines.run('a', () => Promise.reject(new Error('no')))
    const second = lines.run('a', async () => 'yes')
    await assert.rejects(first, /no/)
    assert.equal(await second, 'yes')
  })

  test('a call about several jobs › waits for the lines of all, and stands in all of them; the same id twice is fine', async () => {
    const lines = new JobLines()
    const log: string[] = []
    const [a, b, both] = [gate(), gate(), gate()]
    void lines.run('a', () => a.promise)
    void lines.run('b', () => b.promise)
    const all = lines.runAll(['a', 'b', 'c', 'a'], async () => {
      log.push('all')
      await both.promise
    })
    const later = ['a', 'b', 'c'].map((id) => lines.run(id, async () => void log.push(id)))
    a.open()
    await turn()
    assert.deepEqual(log, [])
    b.open()
    await turn()
    assert.deepEqual(log, ['all'])
    both.open()
    await Promise.all([all, ...later])
    assert.deepEqual(log.sort(), ['a', 'all', 'b', 'c'])
  })

  test('idle › when nobody stands in any line, also when more come meanwhile; at once when there is none', async () => {
    const lines = new JobLines()
    await lines.idle()
    const [first, second] = [gate(), gate()]
    let isIdle = false
    void lines.run('a', async () => {
      await first.promise
      void lines.run('b', () => second.promise)
    })
    void lines.idle().then(() => {
      isIdle = true
    })
    first.open()
    await turn()
    assert.equal(isIdle, false)
    second.open()
    await turn()
    assert.equal(isIdle, true)
  })
})
