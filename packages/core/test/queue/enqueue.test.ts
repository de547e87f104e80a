import assert from 'node:assert/strict'
import { defineJob, JobQueue, memoryStore, type StandardSchema, unchecked } from '@stint/core'
import { describe, test } from 'vitest'
import { codeOf, faulty, settled, world } from './world.js'

const mail = defineJob({ type: 'mail', payload: unchecked<{ to: string }>() })
const push = defineJob({ type: 'push' })

describe('enqueue', () => {
  test('answers with the job as it is in the store', async () => {
    const { jobs } = world()
    const job = await jobs.enqueue(
      mail,
      { to: 'ada' },
      { priority: 70, tags: ['a', 'a', 'b'], meta: { createdBy: 'eve' }, actor: 'eve' },
    )
    assert.equal(job.isNew, true)
    assert.deepEqual(
      [
        job.type,
        job.queue,
        job.state,
        job.payload,
        job.priority,
        job.attempt,
        job.maxAttempts,
        job.tags,
        job.meta,
        job.version,
      ],
      ['mail', 'default', 'queued', { to: 'ada' }, 70, 0, 5, ['a', 'b'], { createdBy: 'eve' }, 1],
    )
    assert.equal(job.runAt.toISOString(), '2030-01-01T00:00:00.000Z')
    assert.deepEqual({ ...(await jobs.get(job.id)), isNew: true }, { ...job })
    const [event] = await jobs.audit(job.id)
    assert.deepEqual([event?.type, event?.actor, event?.detail], ['enqueued', 'eve', null])
  })

  test('an id that is there › answers with the job that is there and changes nothing', async () => {
    const { jobs } = world()
    const first = await jobs.enqueue(mail, { to: 'ada' }, { id: 'one' })
    const again = await jobs.enqueue(mail, { to: 'ada' }, { id: 'one', priority: 99 })
    assert.deepEqual([first.isNew, again.isNew, again.priority, again.version], [true, false, 50, 1])
  })

  test('an id that is there for something else › ID_CONFLICT', async () => {
    const { jobs } = world()
    await jobs.enqueue(mail, { to: 'ada' }, { id: 'one' })
    assert.equal(await codeOf(jobs.enqueue(mail, { to: 'bob' }, { id: 'one' })), 'ID_CONFLICT')
    assert.equal(await codeOf(jobs.enqueue(push, { to: 'ada' }, { id: 'one' })), 'ID_CONFLICT')
    assert.equal(await codeOf(jobs.enqueue(mail, { to: 'ada' }, { id: 'one', queue: 'other' })), 'ID_CONFLICT')
  })

  test('a reply that was lost › the repeat knows its own job, by a made id and by a given one', async () => {
    const { clock, store, another } = world()
    const control = faulty(store)
    const jobs = another({ store: control.store })
    for (const id of [undefined, 'given']) {
      for (const fault of ['lose request', 'lose reply'] as const) {
        control.next = fault
        const enqueued = jobs.enqueue(mail, { to: 'ada' }, { id: id && `${id}-${fault.replace(' ', '-')}` })
        await clock.advance('1s')
        assert.equal((await enqueued).isNew, true, `${id} ${fault}`)
      }
    }
    assert.equal(await jobs.count(), 4)
  })

  test('what is not JSON › PAYLOAD_INVALID with the path, nothing written', async () => {
    const { jobs } = world()
    const cyclic: { self?: unknown } = {}
    cyclic.self = cyclic
    for (const bad of [
      { to: 1n },
      { to: new Date() },
      { to: new Map() },
      { to: [1, undefined] },
      { to: Number.NaN },
      { to: () => {} },
      { to: Symbol('x') },
      cyclic,
    ]) {
      assert.equal(await codeOf(jobs.enqueue(push, bad)), 'PAYLOAD_INVALID')
    }
    const error = await jobs.enqueue(push, { list: [1, { at: new Date(0) }] }).catch((thrown) => thrown)
    assert.deepEqual(error.details.issues[0].path, ['list', 1, 'at'])
    assert.equal(await jobs.count(), 0)
  })

  test('a schema › checks, and the payload is stored as given', async () => {
    const { jobs } = world()
    const schema: StandardSchema<{ n: string }, { n: number }> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: async (value) => {
          const n = Number((value as { n: string }).n)
          return Number.isNaN(n) ? { issues: [{ message: 'no number', path: ['n'] }] } : { value: { n } }
        },
      },
    }
    const sum = defineJob({ type: 'sum', payload: schema })
    assert.deepEqual((await jobs.enqueue(sum, { n: '42' })).payload, { n: '42' })
    assert.equal(await codeOf(jobs.enqueue(sum, { n: 'x' })), 'PAYLOAD_INVALID')
    // By name alone, the definition that is known lends its schema.
    assert.equal(await codeOf(jobs.enqueue(defineJob({ type: 'sum' }), { n: 'x' })), 'PAYLOAD_INVALID')
    assert.match(
      await codeOf(jobs.enqueue(defineJob({ type: 'sum', maxAttempts: 1 }), { n: '1' })),
      /^TypeError: The job type "sum" is defined twice/,
    )
  })

  test('undefined, null and text stay apart', async () => {
    const { jobs } = world()
    for (const payload of [undefined, null, '', 'null', 0, false, [], {}]) {
      const job = await jobs.enqueue(push, payload)
      assert.deepEqual((await jobs.get(job.id))?.payload, payload)
    }
  })

  test('too much › TOO_LARGE says what and how much', async () => {
    const { jobs } = world()
    const error = await jobs.enqueue(push, 'é'.repeat(600_000)).catch((thrown) => thrown)
    assert.deepEqual(
      [error.code, error.details],
      ['TOO_LARGE', { what: 'payload', bytes: 1_200_002, maxBytes: 1_048_576 }],
    )
    assert.equal(await codeOf(jobs.enqueue(push, 1, { meta: { a: 'x'.repeat(8192) } })), 'TOO_LARGE')
    assert.equal((await jobs.enqueue(push, 'x'.repeat(1_048_574))).isNew, true)
  })

  test('wrong options › TypeError names the option, what was expected and what came', async () => {
    const { jobs } = world()
    const wrong: [object, RegExp][] = [
      [{ priority: 101 }, /priority: expected a whole number from 0 to 100, got 101/],
      [{ priority: 1.5 }, /priority/],
      [{ delay: '5 minutes' }, /delay: expected a duration.*got '5 minutes'/],
      [{ delay: -1 }, /delay/],
      [{ delay: 1, runAt: new Date() }, /not both/],
      [{ runAt: new Date(Number.NaN) }, /runAt: expected a Date.*Invalid/],
      [{ id: 'stint:x' }, /id: expected/],
      [{ id: '..' }, /id: expected/],
      [{ id: 'a b' }, /id: expected/],
      [{ queue: 'ä' }, /queue: expected/],
      [{ uniqueKey: '' }, /uniqueKey: expected 1–255 bytes/],
      [{ uniqueKey: 'a\nb' }, /uniqueKey/],
      [{ uniqueKey: '\ud800' }, /uniqueKey/],
      [{ tags: Array.from({ length: 17 }, (_, i) => `t${i}`) }, /tags/],
      [{ maxAttempts: 0 }, /maxAttempts/],
      [{ backoff: { kind: 'linear', base: 1 } }, /backoff.kind/],
      [{ uniqueUntil: 'never' }, /uniqueUntil: expected 'claimed' or 'finished'/],
      [{ actor: '' }, /actor/],
    ]
    for (const [options, message] of wrong) assert.match(await codeOf(jobs.enqueue(push, 1, options)), message)
    assert.equal(await jobs.count(), 0)
  })

  test('delay and runAt › due then, in line by that instant', async () => {
    const { clock, jobs } = world()
    await jobs.enqueue(push, 'later', { delay: '2h' })
    await jobs.enqueue(push, 'at', { runAt: new Date('2030-01-01T01:00:00Z') })
    await jobs.enqueue(push, 'past', { runAt: new Date('2020-01-01T00:00:00Z') })
    const due = async () =>
      (await jobs.list({ queue: 'default', due: true, order: 'claim' })).jobs.map((job) => job.payload)
    assert.deepEqual(await due(), ['past'])
    await clock.advance('3h')
    assert.deepEqual(await due(), ['past', 'at', 'later'])
  })
})

