import { beforeEach, describe, expect, test } from 'vitest'
import { isStintError, StintError } from '../../src/errors.js'
import type { Hint, Store } from '../../src/store.js'
import type { Table } from '../../src/table.js'
import { cancelOf, claimOf, draft, newJob } from './build.js'
import { SetClock } from './clock.js'
import { PlainStore } from './plain-table.js'

const clock = new SetClock()
const thrownBy = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error)
const heard = (store: Store): Hint[] => {
  const hints: Hint[] = []
  store.subscribe((hint) => hints.push(hint))
  return hints
}

describe('TableStore over an engine', () => {
  /** An engine whose way to run the work can be set. */
  class Engine extends PlainStore {
    run: <T>(work: () => T) => Promise<T> = async (work) => work()

    protected override transact<T>(work: (table: Table) => T): Promise<T> {
      return this.run(() => work(this.table))
    }
  }
  let engine: Engine
  beforeEach(() => {
    engine = new Engine({ clock })
  })

  test('that fails before the work is done › rejects as surely not written, with the cause [FAULT-1]', async () => {
    const cause = new Error('no connection')
    engine.run = () => Promise.reject(cause)
    const error = await thrownBy(engine.exchange({ inserts: [newJob('a')] }))
    expect(isStintError(error, 'STORE_UNAVAILABLE') && error.cause).toBe(cause)
  })

  test('that fails when the work is done › rejects a write as unknown, and a read not [FAULT-1]', async () => {
    engine.run = async (work) => {
      work()
      throw new Error('connection lost at commit')
    }
    for (const write of [engine.exchange({ inserts: [newJob('a')] }), engine.remove([]), engine.configure([])]) {
      expect(isStintError(await thrownBy(write), 'OUTCOME_UNKNOWN')).toBe(true)
    }
    expect(isStintError(await thrownBy(engine.get(['a'])), 'STORE_UNAVAILABLE')).toBe(true)
  })

  test('that knows better › is believed', async () => {
    const own = new StintError('STORE_BROKEN', 'The file has a torn page.', { store: 'plain' })
    engine.run = () => Promise.reject(own)
    expect(await thrownBy(engine.exchange({}))).toBe(own)
    expect(await thrownBy(engine.stats())).toBe(own)
  })

  test('that runs the work again, in vain this time › has surely not written [FAULT-1]', async () => {
    let passed = 0
    const failing = new Engine({
      clock,
      failpoint: () => {
        if (++passed === 2) throw new Error('at the second run')
      },
    })
    failing.run = async (work) => {
      work()
      return work()
    }
    const error = await thrownBy(failing.configure([{ kind: 'queue', name: 'mail', value: '{}' }]))
    expect(isStintError(error, 'STORE_UNAVAILABLE') && (error.cause as Error).message).toBe('at the second run')
  })

  test('hints › come when it has committed, and only then', async () => {
    const hints = heard(engine)
    let commit = (): void => {}
    const committed = new Promise<void>((resolve) => {
      commit = resolve
    })
    engine.run = async (work) => {
      const answer = work()
      await committed
      return answer
    }
    const call = engine.exchange({ inserts: [newJob('a')] })
    await Promise.resolve()
    expect(hints).toEqual([])
    commit()
    await call
    expect(hints).toEqual([{ queue: 'mail' }])
  })

  test('a transaction of the user › is refused, for there is none to join', async () => {
    const error = await thrownBy(engine.exchange({}, { tx: {} as never }))
    expect(isStintError(error, 'UNSUPPORTED') && error.details).toEqual({ store: 'plain', ability: 'transactions' })
    expect(engine.capabilities).toMatchObject({ transactions: 'none', atomicBatches: true, restorable: true })
  })
})

