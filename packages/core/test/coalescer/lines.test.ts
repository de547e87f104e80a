import { describe, expect, it } from 'vitest'
import { beat, claim, edit, newJob, settle } from './calls.js'
import { fate, fates, Stage, storeError, turn } from './stage.js'

describe('calls about one job', () => {
  it('go out in the order they were made, one batch after the other; calls about other jobs pass them', async () => {
    const stage = new Stage()
    void stage.coalescer.insert(newJob('a'))
    void stage.coalescer.change(edit('a', 1))
    void stage.coalescer.change(edit('b'))
    void stage.coalescer.change(edit('a', 2))
    void stage.coalescer.insert(newJob('c'))
    expect([await stage.pass(), await stage.pass()]).toEqual(['inserts: a c · changes: b', 'changes: a'])
    expect((await stage.next()).batch.changes?.[0]?.set).toEqual({ priority: 2 })
  })

  it('no id stands twice in a batch, whatever the parts', async () => {
    const stage = new Stage()
    void stage.coalescer.change(settle('a', 't'))
    void stage.coalescer.beat(beat('a', 't'))
    void stage.coalescer.insert(newJob('a'))
    expect([await stage.pass(), await stage.pass(), await stage.pass()]).toEqual([
      'changes: a',
      'beats: a',
      'inserts: a',
    ])
  })

  it('a claim stands in nobody’s line', async () => {
    const stage = new Stage()
    void stage.coalescer.change(edit('a'))
    void stage.coalescer.claim(() => claim('t', [{ ids: ['a'] }]))
    void stage.coalescer.claim(() => claim('u', [{ ids: ['a'] }]))
    expect(await stage.pass()).toBe('changes: a · claims: t u')
  })

  it('with two batches under way, the second has no job of the first', async () => {
    const stage = new Stage({ inFlight: 2 })
    void stage.coalescer.change(edit('a', 1))
    const first = await stage.next()
    void stage.coalescer.change(edit('a', 2))
    void stage.coalescer.change(edit('b'))
    const second = await stage.next()
    expect(second.text).toBe('changes: b')
    second.answer()
    expect(await stage.quiet()).toEqual([])
    first.answer()
    expect(await stage.pass()).toBe('changes: a')
  })

  it('with two batches under way, a batch that is split or repeated is not overtaken by later calls of its jobs', async () => {
    const stage = new Stage({ inFlight: 2 })
    const calls = [stage.coalescer.change(edit('a', 1)), stage.coalescer.change(edit('b', 1))]
    const ended = fates(calls)
    const first = await stage.next()
    void stage.coalescer.change(edit('b', 2))
    void stage.coalescer.change(edit('c'))
    expect(await stage.pass()).toBe('changes: c')
    first.fail(storeError('TOO_LARGE'))
    await stage.fail(storeError('TOO_LARGE'))
    await stage.fail(storeError('OUTCOME_UNKNOWN'))
    expect(await stage.quiet()).toEqual([])
    await stage.wake()
    const again = await stage.next()
    expect(again.batch.changes?.[0]?.set).toEqual({ priority: 1 })
    again.answer()
    expect((await stage.next()).batch.changes?.[0]?.set).toEqual({ priority: 2 })
    expect(await ended).toEqual(['TOO_LARGE', 'ok, repeated'])
  })

  it('ten thousand of them cost no more each than ten', async () => {
    const stage = new Stage()
    const many = Array.from({ length: 10_000 }, (_, i) => stage.coalescer.change(edit('a', i)))
    const order: unknown[] = []
    for (let i = 0; i < many.length; i++) {
      const call = await stage.next()
      order.push(call.batch.changes?.[0]?.set.priority)
      call.answer()
    }
    expect(order).toEqual(many.map((_, i) => i))
  })
})

