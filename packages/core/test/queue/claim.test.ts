import assert from 'node:assert/strict'
import { type ClaimOptions, defineJob } from '@stint/core'
import { describe, test } from 'vitest'
import { inState, job, trail } from './in-state.js'
import { watched } from './watched-store.js'
import { codeOf, faulty, gate, settled, type World, world } from './world.js'

const other = defineJob({ type: 'other' })
const ids = (leases: readonly { jobId: string }[]): string => leases.map((lease) => lease.jobId).join('')

async function put(here: Pick<World, 'jobs'>, letters: string, more: object = {}): Promise<void> {
  for (const id of letters) await here.jobs.enqueue(job, id, { id, ...more })
}

describe('claim', () => {
  test('gives leases: leased, the next attempt, for as long as asked, the job as it was claimed', async () => {
    const here = world()
    const { id } = await here.jobs.enqueue(job, { n: 1 })
    const [lease] = await here.jobs.claim({ workerId: 'gpu-7', lease: '5m' })
    assert.deepEqual(
      [
        lease?.jobId,
        lease?.attempt,
        lease?.fence,
        lease?.checkpoint,
        lease?.expiresAt.toISOString(),
        Object.isFrozen(lease),
      ],
      [id, 1, 2, null, '2030-01-01T00:05:00.000Z', true],
    )
    assert.deepEqual(
      [lease?.job.state, lease?.job.payload, lease?.job.lease],
      ['leased', { n: 1 }, { workerId: 'gpu-7', expiresAt: lease?.expiresAt }],
    )
    assert.match(lease!.token, /^[\w-]{22}\.2$/)
    assert.deepEqual(await here.jobs.get(id), lease?.job)
  })

  test('one job where nothing is said, at most `limit` else; from "default", or from the queues and types that were named', async () => {
    const here = world()
    await put(here, 'abc')
    await put(here, 'd', { queue: 'mail' })
    await here.jobs.enqueue(other, 1, { id: 'e' })
    const claim = async (options: Omit<ClaimOptions, 'workerId'>) =>
      ids(await here.jobs.claim({ workerId: 'w', ...options }))
    assert.equal(await claim({ types: ['nobody'] }), '')
    assert.equal(await claim({}), 'a')
    assert.equal(await claim({ types: ['other'], limit: 9 }), 'e')
    assert.equal(await claim({ queues: ['mail'], limit: 9 }), 'd')
    assert.equal(await claim({ queues: ['mail', 'default', 'mail'], types: ['job', 'other', 'job'], limit: 9 }), 'bc')
    assert.equal(await claim({ limit: 500 }), '')
  })

  test('by priority, then due time, then id; one lane after the other, each call beginning with another', async () => {
    const here = world()
    await put(here, 'cab')
    await put(here, 'z', { priority: 90 })
    await put(here, 'y', { runAt: new Date('2029-12-31T23:59:00Z') })
    await put(here, 'x', { delay: '1s' })
    await put(here, 'm', { queue: 'mail' })
    assert.equal(ids(await here.jobs.claim({ workerId: 'w', limit: 9 })), 'zyabc')
    const firsts = new Set<string>()
    for (let call = 0; call < 200 && firsts.size < 2; call++) {
      const both = await here.jobs.claim({ workerId: 'w', queues: ['mail', 'default'], limit: 1 })
      for (const one of both) firsts.add(one.job.queue)
      await Promise.all(both.map((one) => one.release()))
      if (call === 0) await put(here, 'n')
    }
    assert.deepEqual([...firsts].sort(), ['default', 'mail'], 'a busy first lane starves nobody')
  })

  test('given ids › those that can be had, in the order asked, all of them; no other', async () => {
    const here = world()
    await put(here, 'abcd')
    await put(here, 'e', { delay: '1h' })
    await here.jobs.cancel('c')
    assert.equal(ids(await here.jobs.claim({ workerId: 'w', ids: ['d', 'nobody', 'c', 'a', 'e', 'd', 'b'] })), 'dab')
    assert.deepEqual(await here.jobs.claim({ workerId: 'w', ids: ['a'] }), [], 'somebody has it')
    assert.deepEqual(await here.jobs.claim({ workerId: 'w', ids: [] }), [])
    assert.equal((await here.jobs.get('e'))?.state, 'queued')
  })

  test('given ids and a limit › the first of them', async () => {
    const here = world()
    await put(here, 'abcd')
    assert.equal(ids(await here.jobs.claim({ workerId: 'w', ids: ['d', 'c', 'b'], limit: 2 })), 'dc')
  })

  test.each<[object, RegExp]>([
    [{}, /workerId: expected/],
    [{ workerId: '' }, /workerId: expected/],
    [{ workerId: 'w', limit: 0 }, /limit: expected a whole number from 1 to 500/],
    [{ workerId: 'w', limit: 501 }, /limit/],
    [{ workerId: 'w', queues: [] }, /may not be empty/],
    [{ workerId: 'w', types: [] }, /may not be empty/],
    [{ workerId: 'w', queues: ['ä'] }, /queues: expected/],
    [{ workerId: 'w', types: [''] }, /types: expected/],
    [{ workerId: 'w', ids: ['a'], queues: ['b'] }, /either `ids` or `queues`/],
    [{ workerId: 'w', ids: ['a'], types: ['b'] }, /either `ids` or `queues`/],
    [{ workerId: 'w', ids: ['a b'] }, /id: expected/],
    [{ workerId: 'w', ids: Array.from({ length: 501 }, (_, i) => `i${i}`) }, /limit/],
    [{ workerId: 'w', lease: '5 minutes' }, /lease: expected a duration/],
    [{ workerId: 'w', wait: -1 }, /wait: expected a duration/],
  ])('%j › TypeError, nothing is claimed', async (options, message) => {
    const here = world()
    await put(here, 'a')
    assert.match(await codeOf(here.jobs.claim(options as ClaimOptions)), message)
    assert.equal((await here.jobs.get('a'))?.version, 1)
  })

  test('twenty callers at once › every job goes to one of them, every caller has a token of its own', async () => {
    const here = world()
    const other = here.another()
    await here.jobs.enqueueMany(Array.from({ length: 30 }, (_, i) => ({ job, payload: i })))
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? here.jobs : other).claim({ workerId: `w${i}`, limit: 2 })),
    )
    const all = taken.flat().map((lease) => lease.jobId)
    assert.deepEqual([all.length, new Set(all).size], [30, 30])
    const tokens = taken
      .filter((one) => one.length > 0)
      .map((one) => new Set(one.map((lease) => lease.token.split('.')[0])))
    assert.equal(
      tokens.every((one) => one.size === 1),
      true,
    )
    assert.equal(new Set(tokens.flatMap((one) => [...one])).size, tokens.length)
  })

  test.each(['lose request', 'lose reply'] as const)(
    '%s › the repeat answers with the very jobs of the first',
    async (fault) => {
      const { clock, store, another } = world()
      const control = faulty(store)
      const jobs = another({ store: control.store })
      await put({ jobs }, 'abcd')
      control.next = fault
      const claimed = jobs.claim({ workerId: 'w', limit: 2 })
      await clock.advance('1s')
      assert.equal(ids(await claimed), 'ab')
      assert.deepEqual([(await jobs.stats()).leased, (await jobs.stats()).queued], [2, 2])
      await (await claimed)[0]!.succeed(1)
    },
  )
})

