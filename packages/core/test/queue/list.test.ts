import assert from 'node:assert/strict'
import { type AnyJobDefinition, defineJob, type JobFilter, type JobQueue, type ListOptions } from '@stint/core'
import { describe, test } from 'vitest'
import { ALL_STATES, inState, job } from './in-state.js'
import { watched } from './watched-store.js'
import { codeOf, type World, world } from './world.js'

const other = defineJob({ type: 'other' })
type Jobs = JobQueue<never, false>

/** Every page, by the cursors. */
async function all(jobs: Jobs, options: ListOptions = {}): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await jobs.list({ ...options, cursor })
    ids.push(...page.jobs.map((one) => one.id))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return ids
}
const at = (minute: number): Date => new Date(Date.UTC(2030, 0, 1, 0, minute))

/** Eight jobs, one a minute, over two lanes, two types, two tags and every state. */
async function zoo(here: World): Promise<void> {
  const { jobs, clock } = here
  const put = async (id: string, more: object, definition: AnyJobDefinition = job) => {
    await jobs.enqueue(definition, id, { id, ...more })
    await clock.advance('1m')
  }
  await put('a', { tags: ['red'], priority: 10 })
  await put('b', { queue: 'mail', tags: ['red', 'blue'] })
  await put('c', {}, other)
  await put('d', { priority: 90, delay: '1h' })
  await put('e', { maxAttempts: 1 })
  await put('f', { queue: 'mail', tags: ['blue'] }, other)
  await jobs.cancel('c')
  const [lease] = await jobs.claim({ workerId: 'w', ids: ['e'] })
  await clock.advance('1m')
  await lease!.fail(new Error('broken'))
  await jobs.claim({ workerId: 'w', ids: ['f'] })
}

