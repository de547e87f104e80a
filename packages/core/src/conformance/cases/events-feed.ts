import assert from 'node:assert/strict'
import type { EventRecord } from '../../record.js'
import { nextTurn } from '../../seam.js'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { cancel, release, reprioritise, retry, succeed } from '../stage/commands.js'
import {
  at,
  changeAll,
  draft,
  eventsOf,
  feedFrom,
  insertAll,
  insertOne,
  must,
  newJobs,
  only,
  read,
  seenOf,
  take,
  takeIds,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'

const told = (events: readonly { jobId: string; seq: number }[]): string[] =>
  events.map(({ jobId, seq }) => `${jobId} ${seq}`)

const events: readonly StoreCase[] = [
  fact(
    'whatever is done to a job › its events read as they did, but for new ones at the end [EVENT-1, EVENT-2]',
    async ({ a, b, clock }) => {
      const { id } = await insertOne(a, { event: draft('enqueued', { actor: 'ada', detail: '{"z":1,"a":2,"n":1.0}' }) })
      let before = await eventsOf(b, id)
      const steps = [
        async () => void (await takeIds(a, [id])),
        async () => void (await must(a, release(await read(a, id)))),
        async () => void (await a.exchange({ inserts: [...newJobs(1, { id })] })),
        async () => void (await a.remove([{ id, version: before.length }])),
        async () => void (await must(a, cancel({ id }))),
        async () => void (await must(a, retry(await read(a, id)))),
        async () => void (await a.list({ walk: 'lease', overOnly: true, limit: 100 })),
      ]
      for (const step of steps) {
        clock.move(1000)
        await step()
        const after = await eventsOf(b, id)
        assert.deepEqual(after.slice(0, before.length), before)
        assert.equal(JSON.stringify(after.slice(0, before.length)), JSON.stringify(before))
        before = after
      }
      assert.equal(before.length, 5)
    },
  ),
  fact('events › are answered by seq, from afterSeq on, as many as asked for [EVENT-2]', async ({ a, b }) => {
    let job = await insertOne(a)
    for (let n = 1; n <= 9; n++) job = await must(a, reprioritise(job, n))
    const seqs = async (query: { afterSeq?: number; limit: number }) =>
      (await b.events(job.id, query)).map(({ seq }) => seq)
    assert.deepEqual(await seqs({ limit: 3 }), [1, 2, 3])
    assert.deepEqual(await seqs({ afterSeq: 0, limit: 3 }), [1, 2, 3])
    assert.deepEqual(await seqs({ afterSeq: 4, limit: 3 }), [5, 6, 7])
    assert.deepEqual(await seqs({ afterSeq: 8, limit: 1000 }), [9, 10])
    assert.deepEqual(await seqs({ afterSeq: 10, limit: 1000 }), [])
    assert.deepEqual(await b.events('nobody', { limit: 5 }), [])
  }),
  fact('an event › is readable by the call after its write, by any handle [EVENT-3, READ-1]', async ({ a, b }) => {
    let job = await insertOne(a)
    for (let n = 2; n < 12; n++) {
      job = await must(n % 2 ? a : b, reprioritise(job, n))
      assert.equal(only(await (n % 2 ? b : a).events(job.id, { afterSeq: n - 1, limit: 5 })).seq, n)
    }
  }),
  fact('10,000 events of one job › are all kept, and paged [EVENT-4, ATOM-3]', async ({ a, b }) => {
    const bump = (n: number) => ({
      id: 'long',
      guard: { states: ['queued'] as const },
      set: { priority: n % 100 },
      event: draft('reprioritised', { detail: `{"n":${n}}` }),
    })
    // Each of them is a commit of its own; where most can be restored in one, the case takes a tenth of the time.
    let version = (await insertOne(a, { id: a.capabilities.restorable ? 'other' : 'long' })).version
    if (a.restore) {
      const job = await read(a, 'other')
      const made = { ...only(await eventsOf(a, 'other')), jobId: 'long' }
      const events = Array.from(
        { length: 9_000 },
        (_, n): EventRecord => (n === 0 ? made : { ...made, ...bump(n).event, seq: n + 1, from: 'queued' }),
      )
      assert.deepEqual(await a.restore([{ job: { ...job, id: 'long', version: 9_000 }, events }]), [true])
      version = 9_000
    }
    // In whichever order they arrive: nobody promises that calls which are under way together keep it.
    for (; version < 10_000; version += 50) {
      const many = Math.min(50, 10_000 - version)
      const calls = Array.from({ length: many }, (_, n) => a.exchange({ changes: [bump(version + n)] }))
      for (const { changes } of await Promise.all(calls)) assert.equal(only(changes).ok, true)
    }
    assert.equal((await read(b, 'long')).version, 10_000)
    const kept = await eventsOf(b, 'long')
    assert.deepEqual(
      kept.map(({ seq }) => seq),
      Array.from({ length: 10_000 }, (_, index) => index + 1),
    )
    const details = kept.slice(-1000).map(({ detail }) => detail)
    assert.deepEqual(details.sort(), Array.from({ length: 1000 }, (_, n) => `{"n":${n + 9000}}`).sort())
  }),
]

const feed: readonly StoreCase[] = [
  fact(
    'feed › from the start, in pages of any size › meets every event exactly once [FEED-1, FEED-2]',
    async ({ a, b }) => {
      const jobs = await insertAll(a, newJobs(12))
      await changeAll(
        a,
        (await take(a, { max: 6 })).map((job) => succeed(job)),
      )
      await changeAll(a, jobs.slice(6).map(cancel))
      const whole = (await feedFrom(b, 'start')).events
      assert.equal(whole.length, 12 + 6 + 6 + 6)
      assert.equal(new Set(told(whole)).size, whole.length)
      for (const limit of [1, 2, 5, 29, 30, 31]) assert.deepEqual((await feedFrom(b, 'start', limit)).events, whole)
    },
  ),
  fact(
    'feed › of events that many calls wrote at once › none is skipped by a reader that follows meanwhile [FEED-1, FEED-2, FEED-4]',
    async ({ a, b }) => {
      const seen: string[] = []
      let cursor = 'start'
      const follow = async (): Promise<void> => {
        const page = await b.feed({ after: cursor, limit: 7 })
        seen.push(...told(page.events))
        cursor = page.cursor
      }
      const writes = Promise.all(
        Array.from({ length: 40 }, async (_, n) => {
          const store = n % 2 ? a : b
          const job = await insertOne(store, { queue: `q-${n}` })
          await must(store, reprioritise(job))
          await must(n % 3 ? a : b, cancel(job))
        }),
      )
      let isOver = false
      const over = writes.then(() => {
        isOver = true
      })
      over.catch(() => {}) // told below; should the reader fail first, that is what is told
      while (!isOver) {
        await follow()
        await Promise.race([over, nextTurn()])
      }
      await over
      const rest = await feedFrom(b, cursor)
      seen.push(...told(rest.events))
      assert.equal(seen.length, 120)
      assert.deepEqual([...seen].sort(), told((await feedFrom(a, 'start')).events).sort())
      for (const id of new Set(seen.map((one) => one.split(' ')[0]))) {
        assert.deepEqual(
          seen.filter((one) => one.startsWith(`${id} `)),
          [1, 2, 3].map((seq) => `${id} ${seq}`),
        )
      }
    },
  ),
  fact(
    'feed › events of one job › come by seq, also when each was written by another handle [FEED-2]',
    async ({ a, b }) => {
      let [one, two] = [await insertOne(a), await insertOne(b)]
      for (let n = 0; n < 10; n++)
        [one, two] = [await must(n % 2 ? a : b, reprioritise(one, n)), await must(n % 2 ? b : a, reprioritise(two, n))]
      const { events } = await feedFrom(a, 'start', 3)
      for (const { id } of [one, two]) {
        assert.deepEqual(
          events.filter(({ jobId }) => jobId === id).map(({ seq }) => seq),
          Array.from({ length: 11 }, (_, index) => index + 1),
        )
      }
    },
  ),
  fact('feed › the cursor of each event › is the place just behind it [FEED-5, FEED-1]', async ({ a, b }) => {
    await insertAll(a, newJobs(5))
    const { events } = await b.feed({ after: 'start', limit: 100 })
    assert.equal(events.length, 5)
    for (const [index, { cursor }] of events.entries()) {
      assert.deepEqual((await a.feed({ after: cursor, limit: 100 })).events, events.slice(index + 1))
    }
  }),
  fact('feed › whole pages of which were removed › goes on behind them [FEED-5, FEED-1, FEED-4]', async ({ a, b }) => {
    const first = await insertOne(a)
    const gone = await Promise.all(Array.from({ length: 6 }, async () => (await jobIn(a, 'succeeded')).job))
    const last = await insertOne(a)
    await a.remove(gone.map(({ id, version }) => ({ id, version })))
    for (const limit of [1, 2, 5]) {
      const { events } = await feedFrom(b, 'start', limit)
      assert.deepEqual(
        events.map(({ jobId }) => jobId),
        [first.id, last.id],
      )
    }
  }),
  fact('feed › from "end" › has no events and the cursor behind the last [FEED-5, FEED-4]', async ({ a, b }) => {
    await insertAll(a, newJobs(3))
    const page = await b.feed({ after: 'end', limit: 100 })
    assert.deepEqual([page.events, page.caughtUp], [[], true])
    const job = await insertOne(a)
    assert.deepEqual(told((await feedFrom(b, page.cursor)).events), [`${job.id} 1`])
  }),
  fact(
    'feed › of an empty store › is caught up, and its cursor meets the first event [FEED-4, FEED-5]',
    async ({ a, b }) => {
      const pages = [await b.feed({ after: 'start', limit: 1 }), await b.feed({ after: 'end', limit: 1 })]
      const job = await insertOne(a)
      for (const { events, caughtUp, cursor } of pages) {
        assert.deepEqual([events, caughtUp], [[], true])
        assert.deepEqual(told((await feedFrom(b, cursor)).events), [`${job.id} 1`])
      }
    },
  ),
  fact(
    'feed › caughtUp › is not said while an acknowledged event is undelivered, and is said at the end [FEED-4]',
    async ({ a, b }) => {
      await insertAll(a, newJobs(6))
      const first = await b.feed({ after: 'start', limit: 5 })
      assert.equal(first.caughtUp, false)
      const second = await b.feed({ after: first.cursor, limit: 5 })
      assert.equal(second.events.length, 1)
      const third = await b.feed({ after: second.cursor, limit: 5 })
      assert.deepEqual([third.events, third.caughtUp], [[], true])
    },
  ),
  fact(
    'positions › are never used twice: what comes after a removal of the last events is met by an old cursor [FEED-3, FEED-5]',
    async ({ a, b }) => {
      const kept = await insertOne(a)
      const { job } = await jobIn(a, 'dead')
      const { cursor } = await feedFrom(b, 'start')
      const ofLast = (await b.feed({ after: 'start', limit: 100 })).events.map((event) => event.cursor)
      assert.deepEqual(await a.remove([{ id: job.id, version: job.version }]), [true])
      const after = await insertAll(a, newJobs(2))
      const expected = after.map(({ id }) => `${id} 1`)
      assert.deepEqual(told((await feedFrom(b, cursor)).events), expected)
      assert.deepEqual(told((await feedFrom(b, at(ofLast, 2))).events), expected) // a cursor of an event that is gone
      assert.deepEqual(told((await feedFrom(b, 'start')).events), [`${kept.id} 1`, ...expected])
    },
  ),
  fact(
    'positions › after everything was removed › go on behind an old cursor [FEED-3, FEED-5, REMOVE-2]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'succeeded')
      const { cursor } = await feedFrom(b, 'start')
      const { cursor: end } = await b.feed({ after: 'end', limit: 1 })
      await a.remove([{ id: job.id, version: job.version }])
      assert.deepEqual(await feedFrom(b, 'start').then(({ events }) => events), [])
      const next = await insertOne(a)
      for (const from of [cursor, end]) assert.deepEqual(told((await feedFrom(b, from)).events), [`${next.id} 1`])
    },
  ),
  fact(
    'positions › after the last events were removed and the store was reopened › are not used again [FEED-3, FEED-5]',
    async (stage) => {
      const { job } = await jobIn(stage.a, 'dead')
      const { cursor } = await feedFrom(stage.b, 'start')
      await stage.a.remove([{ id: job.id, version: job.version }])
      await stage.restart()
      const next = await insertOne(stage.a)
      assert.deepEqual(told((await feedFrom(stage.b, cursor)).events), [`${next.id} 1`])
    },
    NEEDS.survival,
  ),
  fact(
    'cursors of the feed and of lists › hold across a restart [FEED-5, LIST-2]',
    async (stage) => {
      await insertAll(stage.a, newJobs(6))
      const { cursor } = await stage.a.feed({ after: 'start', limit: 4 })
      const list = await stage.a.list({ walk: 'id', direction: 'asc', limit: 4 })
      const before = await seenOf(stage.a)
      await stage.restart()
      assert.deepEqual(await seenOf(stage.b), before)
      assert.equal((await feedFrom(stage.b, cursor)).events.length, 2)
      assert.equal(
        (await stage.b.list({ walk: 'id', direction: 'asc', limit: 4, cursor: list.cursor as string })).jobs.length,
        2,
      )
    },
    NEEDS.survival,
  ),
]

export const eventsFeed: readonly StoreCase[] = [...events, ...feed]