describe('leases that ran out', () => {
  test('are taken over by the next claim, with an event and at the cost of an attempt', async () => {
    const here = world()
    await put(here, 'a')
    const [gone] = await here.jobs.claim({ workerId: 'gone', lease: '10s' })
    await here.clock.advance('9999ms')
    assert.deepEqual(await here.jobs.claim({ workerId: 'w' }), [])
    await here.clock.advance('1ms')
    const [lease] = await here.jobs.claim({ workerId: 'w' })
    assert.deepEqual([lease?.attempt, lease!.fence > gone!.fence], [2, true])
    const expired = (await here.jobs.audit('a'))[2]
    assert.deepEqual(
      [expired?.type, expired?.from, expired?.to, expired?.actor, expired?.workerId, expired?.fence, expired?.attempt],
      ['lease_expired', 'leased', 'queued', 'sweep', 'gone', 2, 1],
    )
  })

  test('given ids › are taken over too, in the order asked; those that still live are not', async () => {
    const here = world()
    await put(here, 'abc')
    await here.jobs.claim({ workerId: 'gone', ids: ['a'], lease: '10s' })
    await here.jobs.claim({ workerId: 'alive', ids: ['c'], lease: '1h' })
    await here.clock.advance('10s')
    assert.equal(ids(await here.jobs.claim({ workerId: 'w', ids: ['a', 'b', 'c'] })), 'ab')
    assert.equal((await here.jobs.get('c'))?.lease?.workerId, 'alive')
  })

  test('with no budget left › dead, and the claim takes others', async () => {
    const here = world()
    await put(here, 'a', { maxAttempts: 1 })
    await here.jobs.claim({ workerId: 'gone', lease: '10s' })
    await here.clock.advance('10s')
    assert.deepEqual(await here.jobs.claim({ workerId: 'w', ids: ['a'] }), [])
    const dead = await here.jobs.get('a')
    assert.deepEqual([dead?.state, dead?.error?.code, dead?.attempt], ['dead', 'LEASE_EXPIRED', 1])
    assert.match(dead!.error!.message, /lease of gone ran out in attempt 1 of 1/)
    assert.equal((await here.jobs.audit('a')).at(-1)?.reason, 'attempts used up')
  })

  test('keep their place in line', async () => {
    const here = world()
    await put(here, 'a')
    await here.jobs.claim({ workerId: 'gone', lease: '10s' })
    await here.clock.advance('10s')
    await put(here, 'b')
    await here.jobs.claim({ workerId: 'w', ids: ['nobody', 'a'], limit: 2 }).then(([lease]) => lease!.release())
    assert.equal(ids(await here.jobs.claim({ workerId: 'w', limit: 2 })), 'ab')
  })

  test('by twenty claims at once › one event, one new holder', async () => {
    const here = world()
    const other = here.another()
    await put(here, 'a')
    await here.jobs.claim({ workerId: 'gone', lease: '10s' })
    await here.clock.advance('10s')
    const taken = (
      await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? here.jobs : other).claim({ workerId: `w${i}` })))
    ).flat()
    assert.equal(taken.length, 1)
    assert.equal(here.jobs.metrics().leasesExpired + other.metrics().leasesExpired, 1)
    assert.deepEqual(await trail(here, 'a'), ['enqueued', 'leased', 'lease_expired', 'leased'])
  })

  test('the sweep › finds those that nobody asks for', async () => {
    const here = world()
    const busy = here.another({ sweep: '1s' })
    await put(here, 'a')
    await busy.claim({ workerId: 'gone', lease: '10s' })
    await here.clock.advance('12s')
    assert.deepEqual([(await here.jobs.get('a'))?.state, busy.metrics().leasesExpired], ['queued', 1])
  })
})