describe('list and count', () => {
  test.each<[string, JobFilter, string]>([
    ['nothing', {}, 'abcdef'],
    ['a lane', { queue: 'mail' }, 'bf'],
    ['lanes', { queue: ['mail', 'nobody', 'default'] }, 'abcdef'],
    ['a lane nobody has', { queue: 'nobody' }, ''],
    ['no lane', { queue: [] }, ''],
    ['a type', { type: 'other' }, 'cf'],
    ['types', { type: ['other', 'job'] }, 'abcdef'],
    ['no type', { type: [] }, ''],
    ['a state', { state: 'queued' }, 'abd'],
    ['states', { state: ['dead', 'cancelled', 'leased'] }, 'cef'],
    ['no state', { state: [] }, ''],
    ['a tag', { tag: 'blue' }, 'bf'],
    ['createdAfter, inclusive', { createdAfter: at(4) }, 'ef'],
    ['createdBefore, not inclusive', { createdBefore: at(2) }, 'ab'],
    ['a span of creation', { createdAfter: at(1), createdBefore: at(3) }, 'bc'],
    ['finishedAfter, inclusive', { state: 'dead', finishedAfter: at(7) }, 'e'],
    ['finishedAfter, too late', { state: 'dead', finishedAfter: at(8) }, ''],
    ['finishedBefore, not inclusive', { state: 'dead', finishedBefore: at(7) }, ''],
    ['a span of ends', { state: 'cancelled', finishedAfter: at(6), finishedBefore: at(7) }, 'c'],
    [
      'ends, lanes and creation',
      { state: 'dead', finishedAfter: at(0), queue: ['default', 'mail'], createdAfter: at(4) },
      'e',
    ],
    ['due', { queue: 'default', due: true }, 'a'],
    ['due, of a tag', { queue: 'mail', due: true, tag: 'red' }, 'b'],
    ['due, of a state that is not due', { queue: 'default', due: true, state: 'dead' }, ''],
    ['not due: no filter', { due: false, type: 'other' }, 'cf'],
    [
      'all at once',
      { queue: 'mail', type: 'other', state: 'leased', tag: 'blue', createdAfter: at(5), createdBefore: at(6) },
      'f',
    ],
  ])('by %s › exactly those, and as many', async (_name, filter, expected) => {
    const here = world()
    await zoo(here)
    const found = (await all(here.jobs, filter)).sort()
    assert.deepEqual([found.join(''), await here.jobs.count(filter)], [expected, expected.length])
    assert.deepEqual((await all(here.jobs, { ...filter, limit: 1 })).sort(), found, 'page by page the same')
  })

  test('the order › newest, oldest, as a claim would take them; ends by when they ended', async () => {
    const here = world()
    await zoo(here)
    assert.equal((await all(here.jobs)).join(''), 'fedcba')
    assert.equal((await all(here.jobs, { order: 'newest', limit: 2 })).join(''), 'fedcba')
    assert.equal((await all(here.jobs, { order: 'oldest', limit: 2 })).join(''), 'abcdef')
    assert.equal(
      (await all(here.jobs, { order: 'claim', queue: 'default' })).join(''),
      'da',
      'higher priority first, due or not',
    )
    await here.clock.advance('1h')
    const due = (await here.jobs.list({ order: 'claim', queue: 'default', due: true })).jobs.map((one) => one.id)
    const taken = (await here.jobs.claim({ workerId: 'w', limit: 9 })).map((one) => one.jobId)
    assert.deepEqual(due, taken)
    for (const id of taken) await here.jobs.cancel(id)
    await here.clock.advance('1m')
    await here.jobs.cancel('b')
    const ends = { state: 'cancelled', finishedAfter: at(0) } as const
    assert.equal((await all(here.jobs, { ...ends, order: 'oldest' })).join(''), 'cadb')
    assert.equal((await all(here.jobs, ends)).join(''), 'bdac')
  })

  test('a page › at most `limit`, 50 where nothing is said; bodies included; null on the last page and only there', async () => {
    const { jobs } = world()
    await jobs.enqueueMany(Array.from({ length: 120 }, (_, i) => ({ job, payload: { n: i } })))
    const first = await jobs.list()
    assert.deepEqual([first.jobs.length, first.jobs[0]?.payload], [50, { n: 119 }])
    const exact = await jobs.list({ limit: 120 })
    assert.deepEqual([exact.jobs.length, exact.nextCursor], [120, null])
    assert.equal((await jobs.list({ limit: 1000 })).jobs.length, 120)
    assert.deepEqual(
      [Object.isFrozen(first), Object.isFrozen(first.jobs), Object.isFrozen(first.jobs[0])],
      [true, true, true],
    )
  })

  test('jobs come and go while somebody pages › those that stay are met exactly once', async () => {
    const { jobs } = world()
    const made = await jobs.enqueueMany(Array.from({ length: 60 }, (_, i) => ({ job, payload: i })))
    const seen: string[] = []
    let cursor: string | undefined
    let round = 0
    do {
      const page = await jobs.list({ order: 'oldest', limit: 7, cursor })
      seen.push(...page.jobs.map((one) => one.id))
      cursor = page.nextCursor ?? undefined
      await jobs.cancel(made[round * 5]!.id)
      await jobs.enqueue(job, 'more')
      round++
    } while (cursor !== undefined)
    assert.deepEqual(new Set(seen).size, seen.length)
    for (const { id } of made) assert.equal(seen.includes(id), true)
  })

  test('sparse matches in a long walk › all found, with pages that may be short', async () => {
    const { jobs } = world()
    for (let part = 0; part < 6; part++)
      await jobs.enqueueMany(
        Array.from({ length: 500 }, (_, i) => ({
          job,
          payload: 1,
          queue: i % 2 ? 'x' : 'y',
          tags: i === 7 ? ['needle'] : [],
        })),
      )
    assert.equal((await all(jobs, { tag: 'needle', queue: ['x', 'y'], limit: 1 })).length, 6)
    assert.equal(await jobs.count({ tag: 'needle', queue: 'x' }), 6)
    assert.equal(await jobs.count({ tag: 'needle', queue: 'y' }), 0)
  })

  test.each<[unknown, RegExp]>([
    [{ limit: 0 }, /limit: expected a whole number from 1 to 1000, got 0/],
    [{ limit: 1001 }, /limit/],
    [{ limit: '5' }, /limit/],
    [{ queue: 'ä' }, /queue: expected/],
    [{ type: ['job', ''] }, /type: expected/],
    [{ state: 'finished' }, /state: expected one of waiting, queued/],
    [{ state: ['queued', 'nowhere'] }, /state: expected .*, got nowhere/],
    [{ tag: '' }, /tag: expected/],
    [{ createdAfter: '2030' }, /createdAfter: expected a Date/],
    [{ finishedAfter: new Date(Number.NaN), state: 'dead' }, /finishedAfter: expected a Date/],
    [{ due: true }, /claim order is that of one queue/],
    [{ due: true, queue: ['a', 'b'] }, /claim order is that of one queue/],
    [{ order: 'claim' }, /claim order is that of one queue/],
    [{ due: true, queue: 'a', order: 'newest' }, /`due` goes with order: 'claim'/],
    [{ due: true, queue: 'a', finishedAfter: new Date() }, /jobs in claim order are not finished/],
    [{ finishedAfter: new Date() }, /need one finished `state`/],
    [{ finishedBefore: new Date(), state: ['dead', 'failed'] }, /need one finished `state`/],
    [{ finishedBefore: new Date(), state: 'queued' }, /need one finished `state`/],
    [{ order: 'random' }, /order: expected/],
  ])('%j › TypeError', async (options, message) => {
    const { jobs } = world()
    assert.match(await codeOf(jobs.list(options as ListOptions)), message)
  })

  test('a cursor that is none, or of another order › CURSOR_INVALID', async () => {
    const { jobs } = world()
    await jobs.enqueueMany([1, 2, 3].map((payload) => ({ job, payload })))
    const { nextCursor } = await jobs.list({ limit: 1 })
    assert.equal(await codeOf(jobs.list({ cursor: 'nonsense' })), 'CURSOR_INVALID')
    assert.equal(await codeOf(jobs.list({ cursor: nextCursor!, order: 'claim', queue: 'default' })), 'CURSOR_INVALID')
    const error = await jobs.list({ cursor: 'x' }).catch((thrown) => thrown)
    assert.deepEqual(error.details, { cursor: 'x' })
  })
})

