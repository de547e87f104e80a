import { describe, expect, it } from 'vitest'
import { beat, edit, settle } from './calls.js'
import { fates, Stage, storeError, turn } from './stage.js'

describe('a report that is not sent yet', () => {
  it('joins the next one under the same lease: the later fields win, and one answer serves both', async () => {
    const stage = new Stage()
    const calls = [
      stage.coalescer.beat(beat('a', 't', { leaseMs: 1000, progress: '1', log: 'one' })),
      stage.coalescer.beat(beat('a', 't', { leaseMs: 500, progress: '2', checkpoint: '{}' })),
    ]
    const call = await stage.next()
    expect(call.batch.beats).toEqual([
      { id: 'a', token: 't', leaseMs: 500, progress: '2', log: 'one', checkpoint: '{}' },
    ])
    call.answer()
    expect(await fates(calls)).toEqual(['ok', 'ok'])
  })

  it('asks for the job back if either did', async () => {
    for (const [first, second] of [
      [{ returning: true }, {}],
      [{}, { returning: true }],
      [{ returning: true }, { returning: false }],
    ]) {
      const stage = new Stage()
      void stage.coalescer.beat(beat('a', 't', first))
      void stage.coalescer.beat(beat('a', 't', second))
      expect((await stage.next()).batch.beats?.[0]?.returning).toBe(true)
    }
  })

  it('does not join one under another lease', async () => {
    const stage = new Stage()
    void stage.coalescer.beat(beat('a', 't', { progress: '1' }))
    void stage.coalescer.beat(beat('a', 'u', { progress: '2' }))
    expect([await stage.pass(), await stage.pass()]).toEqual(['beats: a', 'beats: a'])
  })

  it('joins the settle of its lease: what it reports stands in the settle, the lease is not prolonged', async () => {
    const stage = new Stage()
    const calls = [
      stage.coalescer.beat(
        beat('a', 't', { leaseMs: 1000, progress: '1', checkpoint: '2', log: 'l', returning: true }),
      ),
      stage.coalescer.change(settle('a', 't', { result: '3' })),
    ]
    const call = await stage.next()
    expect(call.text).toBe('changes: a')
    expect(call.batch.changes).toEqual([
      {
        ...settle('a', 't', { result: '3', progress: '1', checkpoint: '2', log: 'l' }),
        returning: true,
      },
    ])
    call.answer()
    expect(await fates(calls)).toEqual(['ok', 'ok'])
  })

  it('is overruled by what the change says itself, null included', async () => {
    const stage = new Stage()
    void stage.coalescer.beat(beat('a', 't', { progress: '1', checkpoint: '2' }))
    void stage.coalescer.change(settle('a', 't', { progress: '9', checkpoint: null }))
    expect((await stage.next()).batch.changes?.[0]?.set).toEqual({
      state: 'succeeded',
      progress: '9',
      checkpoint: null,
    })
  })

  it('prolongs the lease through a change that keeps it, unless the change says how long', async () => {
    for (const [set, leaseMs] of [
      [{ state: 'running' }, 1000],
      [{}, 1000],
      [{ leaseMs: 7 }, 7],
      [{ state: 'queued' }, undefined],
    ] as const) {
      const stage = new Stage()
      void stage.coalescer.beat(beat('a', 't', { leaseMs: 1000 }))
      void stage.coalescer.change({ ...edit('a'), guard: { token: 't' }, set })
      expect((await stage.next()).batch.changes?.[0]?.set.leaseMs).toBe(leaseMs)
    }
  })

  it('does not join a change that is judged by anything but the same token', async () => {
    for (const guard of [
      { token: 'u' },
      { token: 't', states: ['leased'] },
      { token: 't', version: 3 },
      { token: 't', leaseOver: true },
      { states: ['running'] },
    ] as const) {
      const stage = new Stage()
      void stage.coalescer.beat(beat('a', 't', { progress: '1' }))
      void stage.coalescer.change({ ...edit('a'), guard })
      expect(await stage.pass()).toBe('beats: a')
      const { batch } = await stage.next()
      expect(batch.beats).toEqual([])
      expect(batch.changes?.[0]?.set).toEqual({ priority: 50 })
    }
  })

  it('passes no call that was made between the two', async () => {
    const stage = new Stage()
    void stage.coalescer.beat(beat('a', 't', { progress: '1' }))
    void stage.coalescer.change(edit('a'))
    void stage.coalescer.beat(beat('a', 't', { progress: '2' }))
    expect([await stage.pass(), await stage.pass(), await stage.pass()]).toEqual(['beats: a', 'changes: a', 'beats: a'])
  })

  it('joins nothing once it is under way', async () => {
    const stage = new Stage()
    void stage.coalescer.beat(beat('a', 't', { progress: '1' }))
    const first = await stage.next()
    void stage.coalescer.beat(beat('a', 't', { progress: '2' }))
    void stage.coalescer.change(settle('a', 't'))
    await turn()
    expect(first.batch.beats).toEqual([beat('a', 't', { progress: '1' })])
    first.answer()
    expect((await stage.next()).batch.changes?.[0]?.set.progress).toBe('2')
  })

  it('shares the fate of the settle it joined: refused with it, failed with it', async () => {
    const stage = new Stage()
    const pair = () => [stage.coalescer.beat(beat('a', 't')), stage.coalescer.change(settle('a', 't'))]
    const refused = pair()
    ;(await stage.next()).answer({ changes: [{ ok: false, why: 'missing', job: null }] })
    for (const call of refused) expect((await call).result).toEqual({ ok: false, why: 'missing', job: null })
    const failed = pair()
    await stage.fail(storeError('STORE_UNAVAILABLE'))
    expect(await fates(failed)).toEqual(['STORE_UNAVAILABLE', 'STORE_UNAVAILABLE'])
  })

  it('twenty thousand in one turn are one write, and all are answered', async () => {
    const stage = new Stage()
    const calls = Array.from({ length: 20_000 }, (_, i) => stage.coalescer.beat(beat('a', 't', { progress: `${i}` })))
    const call = await stage.next()
    expect(call.batch.beats).toEqual([beat('a', 't', { progress: '19999' })])
    call.answer()
    expect(new Set(await fates(calls))).toEqual(new Set(['ok']))
    expect(await stage.quiet()).toEqual([])
  })

  it('counts once against the size of a batch, however often it was replaced', async () => {
    const stage = new Stage()
    void stage.coalescer.change(edit('first'))
    for (let i = 0; i < 9; i++) void stage.coalescer.beat(beat('a', 't', { checkpoint: 'x'.repeat(2 ** 20) }))
    expect(await stage.pass()).toBe('changes: first · beats: a')
  })
})