describe('TableStore', () => {
  let store: PlainStore
  beforeEach(() => {
    store = new PlainStore({ clock })
  })

  test('each call › reads the clock once [TIME-1]', async () => {
    await store.exchange({ inserts: [newJob('a'), newJob('b'), newJob('c')] })
    const calls: (() => Promise<unknown>)[] = [
      () => store.exchange({ inserts: [newJob('d')], changes: [cancelOf('a')], claims: [claimOf('t', { max: 1 })] }),
      () => store.list({ walk: 'claim', queue: 'mail', dueOnly: true, limit: 5 }),
      () => store.configure([{ kind: 'queue', name: 'mail', value: '{}' }]),
    ]
    for (const call of calls) {
      clock.readings = 0
      await call()
      expect(clock.readings).toBe(1)
    }
  })

  test('a clock that tells fractions › gives whole milliseconds [TIME-3]', async () => {
    const exact = new PlainStore({ clock: { now: () => 1000.9, after: () => () => {} } })
    const { inserts } = await exact.exchange({ inserts: [newJob('a')] })
    expect(inserts[0]?.job).toMatchObject({ createdAt: 1000, runAt: 1000 })
    expect(await exact.now()).toBe(1000)
  })

  test('−0 › is kept as 0 [DATA-4]', async () => {
    await store.exchange({ inserts: [newJob('a', { priority: -0, run: { at: -0 } }), newJob('b')] })
    await store.exchange({
      changes: [{ id: 'b', guard: { version: 1 }, set: { attempt: -0 }, event: draft('edited') }],
    })
    const [a, b] = await store.get(['a', 'b'])
    expect([a?.priority, a?.runAt, b?.attempt].map((n) => Object.is(n, 0))).toEqual([true, true, true])
  })

  test('what a caller does to its question or to an answer › reaches nobody [READ-2]', async () => {
    const tags = ['a']
    const { inserts } = await store.exchange({ inserts: [newJob('a', { tags })], claims: [claimOf('token-1')] })
    const event = (await store.events('a', { limit: 1 }))[0] as { type: string }
    const [setting] = await store
      .configure([{ kind: 'queue', name: 'mail', value: '{}' }])
      .then(() => store.settings('queue'))
    const before = JSON.stringify([
      await store.get(['a']),
      await store.events('a', { limit: 9 }),
      await store.settings('queue'),
    ])
    tags.push('b')
    event.type = 'forged'
    Object.assign(setting as object, { value: 'forged' })
    for (const job of [
      inserts[0]?.job,
      ...(await store.get(['a'])),
      ...(await store.list({ walk: 'lease', limit: 1 })).jobs,
    ]) {
      Object.assign(job as object, { state: 'dead', payload: 'forged' })
      Object.assign(job?.tags as object, ['forged'])
      Object.assign(job?.lease ?? {}, { token: 'forged' })
    }
    expect(
      JSON.stringify([await store.get(['a']), await store.events('a', { limit: 9 }), await store.settings('queue')]),
    ).toBe(before)
  })

  describe('hints', () => {
    test.each<[string, (given: PlainStore) => Promise<unknown>, Hint[]]>([
      ['a job inserted › wakes its queue', (given) => given.exchange({ inserts: [newJob('b')] }), [{ queue: 'mail' }]],
      [
        'a waiting job inserted › none',
        (given) => given.exchange({ inserts: [newJob('b', { state: 'waiting' })] }),
        [],
      ],
      ['an insert of a job that is there › none', (given) => given.exchange({ inserts: [newJob('queued')] }), []],
      ['a claim › none', (given) => given.exchange({ claims: [claimOf('t', { from: [{ ids: ['queued'] }] })] }), []],
      ['a beat › none', (given) => given.exchange({ beats: [{ id: 'held', token: 'held', leaseMs: 5 }] }), []],
      ['a refused change › none', (given) => given.exchange({ changes: [cancelOf('over')] }), []],
      [
        'a queued job cancelled › tells that it ended',
        (given) => given.exchange({ changes: [cancelOf('queued')] }),
        [{ queue: 'mail', jobId: 'queued' }],
      ],
      [
        'a lease given back › wakes the queue and tells its holder',
        (given) =>
          given.exchange({
            changes: [{ id: 'held', guard: { token: 'held' }, set: { state: 'queued' }, event: draft('released') }],
          }),
        [{ queue: 'mail' }, { queue: 'mail', jobId: 'held' }],
      ],
      [
        'a queue resumed › wakes it',
        (given) => given.configure([{ kind: 'paused', name: 'mail', value: null }]),
        [{ queue: 'mail' }],
      ],
      ['a job removed › none', (given) => given.remove([{ id: 'over', version: 2 }]), []],
    ])('%s', async (_name, write, expected) => {
      await store.exchange({ inserts: [newJob('queued'), newJob('held'), newJob('over')] })
      await store.exchange({ changes: [cancelOf('over')], claims: [claimOf('held', { from: [{ ids: ['held'] }] })] })
      const hints = heard(store)
      await write(store)
      expect(hints).toEqual(expected)
    })
  })

  describe('a list', () => {
    test('whose filter matches little › examines 10 × limit + 1,000 records a call and says where to go on [LIST-3]', async () => {
      const ids = Array.from({ length: 1_500 }, (_, n) => `job-${String(n).padStart(4, '0')}`)
      for (let n = 0; n < 3; n++)
        await store.exchange({ inserts: ids.slice(n * 500, n * 500 + 500).map((id) => newJob(id)) })
      await store.exchange({ inserts: [newJob('job-9999', { tags: ['rare'] })] })
      const first = await store.list({ walk: 'id', direction: 'asc', tag: 'rare', limit: 2 })
      expect(first).toEqual({ jobs: [], cursor: expect.stringContaining(ids[1_019] as string) })
      const second = await store.list({
        walk: 'id',
        direction: 'asc',
        tag: 'rare',
        limit: 2,
        cursor: first.cursor as string,
      })
      expect(second).toMatchObject({ jobs: [{ id: 'job-9999' }], cursor: null })
    })

    test.each(['', 'nonsense', 'claim:50:0:a', 'id:0:0:', 'id:0:0:a b'])(
      'with the cursor %j › is refused',
      async (cursor) => {
        const error = await thrownBy(store.list({ walk: 'id', direction: 'asc', limit: 5, cursor }))
        expect(isStintError(error, 'CURSOR_INVALID') && error.details).toEqual({ cursor })
      },
    )
  })

  describe('the feed', () => {
    test.each(['', '-1', '1.5', 'nonsense', '2'])(
      'with the cursor %j, one event being there › is refused',
      async (after) => {
        await store.exchange({ inserts: [newJob('a')] })
        expect(isStintError(await thrownBy(store.feed({ after, limit: 5 })), 'CURSOR_INVALID')).toBe(true)
      },
    )

    test('from "end" › has no events, and a cursor behind the last [FEED-5]', async () => {
      await store.exchange({ inserts: [newJob('a')] })
      const { events, cursor, caughtUp } = await store.feed({ after: 'end', limit: 5 })
      expect({ events, caughtUp }).toEqual({ events: [], caughtUp: true })
      await store.exchange({ inserts: [newJob('b')] })
      expect((await store.feed({ after: cursor, limit: 5 })).events.map((event) => event.jobId)).toEqual(['b'])
    })
  })

  describe('restore', () => {
    test('of a job from another store › brings record and events as they were, at new positions [RESTORE-1]', async () => {
      const other = new PlainStore({ clock })
      await other.exchange({ inserts: [newJob('a', { key: 'k' }), newJob('b')] })
      await other.exchange({ claims: [claimOf('t')] })
      await store.exchange({ inserts: [newJob('b', { type: 'own' })] })
      const [a, b] = await other.get(['a', 'b'])
      const events = await other.events('a', { limit: 9 })
      if (!a || !b) throw new Error('Expected both jobs.')
      expect(
        await store.restore([
          { job: a, events },
          { job: b, events: [] },
        ]),
      ).toEqual([true, false])
      expect(await store.get(['a', { queue: 'mail', key: 'k' }])).toEqual([a, a])
      expect(await store.events('a', { limit: 9 })).toEqual(events)
      expect((await store.get(['b']))[0]?.type).toBe('own')
      expect((await store.feed({ after: 'start', limit: 9 })).events.map(({ jobId, seq }) => [jobId, seq])).toEqual([
        ['b', 1],
        ['a', 1],
        ['a', 2],
      ])
    })

    test('of a live job whose key is held here › is refused [UNIQ-1]', async () => {
      const other = new PlainStore({ clock })
      await other.exchange({ inserts: [newJob('a', { key: 'k' })] })
      await store.exchange({ inserts: [newJob('b', { key: 'k' })] })
      const [job] = await other.get(['a'])
      if (!job) throw new Error('Expected the job.')
      expect(await store.restore([{ job, events: [] }])).toEqual([false])
      expect(await store.get(['a'])).toEqual([null])
    })
  })

  describe('a claim', () => {
    beforeEach(async () => {
      await store.exchange({
        inserts: [
          newJob('a'),
          newJob('b', { priority: 60 }),
          newJob('c', { queue: 'video' }),
          newJob('d', { queue: 'video', run: { inMs: 400 } }),
          newJob('e', { queue: 'video', type: 'other', run: { inMs: 300 } }),
        ],
      })
    })
    const claimed = async (...given: Parameters<typeof claimOf>) => {
      const { claims } = await store.exchange({ claims: [claimOf(...given)] })
      return { ids: claims[0]?.jobs.map((job) => job.id), next: claims[0]?.nextDueInMs }
    }

    test('repeated with `again` › answers as the first time, and takes nothing more [IDEM-2]', async () => {
      const from = [{ ids: ['c', 'b'] }, { queue: 'mail', limit: 5 }]
      const first = await claimed('t', { from })
      expect(first.ids).toEqual(['c', 'b', 'a'])
      await store.exchange({ inserts: [newJob('z')] })
      expect((await claimed('t', { from, again: true })).ids).toEqual(first.ids)
      expect((await claimed('u', { from, again: true })).ids).toEqual(['z'])
    })

    test('`nextDueInMs` › is 0 at a bound, else the time to the next job of the entries, else null [CLAIM-6]', async () => {
      expect(await claimed('t', { max: 1 })).toEqual({ ids: ['b'], next: 0 })
      expect(await claimed('t', { from: [{ queue: 'mail', limit: 1 }] })).toEqual({ ids: ['a'], next: 0 })
      expect(await claimed('t')).toEqual({ ids: [], next: null })
      expect(await claimed('t', { from: [{ queue: 'video', types: ['send'], limit: 5 }] })).toEqual({
        ids: ['c'],
        next: 400,
      })
      expect(await claimed('t', { from: [{ queue: 'video', limit: 5 }] })).toEqual({ ids: [], next: 300 })
      expect(await claimed('t', { from: [{ ids: ['d', 'missing'] }] })).toEqual({ ids: [], next: 400 })
    })

    test('on a paused queue › takes nothing, by ids neither, and serves the other entries [PAUSE-1]', async () => {
      await store.configure([{ kind: 'paused', name: 'mail', value: '{}' }])
      const from = [{ queue: 'mail', limit: 5 }, { ids: ['a'] }, { queue: 'video', types: ['send'], limit: 5 }]
      expect(await claimed('t', { from })).toEqual({ ids: ['c'], next: 400 })
    })
  })
})