describe('count and stats', () => {
  test('from the counters › without a walk for lanes and states; equal to walking', async () => {
    const here = world()
    for (const state of ALL_STATES) await inState(here, state)
    await inState(here, 'dead')
    const control = watched(here.store)
    const jobs = here.another({ store: control.store })
    for (const filter of [
      {},
      { queue: 'default' },
      { state: 'dead' },
      { state: ['dead', 'running'], queue: ['default', 'x'] },
      { queue: 'x' },
    ] as JobFilter[]) {
      const counted = await jobs.count(filter)
      assert.equal(control.calls['list'] ?? 0, 0)
      assert.equal(counted, (await all(here.jobs, { ...filter, createdAfter: new Date(0) })).length)
      assert.equal(counted, await here.jobs.count({ ...filter, createdAfter: new Date(0) }), 'by walking')
    }
  })

  test('stats › every state by its number, of a lane or of all; frozen', async () => {
    const here = world()
    for (const state of ALL_STATES) await inState(here, state)
    await here.jobs.enqueue(job, 1, { queue: 'mail' })
    assert.deepEqual(await here.jobs.stats('default'), Object.fromEntries(ALL_STATES.map((state) => [state, 1])))
    assert.equal((await here.jobs.stats()).queued, 2)
    assert.deepEqual(await here.jobs.stats('nobody'), Object.fromEntries(ALL_STATES.map((state) => [state, 0])))
    assert.equal(Object.isFrozen(await here.jobs.stats()), true)
    assert.match(await codeOf(here.jobs.stats('ä')), /^TypeError: queue/)
  })
})
