import assert from 'node:assert/strict'
import { type AnyJobDefinition, defineJob, type EnqueueOptions, handle } from '@stint/core'
import { describe, test } from 'vitest'
import { job, trail } from './in-state.js'
import { watched } from './watched-store.js'
import { codeOf, faulty, type World, world } from './world.js'

const other = defineJob({ type: 'other' })

async function dead(
  here: Pick<World, 'jobs'>,
  options: EnqueueOptions = {},
  definition: AnyJobDefinition = job,
): Promise<string> {
  const { id } = await here.jobs.enqueue(definition, 1, { maxAttempts: 1, ...options })
  const [lease] = await here.jobs.claim({ workerId: 'w', ids: [id] })
  await lease!.fail(new Error('broken'))
  return id
}
const states = async (here: Pick<World, 'jobs'>, ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await here.jobs.get(id))?.state))

describe('redrive', () => {
  test('puts back every dead job and no other, and says how many; actor and reason stand in each event', async () => {
    const here = world()
    const ids = [await dead(here), await dead(here), await dead(here, {}, other)]
    const { id: failed } = await here.jobs.enqueue(job, 1)
    const [lease] = await here.jobs.claim({ workerId: 'w', ids: [failed] })
    await lease!.fail(new Error('no'), { retry: false })
    assert.equal(await here.jobs.redrive({}, { actor: 'ada', reason: 'PSP is back' }), 3)
    assert.deepEqual(await states(here, [...ids, failed]), ['queued', 'queued', 'queued', 'failed'])
    for (const id of ids) {
      const event = (await here.jobs.audit(id)).at(-1)
      assert.deepEqual([event?.type, event?.actor, event?.reason], ['retried', 'ada', 'PSP is back'])
    }
    assert.equal(await here.jobs.redrive(), 0)
  })

  test.each<[string, object, readonly number[]]>([
    ['queue', { queue: 'mail' }, [1]],
    ['queues', { queue: ['mail', 'default'] }, [0, 1, 2, 3]],
    ['type', { type: 'other' }, [2]],
    ['types', { type: ['other', 'job'] }, [0, 1, 2, 3]],
    ['tag', { tag: 'red' }, [3]],
    ['finishedAfter, inclusive', { finishedAfter: new Date('2030-01-01T00:01:00Z') }, [1, 2, 3]],
    ['finishedBefore, not inclusive', { finishedBefore: new Date('2030-01-01T00:01:00Z') }, [0]],
    ['several at once', { queue: 'default', type: 'job', tag: 'red' }, [3]],
    ['none that matches', { queue: 'nobody' }, []],
    ['an empty list', { queue: [] }, []],
  ])('by %s', async (_name, filter, expected) => {
    const here = world()
    const ids = [await dead(here)]
    await here.clock.advance('1m')
    ids.push(await dead(here, { queue: 'mail' }))
    ids.push(await dead(here, {}, other))
    ids.push(await dead(here, { tags: ['red', 'blue'] }))
    assert.equal(await here.jobs.redrive(filter), expected.length)
    const back = (await states(here, ids)).flatMap((state, i) => (state === 'queued' ? [i] : []))
    assert.deepEqual(back, expected)
  })

  test('mistakes in the filter › TypeError, nothing changes', async () => {
    const here = world()
    const id = await dead(here)
    for (const wrong of [
      { queue: 'ä' },
      { type: [''] },
      { finishedAfter: '2030' },
      { finishedBefore: new Date(Number.NaN) },
    ])
      assert.match(await codeOf(here.jobs.redrive(wrong as never)), /^TypeError/)
    assert.match(await codeOf(here.jobs.redrive({}, { actor: '' })), /^TypeError: actor/)
    assert.deepEqual(await states(here, [id]), ['dead'])
  })

  test('more than a page › all of them', async () => {
    const here = world()
    await here.jobs.enqueueMany(Array.from({ length: 450 }, (_, i) => ({ job, payload: i, maxAttempts: 1 })))
    const leases = await here.jobs.claim({ workerId: 'w', limit: 450 })
    await Promise.all(leases.map((lease) => lease.fail(new Error('broken'))))
    assert.equal(await here.jobs.redrive(), 450)
    assert.deepEqual([(await here.jobs.stats()).queued, (await here.jobs.stats()).dead], [450, 0])
  })

  test.each([
    ['no bound', {}],
    ['a bound in the future', { finishedBefore: new Date('2040-01-01T00:00:00Z') }],
  ])('jobs that die again while it walks, %s › are brought back once', async (_name, filter) => {
    const { clock, store, jobs, another } = world()
    const here = { jobs }
    for (let i = 0; i < 250; i++) await dead(here)
    const slow = watched(store)
    const operator = another({ store: slow.store })
    await operator.open()
    let pages = 0
    // A worker that is quicker than the operator: between two pages all that were brought back die again, later.
    slow.before['list'] = async () => {
      if (++pages > 20) throw new Error('it walks for ever')
      const now = clock.now() + 1000
      clock.now = () => now
      const leases = await jobs.claim({ workerId: 'quick', limit: 500 })
      await Promise.all(leases.map((lease) => lease.fail(new Error('again'))))
    }
    assert.equal(await operator.redrive(filter), 250)
    assert.equal(
      (await jobs.count({ state: ['dead', 'queued'] })) - (await jobs.stats()).dead,
      50,
      'the last page is still queued',
    )
  })

  test('one whose key is held by another job › stays dead, the others come back', async () => {
    const here = world()
    const held = await dead(here, { uniqueKey: 'k' })
    await here.jobs.enqueue(job, 2, { uniqueKey: 'k' })
    const free = await dead(here)
    assert.equal(await here.jobs.redrive(), 1)
    assert.deepEqual(await states(here, [held, free]), ['dead', 'queued'])
  })

  test.each(['lose request', 'lose reply'] as const)('%s › each counted and brought back once', async (fault) => {
    const { clock, store, another } = world()
    const control = faulty(store)
    const jobs = another({ store: control.store })
    const ids = [await dead({ jobs }), await dead({ jobs }), await dead({ jobs })]
    const told: string[] = []
    jobs.on('retried', ({ job }) => told.push(job.id))
    control.next = fault
    const count = jobs.redrive()
    await clock.advance('1s')
    assert.equal(await count, 3)
    for (const id of ids) assert.deepEqual(await trail({ jobs }, id), ['enqueued', 'leased', 'failed', 'retried'])
    assert.deepEqual(told.sort(), ids.sort())
  })

  test('two operators at once › together exactly as many as there were', async () => {
    const here = world()
    const ids = await Promise.all(Array.from({ length: 20 }, () => dead(here)))
    const counts = await Promise.all([here.jobs.redrive(), here.another().redrive()])
    assert.equal(counts[0]! + counts[1]!, 20)
    for (const id of ids) assert.equal((await trail(here, id)).filter((type) => type === 'retried').length, 1)
  })

  test('what comes back › is worked with a fresh budget', async () => {
    const here = world()
    const id = await dead(here)
    here.jobs.work(handle(job, ({ attempt }) => attempt))
    await here.clock.advance(0)
    await here.jobs.redrive()
    await here.clock.advance(0)
    assert.deepEqual([(await here.jobs.get(id))?.state, (await here.jobs.get(id))?.result], ['succeeded', 1])
  })
})
