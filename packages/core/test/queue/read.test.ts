import assert from 'node:assert/strict'
import { defineJob, handle, isJobOf, type Job, type StandardSchema, unchecked } from '@stint/core'
import { describe, test } from 'vitest'
import { ALL_STATES, inState, job } from './in-state.js'
import { codeOf, settled, world } from './world.js'

const toDate: StandardSchema<{ at: string }, { at: Date }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const at = new Date((value as { at: string })?.at)
      return Number.isNaN(at.getTime()) ? { issues: [{ message: 'no instant', path: ['at'] }] } : { value: { at } }
    },
  },
}
const dated = defineJob({ type: 'dated', payload: toDate, result: toDate })

describe('get', () => {
  test('by id, by the live holder of a key; undefined for what is not there or cannot be', async () => {
    const { jobs } = world()
    const { id } = await jobs.enqueue(job, 1, { uniqueKey: 'k' })
    assert.equal((await jobs.get(id))?.id, id)
    assert.equal((await jobs.get({ queue: 'default', uniqueKey: 'k' }))?.id, id)
    assert.equal(await jobs.get({ queue: 'other', uniqueKey: 'k' }), undefined)
    await jobs.cancel(id)
    assert.equal(await jobs.get({ queue: 'default', uniqueKey: 'k' }), undefined)
    for (const none of ['nobody', '', 'a b', '\u0000', 'x'.repeat(200)]) assert.equal(await jobs.get(none), undefined)
    assert.match(await codeOf(jobs.get({ queue: 'ä', uniqueKey: 'k' })), /^TypeError: queue/)
    assert.match(await codeOf(jobs.get({ queue: 'a', uniqueKey: '' })), /^TypeError: uniqueKey/)
  })

  test('with `as` › undefined when it is of another type; its result as the schema gives it out', async () => {
    const { clock, jobs } = world()
    jobs.work(handle(dated, ({ payload }) => ({ at: payload.at.toISOString() })))
    const { id } = await jobs.enqueue(dated, { at: '2030-05-05' })
    assert.equal(await jobs.get(id, job), undefined)
    assert.deepEqual((await jobs.get(id, dated))?.payload, { at: '2030-05-05' }, 'the payload as it was given')
    await settled(clock)
    assert.deepEqual((await jobs.get(id, dated))?.result, { at: new Date('2030-05-05') })
    assert.deepEqual((await jobs.get(id))?.result, { at: '2030-05-05T00:00:00.000Z' }, 'without it as it is stored')
  })

  test('isJobOf › by the type, and narrows', async () => {
    const { jobs } = world()
    const found: Job = (await jobs.get((await jobs.enqueue(dated, { at: '2030-05-05' })).id))!
    assert.equal(isJobOf(found, defineJob({ type: 'other', payload: unchecked<{ n: number }>() })), false)
    assert.equal(isJobOf(found, dated) && found.payload.at, '2030-05-05')
  })
})