describe('unique keys', () => {
  test('a key that is held › the job that is there; free again when it is over', async () => {
    const { jobs } = world()
    const first = await jobs.enqueue(mail, { to: 'ada' }, { uniqueKey: 'ada' })
    const second = await jobs.enqueue(mail, { to: 'other' }, { uniqueKey: 'ada' })
    assert.deepEqual([second.id, second.isNew, second.payload], [first.id, false, { to: 'ada' }])
    assert.equal((await jobs.get({ queue: 'default', uniqueKey: 'ada' }))?.id, first.id)
    await jobs.cancel(first.id)
    assert.equal((await jobs.enqueue(mail, { to: 'ada' }, { uniqueKey: 'ada' })).isNew, true)
  })

  test('held by a job of another type › UNIQUE_CONFLICT; of another lane › not in the way', async () => {
    const { jobs } = world()
    await jobs.enqueue(mail, { to: 'ada' }, { uniqueKey: 'k' })
    assert.equal(await codeOf(jobs.enqueue(push, 1, { uniqueKey: 'k' })), 'UNIQUE_CONFLICT')
    assert.equal((await jobs.enqueue(push, 1, { uniqueKey: 'k', queue: 'other' })).isNew, true)
  })

  test("a debounce › ifExists: 'replace' takes payload, due time, priority, tags and meta; an edit during the run makes one more run", async () => {
    const { clock, jobs } = world()
    const edit = (rev: number) =>
      jobs.enqueue(
        push,
        { rev },
        {
          uniqueKey: 'doc',
          uniqueUntil: 'claimed',
          ifExists: 'replace',
          delay: '5s',
          priority: rev,
          tags: [`r${rev}`],
          actor: 'ada',
        },
      )
    const first = await edit(1)
    await clock.advance('4s')
    const second = await edit(2)
    assert.deepEqual(
      [second.id, second.isNew, second.payload, second.priority, second.tags],
      [first.id, false, { rev: 2 }, 2, ['r2']],
    )
    await clock.advance('4s')
    assert.deepEqual(await jobs.claim({ workerId: 'w' }), [], 'the second edit moved it on')
    await clock.advance('1s')
    const [lease] = await jobs.claim({ workerId: 'w' })
    assert.deepEqual(lease?.job.payload, { rev: 2 })
    const third = await edit(3)
    assert.deepEqual([third.isNew, third.payload], [true, { rev: 3 }])
    assert.deepEqual(
      (await jobs.audit(first.id)).map((event) => event.type),
      ['enqueued', 'edited', 'leased'],
    )
    assert.equal((await jobs.audit(first.id))[1]?.actor, 'ada')
  })

  test("ifExists: 'replace' of one that runs under the key until its end › stays as it is", async () => {
    const { jobs } = world()
    await jobs.enqueue(push, 1, { uniqueKey: 'k' })
    await jobs.claim({ workerId: 'w' })
    const job = await jobs.enqueue(push, 2, { uniqueKey: 'k', ifExists: 'replace' })
    assert.deepEqual([job.isNew, job.payload, job.state], [false, 1, 'leased'])
  })
})