describe('inserts that go together', () => {
  it('are a batch of their own, behind what was called before and before what was called after', async () => {
    const stage = new Stage()
    void stage.coalescer.insert(newJob('a'))
    const together = stage.coalescer.insertTogether([newJob('b'), newJob('c')])
    void stage.coalescer.insert(newJob('d'))
    expect([await stage.pass(), await stage.pass(), await stage.pass()]).toEqual([
      'inserts: a',
      'inserts: b c',
      'inserts: d',
    ])
    const { result, repeated } = await together
    expect(result.map((one) => one.job.id)).toEqual(['b', 'c'])
    expect(repeated).toBe(false)
  })

  it('wait until each of them is the first in the line of its job, and hold up the lines they stand in', async () => {
    const stage = new Stage()
    void stage.coalescer.insert(newJob('a'))
    void stage.coalescer.change(edit('a', 1))
    void stage.coalescer.insertTogether([newJob('a'), newJob('b')])
    void stage.coalescer.change(edit('b'))
    const sent = [await stage.pass(), await stage.pass(), await stage.pass(), await stage.pass()]
    expect(sent).toEqual(['inserts: a', 'changes: a', 'inserts: a b', 'changes: b'])
  })

  it('two sets over the same jobs in opposite order both come through', async () => {
    const stage = new Stage()
    const calls = [
      stage.coalescer.insertTogether([newJob('a'), newJob('b')]),
      stage.coalescer.insertTogether([newJob('b'), newJob('a')]),
    ]
    expect([await stage.pass(), await stage.pass()]).toEqual(['inserts: a b', 'inserts: b a'])
    expect(await fates(calls)).toEqual(['ok', 'ok'])
  })

  it('none is none, and no call of the store', async () => {
    const stage = new Stage()
    expect(await stage.coalescer.insertTogether([])).toEqual({ result: [], repeated: false })
    expect(await stage.quiet()).toEqual([])
  })

  it('an id given twice, or more than 500, is a TypeError and blocks nobody', async () => {
    const stage = new Stage()
    await expect(stage.coalescer.insertTogether([newJob('a'), newJob('a')])).rejects.toThrow(TypeError)
    const many = Array.from({ length: 501 }, (_, i) => newJob(`j${i}`))
    await expect(stage.coalescer.insertTogether(many)).rejects.toThrow(TypeError)
    void stage.coalescer.insert(newJob('a'))
    expect(await stage.pass()).toBe('inserts: a')
  })

  it('with atomic batches they are refused together, never split', async () => {
    const stage = new Stage()
    const together = stage.coalescer.insertTogether([newJob('a'), newJob('b')])
    await stage.fail(storeError('TOO_LARGE'))
    expect(await fate(together)).toBe('TOO_LARGE')
    expect(await stage.quiet()).toEqual([])
  })

  it('after an outcome that is not known they are repeated whole', async () => {
    const stage = new Stage()
    const together = stage.coalescer.insertTogether([newJob('a'), newJob('b')])
    await stage.fail(storeError('OUTCOME_UNKNOWN'))
    await stage.wake()
    expect(await stage.pass()).toBe('inserts: a b')
    expect(await fate(together)).toBe('ok, repeated')
  })

  it('without atomic batches the culprit alone is left out, also when the whole is repeated', async () => {
    const stage = new Stage()
    stage.capabilities.atomicBatches = false
    const together = stage.coalescer.insertTogether(['a', 'big', 'c'].map((id) => newJob(id)))
    await stage.fail(storeError('OUTCOME_UNKNOWN'))
    await stage.wake()
    expect(await stage.fail(storeError('TOO_LARGE'))).toBe('inserts: a big c')
    expect(await stage.pass()).toBe('inserts: a')
    expect(await stage.fail(storeError('TOO_LARGE'))).toBe('inserts: big')
    expect(await stage.pass()).toBe('inserts: c')
    expect(await fate(together)).toBe('TOO_LARGE')
    await turn()
    expect(stage.coalescer.pending).toBe(0)
  })
})