describe('a long poll', () => {
  const polled = (here: World, options: Partial<ClaimOptions> = {}, jobs = here.jobs) => {
    const state = { ids: null as string | null }
    const over = jobs.claim({ workerId: 'w', wait: '20s', ...options }).then((leases) => {
      state.ids = ids(leases)
    })
    return { state, over }
  }

  test('there is something › at once; nothing in all that time › empty, and not before', async () => {
    const here = world()
    await put(here, 'a')
    assert.equal(ids(await here.jobs.claim({ workerId: 'w', wait: '20s' })), 'a')
    const { state } = polled(here)
    await here.clock.advance('19999ms')
    assert.equal(state.ids, null)
    await here.clock.advance('1ms')
    assert.equal(state.ids, '')
  })

  test('woken by an enqueue into its queues, of any process here; not slept over when it comes between look and sleep', async () => {
    const here = world()
    const control = watched(here.store)
    const far = here.another({ store: control.store })
    await far.open()
    const { state, over } = polled(here, {}, far)
    await settled(here.clock)
    await put(here, 'a', { queue: 'other' })
    await settled(here.clock)
    assert.deepEqual([state.ids, control.calls['exchange']], [null, 1], 'another lane wakes nobody')
    await put(here, 'b')
    await settled(here.clock)
    assert.deepEqual([state.ids, control.calls['exchange']], ['b', 2])
    await over
    control.after['list'] = async () => {
      delete control.after['list']
      await put(here, 'c') // the claim has come back empty, and the look for leases that ran out too
    }
    const second = polled(here, {}, far)
    await settled(here.clock)
    assert.equal(second.state.ids, 'c')
  })

  test('woken by the due time; by the poll, where nobody hints', async () => {
    const here = world()
    await put(here, 'a', { delay: '7500ms' })
    const due = polled(here)
    await here.clock.advance('7499ms')
    assert.equal(due.state.ids, null)
    await here.clock.advance('1ms')
    assert.equal(due.state.ids, 'a')
    const deaf = polled(here, {}, here.another({ store: watched(here.store, { hints: false }).store }))
    await here.clock.advance('5s')
    await put(here, 'b')
    await here.clock.advance('1s')
    assert.equal(deaf.state.ids, 'b')
  })

  test('takes over a lease that runs out meanwhile', async () => {
    const here = world()
    await put(here, 'a')
    await here.jobs.claim({ workerId: 'gone', lease: '5s' })
    const { state } = polled(here)
    await here.clock.advance('6s')
    assert.equal(state.ids, 'a')
  })

  test('of given ids › waits for them alone', async () => {
    const here = world()
    const { lease } = await inState(here, 'running')
    const { state } = polled(here, { ids: [lease!.jobId] })
    await put(here, 'x')
    await here.clock.advance('5s')
    assert.equal(state.ids, null)
    await lease!.release()
    await here.clock.advance('1s')
    assert.equal(state.ids, lease!.jobId)
  })

  test('its signal › ends it with an empty list; one that has aborted already claims nothing', async () => {
    const here = world()
    const stop = new AbortController()
    const { state } = polled(here, { signal: stop.signal })
    await settled(here.clock)
    stop.abort()
    await settled(here.clock)
    assert.equal(state.ids, '')
    await put(here, 'a')
    assert.deepEqual(await here.jobs.claim({ workerId: 'w', signal: AbortSignal.abort() }), [])
    assert.equal((await here.jobs.get('a'))?.version, 1)
  })

  test('aborted while a claim is under way › what it took is released at once, at no cost', async () => {
    const here = world()
    await put(here, 'a')
    const control = watched(here.store)
    const far = here.another({ store: control.store })
    await far.open()
    const stop = new AbortController()
    const held = gate()
    control.after['exchange'] = async () => {
      delete control.after['exchange']
      stop.abort() // the job is taken, its reply on the way
      held.open()
    }
    const { state, over } = polled(here, { signal: stop.signal }, far)
    await held.promise
    await over
    const back = await here.jobs.get('a')
    assert.deepEqual([state.ids, back?.state, back?.attempt], ['', 'queued', 0])
    assert.deepEqual(await trail(here, 'a'), ['enqueued', 'leased', 'released'])
  })

  test('close › ends it with an empty list', async () => {
    const here = world()
    const far = here.another({ store: watched(here.store).store })
    const { state, over } = polled(here, {}, far)
    await settled(here.clock)
    await far.close()
    await over
    assert.equal(state.ids, '')
    assert.equal(await codeOf(far.claim({ workerId: 'w' })), 'QUEUE_CLOSED')
  })
})