describe('enqueueMany', () => {
  test('answers in the order asked, one write for each 500, repeats in one call included', async () => {
    const { store, another } = world()
    let writes = 0
    const counted = new Proxy(store, {
      get: (target, key) => {
        const value = Reflect.get(target, key, target) as unknown
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          if (key === 'exchange') writes++
          return value.apply(target, args)
        }
      },
    })
    const jobs = another({ store: counted })
    const many = await jobs.enqueueMany(Array.from({ length: 1001 }, (_, i) => ({ job: push, payload: i })))
    assert.deepEqual(
      many.map((job) => job.payload),
      Array.from({ length: 1001 }, (_, i) => i),
    )
    assert.equal(writes, 3)
    const twice = await jobs.enqueueMany([
      { job: push, payload: 1, id: 'same' },
      { job: push, payload: 1, id: 'same' },
    ])
    assert.deepEqual(
      twice.map((job) => job.isNew),
      [true, false],
    )
  })

  test('one that is not acceptable › nothing is written', async () => {
    const { jobs } = world()
    assert.equal(
      await codeOf(
        jobs.enqueueMany([
          { job: push, payload: 1 },
          { job: push, payload: 1n },
        ]),
      ),
      'PAYLOAD_INVALID',
    )
    assert.match(
      await codeOf(
        jobs.enqueueMany([
          { job: push, payload: 1 },
          { job: push, payload: 1, priority: 1000 },
        ]),
      ),
      /^TypeError/,
    )
    assert.equal(await jobs.count(), 0)
  })
})

