import { subscribe, tracingChannel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { beat, claim, edit, newJob, settle } from './calls.js'
import { fate, fates, Stage, storeError, turn } from './stage.js'

describe('batches', () => {
  it('the first call goes at the end of its turn, with all that were made in it', async () => {
    const stage = new Stage()
    const calls = [
      stage.coalescer.insert(newJob('a')),
      stage.coalescer.change(edit('b')),
      stage.coalescer.beat(beat('c', 't')),
    ]
    expect(stage.busy).toBe(0)
    const call = await stage.next()
    expect(call.text).toBe('inserts: a · changes: b · beats: c')
    call.answer()
    expect(await fates(calls)).toEqual(['ok', 'ok', 'ok'])
  })

  it('a lone caller waits for no timer', async () => {
    const stage = new Stage()
    const call = stage.coalescer.insert(newJob('a'))
    expect(await stage.pass()).toBe('inserts: a')
    expect(await fate(call)).toBe('ok')
    expect(stage.pauses).toEqual([])
  })

  it('calls made while a batch is under way gather, and go together as the next one', async () => {
    const stage = new Stage()
    void stage.coalescer.insert(newJob('a'))
    const first = await stage.next()
    void stage.coalescer.insert(newJob('b'))
    await turn()
    void stage.coalescer.insert(newJob('c'))
    expect(await stage.quiet()).toEqual([])
    first.answer()
    expect(await stage.pass()).toBe('inserts: b c')
  })

  it('each caller gets the answer to its own question', async () => {
    const stage = new Stage()
    const calls = [
      stage.coalescer.insert(newJob('a')),
      stage.coalescer.change(edit('b')),
      stage.coalescer.insert(newJob('c')),
      stage.coalescer.beat(beat('d', 't')),
      stage.coalescer.change(edit('e')),
    ]
    const taken = stage.coalescer.claim(() => claim('f'))
    await stage.pass()
    const ids = (await Promise.all(calls)).map(({ result }) => result.job?.id)
    expect(ids).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect((await taken)?.result.jobs[0]?.id).toBe('f')
  })

  it('a promise settles with its own batch, not with the next', async () => {
    const stage = new Stage()
    let isOver = false
    void stage.coalescer.insert(newJob('a'))
    const first = await stage.next()
    void stage.coalescer.insert(newJob('b')).then(() => (isOver = true))
    first.answer()
    const second = await stage.next()
    await turn()
    expect(isOver).toBe(false)
    second.answer()
    await turn()
    expect(isOver).toBe(true)
  })

  it('takes at most 500 items, the rest goes next in the order of the calls', async () => {
    const stage = new Stage()
    const ids = Array.from({ length: 1001 }, (_, i) => `j${i}`)
    for (const id of ids) void stage.coalescer.insert(newJob(id))
    const sent = [await stage.pass(), await stage.pass(), await stage.pass()].map((text) => text.split(' ').slice(1))
    expect(sent.map((batch) => batch.length)).toEqual([500, 500, 1])
    expect(sent.flat()).toEqual(ids)
  })

  it('takes at most 4 MiB of bodies, counted by the length of the texts unless the caller says', async () => {
    const stage = new Stage()
    void stage.coalescer.insert(newJob('a', { payload: 'x'.repeat(3 * 2 ** 20) }))
    void stage.coalescer.insert(newJob('b', { payload: 'x'.repeat(2 * 2 ** 20) }))
    void stage.coalescer.insert(newJob('c'), 2 ** 20)
    void stage.coalescer.insert(newJob('d'), 2 ** 20)
    expect(await stage.pass()).toBe('inserts: a')
    expect(await stage.pass()).toBe('inserts: b c')
    expect(await stage.pass()).toBe('inserts: d')
  })

  it('an item that fills a batch by itself goes by itself, and is not passed by for ever', async () => {
    const stage = new Stage()
    void stage.coalescer.insert(newJob('a'))
    void stage.coalescer.insert(newJob('big'), 5 * 2 ** 20)
    void stage.coalescer.insert(newJob('b'))
    expect([await stage.pass(), await stage.pass(), await stage.pass()]).toEqual([
      'inserts: a',
      'inserts: big',
      'inserts: b',
    ])
  })
})

describe('claims', () => {
  it('are built when their batch is cut, not when they are asked for', async () => {
    const stage = new Stage()
    void stage.coalescer.insert(newJob('a'))
    const first = await stage.next()
    let free = 1
    void stage.coalescer.claim(() => claim(`free-${free}`))
    free = 7
    first.answer()
    expect(await stage.pass()).toBe('claims: free-7')
  })

  it('one that is not needed any more resolves to null, and no batch goes for it', async () => {
    const stage = new Stage()
    expect(await stage.coalescer.claim(() => null)).toBeNull()
    expect(await stage.quiet()).toEqual([])
    expect(stage.coalescer.pending).toBe(0)
  })

  it('one whose build throws rejects alone', async () => {
    const stage = new Stage()
    const bad = stage.coalescer.claim(() => {
      throw new Error('no slots today')
    })
    const good = stage.coalescer.insert(newJob('a'))
    expect(await fate(bad)).toBe('no slots today')
    expect(await stage.pass()).toBe('inserts: a')
    expect(await fate(good)).toBe('ok')
  })

  it('at most 16 go in one batch; settles behind a crowd of them do not wait, and claims keep their order', async () => {
    const stage = new Stage()
    for (let i = 0; i < 20; i++) void stage.coalescer.claim(() => claim(`c${i}`))
    void stage.coalescer.change(settle('a', 't'))
    const first = await stage.next()
    expect(first.batch.changes?.map((change) => change.id)).toEqual(['a'])
    expect(first.batch.claims?.map((one) => one.token)).toEqual(Array.from({ length: 16 }, (_, i) => `c${i}`))
    first.answer()
    expect(await stage.pass()).toBe('claims: c16 c17 c18 c19')
  })

  it('a build that calls again brings no batch beyond those that may be under way', async () => {
    const stage = new Stage()
    void stage.coalescer.claim(() => {
      void stage.coalescer.claim(() => claim('second'))
      return claim('first')
    })
    for (let i = 2; i < 40; i++) void stage.coalescer.claim(() => claim(`c${i}`))
    const first = await stage.next()
    expect(await stage.quiet()).toEqual([])
    first.answer()
  })
})

describe('under way', () => {
  it('one batch at a time is the rule', async () => {
    const stage = new Stage()
    void stage.coalescer.insert(newJob('a'))
    const first = await stage.next()
    void stage.coalescer.insert(newJob('b'))
    expect(await stage.quiet()).toEqual([])
    first.answer()
    await stage.pass()
  })

  it('two where a wire lies between, once the store is open and has said so', async () => {
    const stage = new Stage()
    stage.capabilities.ownClock = true
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    stage.ready = () => opened
    void stage.coalescer.insert(newJob('a'))
    expect(await stage.quiet()).toEqual([])
    void stage.coalescer.insert(newJob('b'))
    await turn()
    void stage.coalescer.insert(newJob('c'))
    await turn()
    open()
    expect((await stage.next()).text).toBe('inserts: a')
    expect((await stage.next()).text).toBe('inserts: b c')
    void stage.coalescer.insert(newJob('d'))
    expect(await stage.quiet()).toEqual([])
  })

  it('what was sent while the store could not be opened rejects with the reason, and the next call tries again', async () => {
    const stage = new Stage()
    stage.ready = () => Promise.reject(storeError('STORE_INCOMPATIBLE'))
    expect(await fate(stage.coalescer.insert(newJob('a')))).toBe('STORE_INCOMPATIBLE')
    stage.ready = () => null
    const again = stage.coalescer.insert(newJob('a'))
    expect(await stage.pass()).toBe('inserts: a')
    expect(await fate(again)).toBe('ok')
  })

  it('virtual time is told of each store call, and of its end, whatever the end', async () => {
    const stage = new Stage()
    const lost = stage.coalescer.insert(newJob('a'))
    const first = await stage.next()
    expect(stage.busy).toBe(1)
    first.fail(storeError('STORE_UNAVAILABLE'))
    await fate(lost)
    expect(stage.busy).toBe(0)
  })

  it('idle resolves when the last answer is there, and at once when nothing is', async () => {
    const stage = new Stage()
    await stage.coalescer.idle()
    void stage.coalescer.insert(newJob('a'))
    void stage.coalescer.insert(newJob('a'))
    let isIdle = false
    const idle = stage.coalescer.idle().then(() => (isIdle = true))
    await stage.pass()
    const second = await stage.next()
    await turn()
    expect([isIdle, stage.coalescer.pending]).toEqual([false, 1])
    second.answer()
    await idle
    expect(stage.coalescer.pending).toBe(0)
  })
})

describe('tracing', () => {
  it('stint:exchange tells the store and the sizes, once for each call of the store', async () => {
    const seen: unknown[] = []
    const listen = (message: unknown): void => void seen.push({ ...(message as object) })
    subscribe('tracing:stint:exchange:start', listen)
    try {
      const stage = new Stage()
      void stage.coalescer.insert(newJob('a'))
      void stage.coalescer.insert(newJob('b'))
      void stage.coalescer.beat(beat('c', 't'))
      void stage.coalescer.claim(() => claim('d'))
      await stage.pass()
    } finally {
      tracingChannel('stint:exchange').start.unsubscribe(listen)
    }
    expect(seen).toEqual([{ store: 'scripted', inserts: 2, changes: 0, beats: 1, claims: 1 }])
  })
})