describe('records', () => {
  const KEYS = [
    'id',
    'type',
    'queue',
    'state',
    'payload',
    'priority',
    'attempt',
    'maxAttempts',
    'runAt',
    'createdAt',
    'updatedAt',
    'startedAt',
    'finishedAt',
    'lease',
    'progress',
    'result',
    'error',
    'uniqueKey',
    'tags',
    'meta',
    'version',
  ]

  test.each(ALL_STATES)('a job that is %s › frozen, every key present, null where there is nothing', async (state) => {
    const here = world()
    const { id } = await inState(here, state)
    const found = (await here.jobs.get(id))!
    assert.deepEqual(Object.keys(found).sort(), [...KEYS].sort())
    for (const [key, value] of Object.entries(found)) assert.notEqual(value, undefined, key)
    for (const part of [found, found.tags, found.lease, found.error, found.meta])
      assert.equal(part === null || Object.isFrozen(part), true)
    const isHeld = state === 'leased' || state === 'running'
    const isOver = ['succeeded', 'failed', 'dead', 'cancelled'].includes(state)
    assert.deepEqual(
      [
        found.lease !== null,
        found.finishedAt !== null,
        found.result !== null,
        found.error !== null,
        found.startedAt !== null,
      ],
      [isHeld, isOver, state === 'succeeded', state === 'failed' || state === 'dead', state === 'running'],
    )
    if (found.lease) assert.deepEqual(found.lease, { workerId: 'w', expiresAt: new Date('2030-01-01T00:00:30Z') })
  })

  test('JSON.stringify › gives ISO 8601 instants and plain data', async () => {
    const here = world()
    const { id } = await inState(here, 'dead')
    const plain = JSON.parse(JSON.stringify(await here.jobs.get(id)))
    for (const key of ['runAt', 'createdAt', 'updatedAt', 'finishedAt'])
      assert.equal(plain[key], '2030-01-01T00:00:00.000Z')
    assert.deepEqual(
      [plain.error.message, plain.error.at, plain.meta, plain.lease],
      ['broken', '2030-01-01T00:00:00.000Z', {}, null],
    )
  })

  test('meta › frozen too', async () => {
    const { jobs } = world()
    assert.equal(Object.isFrozen((await jobs.enqueue(job, 1, { meta: { by: 'ada' } })).meta), true)
  })

  test('a payload that was not given › undefined, and the key is there', async () => {
    const { jobs } = world()
    const found = await jobs.get((await jobs.enqueue(job, undefined)).id)
    assert.deepEqual([found !== undefined && 'payload' in found, found?.payload], [true, undefined])
  })

  test('what a caller does to an answer › reaches nobody', async () => {
    const { jobs } = world()
    const payload = { list: [1] }
    const { id } = await jobs.enqueue(job, payload, { meta: { by: 'ada' }, tags: ['a'] })
    payload.list.push(2)
    const found = (await jobs.get(id)) as Job<{ list: number[] }>
    found.payload.list.push(3)
    found.runAt.setTime(0)
    assert.throws(() => (found.tags as string[]).push('b'))
    const again = await jobs.get(id)
    assert.deepEqual([again?.payload, again?.runAt.getTime() === 0, again?.tags], [{ list: [1] }, false, ['a']])
  })

  test('the token › appears nowhere but in the lease itself: not in jobs, events, feed, logs, settings or errors', async () => {
    const here = world({ queues: { default: { auditHeartbeats: true } } })
    const { clock, jobs, store } = here
    const told: unknown[] = []
    for (const name of [
      'leased',
      'started',
      'heartbeat',
      'progressed',
      'failed',
      'succeeded',
      'cancelled',
      'released',
      'snoozed',
      'lease_expired',
      'error',
    ] as const)
      jobs.on(name, (payload) => told.push(payload))
    const seen: unknown[] = [told]
    const tokens: string[] = []
    for (const end of ['succeed', 'fail', 'release', 'snooze', 'cancel', 'expire'] as const) {
      const { id, lease } = await inState(here, 'running')
      tokens.push(lease!.token.split('.')[0]!)
      await lease!.heartbeat({ progress: 1 })
      await lease!.log('working')
      seen.push(await jobs.get(id), lease!.job, await jobs.list({ state: 'running' }))
      if (end === 'succeed') seen.push(await lease!.succeed(1))
      if (end === 'fail') seen.push(await lease!.fail(new Error('no')))
      if (end === 'release') seen.push(await lease!.release())
      if (end === 'snooze') seen.push(await lease!.snooze('1h'))
      if (end === 'cancel') seen.push(await jobs.cancel(id))
      if (end === 'expire') {
        await clock.advance('31s')
        await jobs.claim({ workerId: 'w2', ids: [id] })
      }
      const lost = await lease!.succeed('other').catch((error) => error)
      seen.push(
        lost,
        lost.message,
        lost.details,
        await jobs.audit(id),
        await jobs.logs(id),
        await store.events(id, { limit: 99 }),
      )
    }
    const { events } = await store.feed({ after: 'start', limit: 999 })
    for await (const event of jobs.feed()) {
      seen.push(event)
      if (event.cursor === events.at(-1)?.cursor) break
    }
    await clock.advance(0)
    seen.push(events, await store.settings('queue'), jobs.metrics())
    assert.equal(told.length > 20 && events.length > 30, true)
    const text = JSON.stringify(seen, (_key, value) =>
      value instanceof Error ? { ...value, message: value.message } : value,
    )
    for (const token of tokens) assert.equal(text.includes(token), false)
    assert.equal(text.includes('"workerId":"w"'), true, 'the names of workers do appear')
    assert.equal(
      /"op"/.test(JSON.stringify([await jobs.audit((await jobs.list()).jobs[0]!.id), told])),
      false,
      'nor do nonces',
    )
  })
})

