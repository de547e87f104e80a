import assert from 'node:assert/strict'
import type { FeedEvent, FeedOptions, JobQueue } from '@stint/core'
import { describe, onTestFinished, test } from 'vitest'
import { inState, job } from './in-state.js'
import { watched } from './watched-store.js'
import { codeOf, settled, type World, world } from './world.js'

/** Reads on in the background, until the signal or the queue ends it. */
function follow(jobs: JobQueue<never, false>, options: FeedOptions = {}) {
  const stop = new AbortController()
  const seen: FeedEvent[] = []
  const over = (async () => {
    for await (const event of jobs.feed({ signal: stop.signal, ...options })) seen.push(event)
  })()
  // Before the world closes its store under who reads.
  onTestFinished(() => {
    stop.abort()
    return over
  })
  return { seen, stop: () => stop.abort(), over }
}
const named = (events: readonly FeedEvent[]): string[] => events.map((event) => `${event.jobId} ${event.type}`)

async function three(here: Pick<World, 'jobs'>): Promise<void> {
  for (const id of ['a', 'b', 'c']) await here.jobs.enqueue(job, 1, { id, queue: id === 'b' ? 'mail' : 'default' })
  await here.jobs.cancel('a')
}

describe('feed', () => {
  test('from the start › everybody’s events, each as the audit has it, then those that come', async () => {
    const here = world()
    await three(here)
    const { seen } = follow(here.another())
    await settled(here.clock)
    assert.deepEqual(named(seen), ['a enqueued', 'b enqueued', 'c enqueued', 'a cancelled'])
    await here.jobs.cancel('c', { actor: 'ada', reason: 'no' })
    await settled(here.clock)
    const { cursor, ...last } = seen.at(-1)!
    assert.deepEqual(last, (await here.jobs.audit('c')).at(-1))
    assert.deepEqual([typeof cursor, Object.isFrozen(seen[0]), last.queue], ['string', true, 'default'])
  })

  test('after a cursor › goes on where somebody stopped; from the end › only what comes', async () => {
    const here = world()
    await three(here)
    const first = follow(here.jobs)
    await settled(here.clock)
    const rest = follow(here.another(), { after: first.seen[1]!.cursor })
    const fresh = follow(here.another(), { after: 'end' })
    const started = follow(here.another(), { after: 'start' })
    await settled(here.clock)
    assert.deepEqual(named(rest.seen), ['c enqueued', 'a cancelled'])
    assert.deepEqual([named(fresh.seen), named(started.seen)], [[], named(first.seen)])
    await here.jobs.cancel('b')
    await settled(here.clock)
    for (const one of [rest, fresh, started]) assert.equal(named(one.seen).at(-1), 'b cancelled')
    assert.equal(fresh.seen.length, 1)
  })

  test('of one lane › only its events; the cursor is that of the whole feed', async () => {
    const here = world()
    await three(here)
    const mail = follow(here.jobs, { queue: 'mail' })
    await settled(here.clock)
    assert.deepEqual(named(mail.seen), ['b enqueued'])
    const rest = follow(here.jobs, { after: mail.seen[0]!.cursor })
    await settled(here.clock)
    assert.deepEqual(named(rest.seen), ['c enqueued', 'a cancelled'])
  })

  test('its signal › ends it quietly: before, in mid-page, asleep', async () => {
    const here = world()
    await three(here)
    for await (const _event of here.jobs.feed({ signal: AbortSignal.abort() })) assert.fail('nothing comes')
    const stop = new AbortController()
    let count = 0
    for await (const _event of here.jobs.feed({ signal: stop.signal })) if (++count === 2) stop.abort()
    assert.equal(count, 2)
    const asleep = follow(here.jobs)
    await settled(here.clock)
    asleep.stop()
    await asleep.over
    assert.equal(asleep.seen.length, 4)
  })

  test('a reader that leaves the loop › leaves nothing behind that listens', async () => {
    const here = world()
    await three(here)
    let listening = 0
    const counted = new Proxy(here.store, {
      get(target, key) {
        const value = Reflect.get(target, key, target) as unknown
        if (key !== 'subscribe') return typeof value === 'function' ? value.bind(target) : value
        return (listener: () => void) => {
          listening++
          const off = target.subscribe(listener)
          return () => {
            listening--
            off()
          }
        }
      },
    })
    for await (const _event of here.another({ store: counted }).feed()) break
    assert.equal(listening, 0)
  })

  test('thousands of events from many writers, read all the while › none skipped, none twice, each job’s in order', async () => {
    const here = world()
    const readers = [
      follow(here.another()),
      follow(here.another({ store: watched(here.store, { hints: false }).store })),
    ]
    const writers = Array.from({ length: 4 }, () => here.another())
    const made = (
      await Promise.all(
        writers.map(async (jobs, n) => {
          const ids: string[] = []
          for (let i = 0; i < 60; i++) {
            const { id } = await jobs.enqueue(job, i, { id: `w${n}.${i}` })
            ids.push(id)
            void jobs.reprioritise(id, i)
            void jobs.reschedule(id, { delay: '1m' })
            if (i % 3 === 0) void jobs.cancel(id)
          }
          return ids
        }),
      )
    ).flat()
    await here.clock.advance('5s')
    const { events } = await here.store.feed({ after: 'start', limit: 10_000 })
    assert.equal(events.length, 240 * 3 + 80)
    for (const { seen } of readers) {
      assert.deepEqual(
        seen.map((event) => event.cursor),
        events.map((event) => event.cursor),
      )
      for (const id of made) {
        const seqs = seen.filter((event) => event.jobId === id).map((event) => event.seq)
        assert.deepEqual(
          seqs,
          Array.from({ length: seqs.length }, (_, i) => i + 1),
        )
      }
    }
  })

  test('what is written while a page is on its way › comes at once, not with the next poll', async () => {
    const here = world()
    const control = watched(here.store)
    let pages = 0
    // The second page is empty, and before it arrives there is something.
    control.after['feed'] = async () => {
      if (++pages === 2) await here.jobs.enqueue(job, 1, { id: 'late' })
    }
    await here.jobs.enqueue(job, 1, { id: 'first' })
    const { seen } = follow(here.another({ store: control.store }))
    await settled(here.clock)
    assert.deepEqual(named(seen), ['first enqueued', 'late enqueued'])
  })

  test('without hints › within a second', async () => {
    const here = world()
    const { seen } = follow(here.another({ store: watched(here.store, { hints: false }).store }))
    await settled(here.clock)
    await here.jobs.enqueue(job, 1, { id: 'x' })
    await settled(here.clock)
    assert.equal(seen.length, 0)
    await here.clock.advance('1s')
    assert.deepEqual(named(seen), ['x enqueued'])
  })

  test('close › ends every feed; after it QUEUE_CLOSED', async () => {
    const here = world()
    const other = here.another({ store: watched(here.store).store })
    const one = follow(other)
    await settled(here.clock)
    await other.close()
    await one.over
    assert.equal(await codeOf(other.feed()[Symbol.asyncIterator]().next()), 'QUEUE_CLOSED')
  })

  test('mistakes › TypeError for a lane, CURSOR_INVALID for a cursor', async () => {
    const { jobs } = world()
    const first = (options: FeedOptions) => jobs.feed(options)[Symbol.asyncIterator]().next()
    assert.match(await codeOf(first({ queue: 'ä' })), /^TypeError: queue/)
    assert.equal(await codeOf(first({ after: 'nonsense' })), 'CURSOR_INVALID')
  })

  test('events that were removed with their jobs › do not stop who reads on', async () => {
    const here = world({ queues: { default: { retention: 0 } } })
    const { id } = await inState(here, 'succeeded')
    const reader = follow(here.jobs)
    await settled(here.clock)
    const cursor = reader.seen.at(-1)!.cursor
    await here.clock.advance('2m')
    assert.equal(await here.jobs.purge(), 1)
    const rest = follow(here.another(), { after: cursor })
    const again = follow(here.another())
    await here.jobs.enqueue(job, 1, { id: 'next' })
    await settled(here.clock)
    assert.deepEqual([named(rest.seen), named(again.seen), id.length > 0], [['next enqueued'], ['next enqueued'], true])
  })
})