describe('capacity', () => {
  test('maxQueued › exactly so many, however they come; QUEUE_FULL for the rest', async () => {
    const { jobs } = world({ queues: { small: { maxQueued: 10 } } })
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => codeOf(jobs.enqueue(push, 1, { queue: 'small' }))),
    )
    assert.deepEqual(
      [answers.filter((code) => code === 'resolved').length, answers.filter((code) => code === 'QUEUE_FULL').length],
      [10, 15],
    )
    assert.equal((await jobs.stats('small')).queued, 10)
    await jobs.claim({ workerId: 'w', queues: ['small'], limit: 2 })
    const more = await Promise.all(Array.from({ length: 5 }, () => codeOf(jobs.enqueue(push, 1, { queue: 'small' }))))
    assert.equal(more.filter((code) => code === 'resolved').length, 2)
  })

  test('a repeat in a full lane › is answered with the job that is there', async () => {
    const { jobs } = world({ queues: { small: { maxQueued: 1 } } })
    await jobs.enqueue(push, 1, { queue: 'small', id: 'a', uniqueKey: 'k' })
    assert.equal((await jobs.enqueue(push, 1, { queue: 'small', id: 'a' })).isNew, false)
    assert.equal((await jobs.enqueue(push, 1, { queue: 'small', uniqueKey: 'k' })).isNew, false)
    assert.equal(await codeOf(jobs.enqueue(push, 1, { queue: 'small' })), 'QUEUE_FULL')
  })

  test('many at once › all or none', async () => {
    const { jobs } = world({ queues: { small: { maxQueued: 3 } } })
    const many = (n: number) =>
      jobs.enqueueMany(Array.from({ length: n }, () => ({ job: push, payload: 1, queue: 'small' })))
    assert.equal(await codeOf(many(4)), 'QUEUE_FULL')
    assert.equal((await jobs.stats('small')).queued, 0)
    assert.equal((await many(3)).length, 3)
  })
})

describe('order', () => {
  test('unawaited calls about one job › are committed in the order they were made', async () => {
    const { clock, jobs } = world()
    const slow: StandardSchema<unknown, unknown> = {
      '~standard': { version: 1, vendor: 'test', validate: async (value) => ({ value }) },
    }
    const job = defineJob({ type: 'slow', payload: slow })
    const calls = [
      jobs.enqueue(job, 1, { id: 'x' }),
      jobs.reprioritise('x', 10),
      jobs.reschedule('x', { delay: '1h' }),
      jobs.cancel('x'),
      jobs.retry('x'),
    ]
    await settled(clock)
    await Promise.all(calls)
    assert.deepEqual(
      (await jobs.audit('x')).map((event) => event.type),
      ['enqueued', 'reprioritised', 'rescheduled', 'cancelled', 'retried'],
    )
  })
})

describe('life', () => {
  test('a store that cannot be opened › shows in each call, not as an unhandled rejection; close still works', async () => {
    const jobs = new JobQueue({ store: Promise.reject<never>(new Error('no such place')) })
    assert.match(await codeOf(jobs.enqueue(push, 1)), /no such place/)
    assert.match(await codeOf(jobs.open()), /no such place/)
    await jobs.close()
    assert.equal(await codeOf(jobs.enqueue(push, 1)), 'QUEUE_CLOSED')
  })

  test('after close › QUEUE_CLOSED, twice is fine; what was pending is written', async () => {
    const store = memoryStore()
    const jobs = new JobQueue({ store })
    const pending = jobs.enqueue(push, 1)
    await Promise.all([jobs.close(), jobs.close()])
    assert.equal((await pending).isNew, true)
    for (const call of [
      () => jobs.get('x'),
      () => jobs.stats(),
      () => jobs.claim({ workerId: 'w' }),
      () => jobs.cancel('x'),
    ]) {
      assert.equal(await codeOf(call()), 'QUEUE_CLOSED')
    }
    assert.equal(await codeOf(store.stats()), 'STORE_CLOSED')
  })

  test('close right behind calls that stand in line › sends them first', async () => {
    const jobs = new JobQueue({ store: memoryStore() })
    await jobs.open()
    const calls = [jobs.enqueue(push, 1, { id: 'x' }), jobs.reprioritise('x', 10), jobs.cancel('x')]
    await jobs.close()
    const ends = await Promise.allSettled(calls)
    assert.deepEqual(
      ends.map((end) => (end.status === 'fulfilled' ? end.value.state : end.reason.code)),
      ['queued', 'queued', 'cancelled'],
    )
  })

  test('something that is no store › TypeError that says what one is', () => {
    assert.throws(() => new JobQueue({ store: {} as never }), /expected a Stint store/)
  })
})
