import { isStintError } from '@stint/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { beat, claim, edit, newJob } from './calls.js'
import { accepted, fate, fates, Stage, storeError, turn } from './stage.js'

const unhandled: unknown[] = []
const note = (error: unknown): void => void unhandled.push(error)
beforeAll(() => void process.on('unhandledRejection', note))
afterAll(async () => {
  await turn()
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

/** Their promises are this file's to handle, from the start; what else rejects came from inside. */
function inserts(stage: Stage, ids: string) {
  const calls = ids.split(' ').map((id) => stage.coalescer.insert(newJob(id)))
  for (const call of calls) call.catch(() => {})
  return calls
}

describe('an error about the store', () => {
  for (const code of ['STORE_UNAVAILABLE', 'STORE_CLOSED', 'STORE_INCOMPATIBLE', 'ABORTED'] as const) {
    it(`${code} rejects every item with it, and the store is left in peace`, async () => {
      const stage = new Stage()
      const calls = [...inserts(stage, 'a b'), stage.coalescer.beat(beat('c', 't'))]
      await stage.fail(storeError(code))
      expect(await fates(calls)).toEqual([code, code, code])
      expect(await stage.quiet()).toEqual([])
      expect(stage.pauses).toEqual([])
    })
  }

  it('is over with its batch: the next one is sent as ever', async () => {
    const stage = new Stage()
    const lost = stage.coalescer.insert(newJob('a'))
    await stage.fail(storeError('STORE_UNAVAILABLE'))
    await fate(lost)
    const next = stage.coalescer.insert(newJob('a'))
    await stage.pass()
    expect(await fate(next)).toBe('ok')
  })
})

describe('an error after which surely nothing happened', () => {
  it('is followed down to the culprit by halves; the neighbours succeed, none of them as repeated', async () => {
    const stage = new Stage()
    const calls = inserts(stage, 'a b c d bad f g h')
    const sent: string[] = []
    for (let i = 0; i < 7; i++) {
      const call = await stage.next()
      sent.push(call.text)
      if (call.batch.inserts?.some((job) => job.id === 'bad')) call.fail(storeError('TOO_LARGE'))
      else call.answer()
    }
    expect(sent.map((text) => text.slice('inserts: '.length))).toEqual([
      'a b c d bad f g h',
      'a b c d',
      'bad f g h',
      'bad f',
      'bad',
      'f',
      'g h',
    ])
    expect(await fates(calls)).toEqual(['ok', 'ok', 'ok', 'ok', 'TOO_LARGE', 'ok', 'ok', 'ok'])
    expect(await stage.quiet()).toEqual([])
  })

  it('several culprits are all found, each with its own error', async () => {
    const stage = new Stage()
    const calls = inserts(stage, 'large a broken b')
    const over = Promise.all(calls.map(fate))
    let isOver = false
    void over.then(() => (isOver = true))
    while (!isOver) {
      const call = await Promise.race([stage.next(), over.then(() => null)])
      if (!call) break
      const ids = call.batch.inserts?.map((job) => job.id) ?? []
      if (ids.includes('large')) call.fail(storeError('TOO_LARGE'))
      else if (ids.includes('broken')) call.fail(storeError('STORE_BROKEN'))
      else call.answer()
    }
    expect(await over).toEqual(['TOO_LARGE', 'ok', 'STORE_BROKEN', 'ok'])
  })
})

describe('an outcome that is not known', () => {
  it('is never split: each item goes again alone and in order, a claim as one that may have been sent before', async () => {
    const stage = new Stage()
    const calls = [
      stage.coalescer.insert(newJob('a')),
      stage.coalescer.claim(() => claim('t')),
      stage.coalescer.change(edit('b')),
      stage.coalescer.beat(beat('c', 't')),
    ]
    await stage.fail(storeError('OUTCOME_UNKNOWN'))
    await stage.wake()
    const sent = [await stage.pass(), await stage.pass(), await stage.pass(), await stage.pass()]
    expect(sent).toEqual(['inserts: a', 'claims: t again', 'changes: b', 'beats: c'])
    expect(await fates(calls)).toEqual(Array(4).fill('ok, repeated'))
  })

  it('costs one pause in all when the store answers again', async () => {
    const stage = new Stage()
    const calls = inserts(stage, 'a b c d e f')
    await stage.fail(storeError('OUTCOME_UNKNOWN'))
    await stage.wake()
    for (const _ of calls) await stage.pass()
    expect(await fates(calls)).toEqual(Array(6).fill('ok, repeated'))
    expect(stage.pauses).toEqual([])
  })

  it('is tried three times with growing pauses of chance, then told as it is, with its cause', async () => {
    const stage = new Stage()
    const [call] = inserts(stage, 'a')
    const pauses: number[] = []
    for (const random of [0, 0.5, 0.99]) {
      stage.random = random
      await stage.fail(storeError('OUTCOME_UNKNOWN'))
      pauses.push(await stage.wake())
    }
    await stage.fail(new RangeError('the last thing heard'))
    const error = await call?.catch((reason: unknown) => reason)
    expect(pauses).toEqual([50 * 0.5, 100 * 1, 200 * 1.49])
    expect(isStintError(error, 'OUTCOME_UNKNOWN') && error.cause).toEqual(new RangeError('the last thing heard'))
    expect(await stage.quiet()).toEqual([])
  })

  it('is never called "unavailable", though every later try was', async () => {
    const stage = new Stage()
    const call = stage.coalescer.insert(newJob('a'))
    await stage.fail(storeError('OUTCOME_UNKNOWN'))
    for (let i = 0; i < 3; i++) {
      await stage.wake()
      await stage.fail(storeError('STORE_UNAVAILABLE'))
    }
    expect(await fate(call)).toBe('OUTCOME_UNKNOWN')
  })

  it('is the fate of all the rest at once, when the store stays away after it', async () => {
    const stage = new Stage()
    const calls = inserts(stage, 'a b c')
    await stage.fail(storeError('OUTCOME_UNKNOWN'))
    await stage.wake()
    await stage.pass()
    for (let i = 0; i < 3; i++) {
      if (i > 0) await stage.wake()
      expect(await stage.fail(storeError('STORE_UNAVAILABLE'))).toBe('inserts: b')
    }
    expect(await fates(calls)).toEqual(['ok, repeated', 'OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN'])
    expect(await stage.quiet()).toEqual([])
  })

  it('is not tried again with a store that was closed meanwhile', async () => {
    const stage = new Stage()
    const calls = inserts(stage, 'a b')
    await stage.fail(storeError('OUTCOME_UNKNOWN'))
    await stage.wake()
    await stage.fail(storeError('STORE_CLOSED'))
    expect(await fates(calls)).toEqual(['OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN'])
    expect(await stage.quiet()).toEqual([])
    expect(stage.pauses).toEqual([])
  })

  it('of one item is no other’s: those behind it are each tried, and succeed', async () => {
    const stage = new Stage()
    const calls = inserts(stage, 'poison b c')
    await stage.fail(new TypeError('cannot read properties of a bug'))
    for (let i = 0; i < 3; i++) {
      await stage.wake()
      expect(await stage.fail(new TypeError('cannot read properties of a bug'))).toBe('inserts: poison')
    }
    await stage.wake()
    expect([await stage.pass(), await stage.pass()]).toEqual(['inserts: b', 'inserts: c'])
    expect(await fates(calls)).toEqual(['OUTCOME_UNKNOWN', 'ok, repeated', 'ok, repeated'])
  })

  it('of a store that says nothing for half a minute is told to all, so that the calls behind the batch may go', async () => {
    const stage = new Stage()
    const calls = inserts(stage, 'a b c d')
    await stage.fail(storeError('OUTCOME_UNKNOWN'))
    const tried: string[] = []
    for (let i = 0; i < 3; i++) {
      await stage.wake()
      const call = await stage.next()
      tried.push(call.text)
      stage.now += 10_000
      call.fail(storeError('OUTCOME_UNKNOWN'))
    }
    expect(await fates(calls)).toEqual(Array(4).fill('OUTCOME_UNKNOWN'))
    expect(tried).toEqual(Array(3).fill('inserts: a'))
    const next = stage.coalescer.insert(newJob('e'))
    await stage.pass()
    expect(await fate(next)).toBe('ok')
  })

  it('a slow store that does answer is given its time, however long all the answers take together', async () => {
    const stage = new Stage()
    const calls = inserts(stage, 'a b c d')
    await stage.fail(storeError('OUTCOME_UNKNOWN'))
    await stage.wake()
    for (const _ of calls) {
      const call = await stage.next()
      stage.now += 20_000
      call.answer()
    }
    expect(await fates(calls)).toEqual(Array(4).fill('ok, repeated'))
  })

  it('ends with the error of a repeat that surely changed nothing', async () => {
    const stage = new Stage()
    const calls = inserts(stage, 'a b')
    await stage.fail(storeError('OUTCOME_UNKNOWN'))
    await stage.wake()
    await stage.fail(storeError('TOO_LARGE'))
    await stage.pass()
    expect(await fates(calls)).toEqual(['TOO_LARGE', 'ok, repeated'])
  })

  it('holds up later calls about its job, and only those of its batch', async () => {
    const stage = new Stage({ inFlight: 2 })
    void stage.coalescer.change(edit('a', 1)).catch(() => {})
    await stage.fail(storeError('OUTCOME_UNKNOWN'))
    void stage.coalescer.change(edit('a', 2))
    void stage.coalescer.change(edit('b'))
    expect(await stage.pass()).toBe('changes: b')
    await stage.wake()
    expect((await stage.next()).batch.changes?.[0]?.set.priority).toBe(1)
  })
})

describe('a store that breaks the contract', () => {
  const answers: [string, (stage: Stage) => unknown][] = [
    ['too few answers', () => ({ inserts: [], changes: [], beats: [], claims: [] })],
    ['too many answers', () => accepted({ inserts: [newJob('a'), newJob('b'), newJob('c')] })],
    ['answers nobody asked for', () => accepted({ inserts: [newJob('a'), newJob('b')], beats: [beat('c', 't')] })],
    ['nothing', () => null],
    ['a part that is missing', () => ({ changes: [] })],
  ]
  for (const [what, given] of answers) {
    it(`${what}: every item rejects with STORE_BROKEN, and nothing is left under way`, async () => {
      const stage = new Stage()
      const calls = inserts(stage, 'a b')
      ;(await stage.next()).answer(given(stage))
      expect(await fates(calls)).toEqual(['STORE_BROKEN', 'STORE_BROKEN'])
      const next = stage.coalescer.insert(newJob('a'))
      await stage.pass()
      expect(await fate(next)).toBe('ok')
    })
  }

  it('an exchange that throws at once is an outcome that is not known', async () => {
    let calls = 0
    const stage = new Stage()
    const store = {
      name: 'thrower',
      capabilities: stage.capabilities,
      exchange: () => {
        if (calls++ > 0) throw storeError('STORE_CLOSED')
        throw new RangeError('not even a promise')
      },
    }
    const thrown = new Stage({ store })
    const call = thrown.coalescer.insert(newJob('a'))
    await thrown.wake()
    expect(await fate(call)).toBe('OUTCOME_UNKNOWN')
    expect(calls).toBe(2)
  })

  it('a clock of the user’s that throws leaves nobody waiting', async () => {
    const stage = new Stage()
    Object.defineProperty(stage.pauses, 'push', {
      value: () => {
        throw new Error('no timers here')
      },
    })
    const calls = inserts(stage, 'a b')
    await stage.fail(storeError('OUTCOME_UNKNOWN'))
    expect(await fates(calls)).toEqual(['OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN'])
    await stage.coalescer.idle()
  })
})