describe('audit', () => {
  test('one trail, seq 1 first; who, when, from, to and which run', async () => {
    const { clock, jobs } = world()
    const { id } = await jobs.enqueue(job, 1, { actor: 'eve' })
    await clock.advance('1s')
    const [lease] = await jobs.claim({ workerId: 'w' })
    await lease!.start()
    await clock.advance('1s')
    await lease!.fail(new Error('no'), { retry: '5s' })
    await jobs.cancel(id, { actor: 'ada', reason: 'enough' })
    const events = await jobs.audit(id)
    assert.deepEqual(
      events.map(({ seq, type, from, to, attempt, fence, workerId, actor, reason }) => [
        seq,
        type,
        from,
        to,
        attempt,
        fence,
        workerId,
        actor,
        reason,
      ]),
      [
        [1, 'enqueued', null, 'queued', 0, null, null, 'eve', null],
        [2, 'leased', 'queued', 'leased', 1, 2, 'w', 'w', null],
        [3, 'started', 'leased', 'running', 1, 2, 'w', 'w', null],
        [4, 'failed', 'running', 'queued', 1, 2, 'w', 'w', null],
        [5, 'cancelled', 'queued', 'cancelled', 1, null, null, 'ada', 'enough'],
      ],
    )
    assert.deepEqual(
      events.map((event) => event.at.getTime() - clock.now()),
      [-2000, -1000, -1000, 0, 0],
    )
    assert.deepEqual([events[3]?.error?.message, events[3]?.error?.attempt, events[3]?.detail], ['no', 1, null])
    for (const event of events) {
      assert.deepEqual([Object.isFrozen(event), event.jobId, event.queue], [true, id, 'default'])
      for (const [key, value] of Object.entries(event)) assert.notEqual(value, undefined, key)
    }
    assert.equal(Object.isFrozen(events), true)
  })

  test('longer than a page › whole, in order', async () => {
    const { jobs } = world()
    const { id } = await jobs.enqueue(job, 1)
    for (let i = 0; i < 1100; i++) await jobs.reprioritise(id, i % 100)
    assert.deepEqual(
      (await jobs.audit(id)).map((event) => event.seq),
      Array.from({ length: 1101 }, (_, i) => i + 1),
    )
  })

  test('a clock that steps back › times never fall', async () => {
    const { clock, jobs } = world()
    const { id } = await jobs.enqueue(job, 1)
    const now = clock.now()
    clock.now = () => now - 60_000
    await jobs.reprioritise(id, 1)
    const [first, second] = await jobs.audit(id)
    assert.equal(second!.at >= first!.at, true)
  })

  test('audit and logs of no job › JOB_NOT_FOUND; logs of one that said nothing › empty', async () => {
    const { jobs } = world()
    for (const id of ['nobody', 'a b', '']) {
      assert.equal(await codeOf(jobs.audit(id)), 'JOB_NOT_FOUND')
      assert.equal(await codeOf(jobs.logs(id)), 'JOB_NOT_FOUND')
    }
    const { id } = await jobs.enqueue(job, 1)
    assert.deepEqual(await jobs.logs(id), [])
    assert.equal(Object.isFrozen(await jobs.logs(id)), true)
  })
})
