import assert from 'node:assert/strict'
import type { Job, JobQueue, JobState } from '@stint/core'
import { describe, test } from 'vitest'
import { isLegal } from '../../src/transitions.js'
import { ALL_STATES, inState, job, trail } from './in-state.js'
import { codeOf, faulty, type World, world } from './world.js'

type Verb = 'cancel' | 'retry' | 'reschedule' | 'reprioritise'
type Jobs = JobQueue<never, false>
const BY = { actor: 'ada', reason: 'wrong file' }
const act: Record<Verb, (jobs: Jobs, id: string, by?: typeof BY) => Promise<Job>> = {
  cancel: (jobs, id, by) => jobs.cancel(id, by),
  retry: (jobs, id, by) => jobs.retry(id, by),
  reschedule: (jobs, id, by) => jobs.reschedule(id, { delay: '1h' }, by),
  reprioritise: (jobs, id, by) => jobs.reprioritise(id, 90, by),
}
const EVENT: Record<Verb, string> = {
  cancel: 'cancelled',
  retry: 'retried',
  reschedule: 'rescheduled',
  reprioritise: 'reprioritised',
}
const VERBS = Object.keys(act) as Verb[]
const TO: Record<Verb, JobState> = {
  cancel: 'cancelled',
  retry: 'queued',
  reschedule: 'queued',
  reprioritise: 'queued',
}

describe.each(VERBS)('%s', (verb) => {
  test.each(ALL_STATES)(
    'of a job that is %s › as the table says: done with one event, or WRONG_STATE and nothing',
    async (state) => {
      const { jobs } = world()
      const { id } = await inState({ jobs }, state)
      const before = await jobs.get(id)
      if (isLegal(verb, state)) {
        const after = await act[verb](jobs, id, BY)
        const event = (await jobs.audit(id)).at(-1)
        assert.deepEqual([after.state, after.version], [TO[verb], before!.version + 1])
        assert.deepEqual(
          [event?.type, event?.from, event?.to, event?.actor, event?.reason, event?.seq],
          [EVENT[verb], state, TO[verb], 'ada', 'wrong file', after.version],
        )
        assert.deepEqual(await jobs.get(id), after, 'the answer is the job as it is now')
      } else {
        const error = await act[verb](jobs, id).catch((thrown) => thrown)
        assert.deepEqual([error.code, error.details], ['WRONG_STATE', { jobId: id, state, command: verb }])
        assert.deepEqual(await jobs.get(id), before)
      }
    },
  )

  test('of no job, and of what cannot be an id › JOB_NOT_FOUND', async () => {
    const { jobs } = world()
    for (const id of ['nobody', '', 'a b', 'ä', 'x'.repeat(129), '\u0000', 'a\nb']) {
      const error = await act[verb](jobs, id).catch((thrown) => thrown)
      assert.deepEqual([error.code, error.details], ['JOB_NOT_FOUND', { jobId: id }])
    }
    for (const id of [undefined, null, 7, {}]) assert.equal(await codeOf(act[verb](jobs, id as never)), 'JOB_NOT_FOUND')
  })

  test('with an actor or reason that is no text › TypeError, nothing changes', async () => {
    const { jobs } = world()
    const { id } = await inState({ jobs }, verb === 'retry' ? 'dead' : 'queued')
    const before = await jobs.get(id)
    for (const wrong of [
      { actor: '' },
      { actor: 'a\u0000' },
      { actor: 'x'.repeat(256) },
      { reason: 'x'.repeat(1025) },
      { reason: 7 },
    ]) {
      assert.match(await codeOf(act[verb](jobs, id, wrong as never)), /^TypeError: (actor|reason): expected/)
    }
    assert.deepEqual(await jobs.get(id), before)
  })

  test.each(['lose request', 'lose reply'] as const)(
    '%s › done once, answered as done, told to listeners and metrics',
    async (fault) => {
      const { clock, store, another } = world()
      const control = faulty(store)
      const jobs = another({ store: control.store })
      const { id } = await inState({ jobs }, verb === 'retry' ? 'dead' : 'queued')
      const told: unknown[] = []
      jobs.on(EVENT[verb] as 'cancelled', ({ event, job }) => told.push([event.seq, job.state]))
      const { cancelled } = jobs.metrics()
      const { version } = (await jobs.get(id))!
      control.next = fault
      const done = act[verb](jobs, id)
      await clock.advance('1s')
      assert.deepEqual([(await done).state, (await done).version], [TO[verb], version + 1])
      assert.equal((await trail({ jobs }, id)).filter((type) => type === EVENT[verb]).length, 1)
      await clock.advance(0)
      assert.deepEqual(told, [[version + 1, TO[verb]]])
      assert.equal(jobs.metrics().cancelled - cancelled, verb === 'cancel' ? 1 : 0)
    },
  )

  test('a store that is away › STORE_UNAVAILABLE, nothing changed', async () => {
    const { store, another } = world()
    const control = faulty(store)
    const jobs = another({ store: control.store })
    const { id } = await inState({ jobs }, verb === 'retry' ? 'dead' : 'queued')
    const before = await jobs.get(id)
    control.next = 'away'
    assert.equal(await codeOf(act[verb](jobs, id)), 'STORE_UNAVAILABLE')
    control.next = 'pass'
    assert.deepEqual(await jobs.get(id), before)
  })
})

describe('cancel', () => {
  test.each(['leased', 'running'] as const)(
    'of a job that is %s › the token of its holder dies; its heartbeat says why',
    async (state) => {
      const { jobs } = world()
      const { id, lease } = await inState({ jobs }, state)
      assert.equal((await jobs.cancel(id)).lease, null)
      for (const verb of [
        () => lease!.heartbeat(),
        () => lease!.succeed(1),
        () => lease!.log('late'),
        () => lease!.release(),
      ]) {
        const error = await verb().catch((thrown) => thrown)
        assert.deepEqual([error.code, error.details], ['LEASE_LOST', { jobId: id, why: 'cancelled' }])
      }
      assert.deepEqual([(await jobs.get(id))?.state, (await jobs.logs(id)).length], ['cancelled', 0])
      const event = (await jobs.audit(id)).at(-1)
      assert.deepEqual(
        [event?.workerId, event?.actor, event?.attempt],
        ['w', null, 1],
        'the event names the lease it ended',
      )
    },
  )

  test('twice › the second is WRONG_STATE: it was over', async () => {
    const { jobs } = world()
    const { id } = await inState({ jobs }, 'queued')
    await jobs.cancel(id)
    assert.equal(await codeOf(jobs.cancel(id)), 'WRONG_STATE')
  })

  test("a lost reply, and the job somebody else's by then › WRONG_STATE is told, not 'done'", async () => {
    const { clock, jobs, store, another } = world()
    const control = faulty(store)
    const mine = another({ store: control.store })
    const { id, lease } = await inState({ jobs }, 'leased')
    control.next = 'lose request' // it never arrives, and the holder ends the job before the repeat
    const cancelled = codeOf(mine.cancel(id))
    await clock.advance(0)
    await lease!.succeed('first')
    await clock.advance('1s')
    assert.equal(await cancelled, 'WRONG_STATE')
    assert.equal((await jobs.get(id))?.state, 'succeeded')
  })
})

describe('retry', () => {
  test('gives a fresh budget, due now; result and error are cleared, progress and log stay', async () => {
    const { clock, jobs } = world()
    const { id } = await jobs.enqueue(job, 1, { maxAttempts: 1 })
    const [lease] = await jobs.claim({ workerId: 'w' })
    await lease!.progress(40)
    await lease!.log('half')
    await lease!.fail(new Error('broken'))
    assert.equal((await jobs.get(id))?.error?.message, 'broken')
    await clock.advance('1h')
    const back = await jobs.retry(id)
    assert.deepEqual(
      [back.state, back.attempt, back.maxAttempts, back.error, back.result, back.finishedAt, back.lease, back.progress],
      ['queued', 0, 1, null, null, null, null, 40],
    )
    assert.equal(back.runAt.getTime(), clock.now())
    assert.equal((await jobs.logs(id)).length, 1)
    const [again] = await jobs.claim({ workerId: 'w2' })
    assert.deepEqual([again?.attempt, again?.fence], [1, 5], 'attempts count anew, the fence goes on growing')
  })

  test('whose unique key another live job has by now › UNIQUE_CONFLICT names the holder; free again, it is done', async () => {
    const { jobs } = world()
    const { id } = await jobs.enqueue(job, 1, { uniqueKey: 'k' })
    await jobs.cancel(id)
    const holder = await jobs.enqueue(job, 2, { uniqueKey: 'k' })
    const before = await jobs.get(id)
    const error = await jobs.retry(id).catch((thrown) => thrown)
    assert.deepEqual([error.code, error.details], ['UNIQUE_CONFLICT', { jobId: id, holder: holder.id }])
    assert.deepEqual(await jobs.get(id), before)
    await jobs.cancel(holder.id)
    assert.deepEqual(
      [(await jobs.retry(id)).state, (await jobs.get({ queue: 'default', uniqueKey: 'k' }))?.id],
      ['queued', id],
    )
  })

  test.each(['fail', 'cancel'] as const)(
    'of a tracked job that ended by %s › WRONG_STATE: nobody would claim it',
    async (end) => {
      const { jobs } = world()
      const { id } = await inState({ jobs }, 'waiting')
      await (end === 'fail' ? jobs.tracked(id).fail(new Error('no')) : jobs.cancel(id))
      const before = await jobs.get(id)
      assert.equal(await codeOf(jobs.retry(id)), 'WRONG_STATE')
      assert.deepEqual(await jobs.get(id), before)
    },
  )
})

describe('reschedule and reprioritise', () => {
  test('the event keeps the old value; the job is due and in line by the new one', async () => {
    const { clock, jobs } = world()
    const first = await jobs.enqueue(job, 'first')
    const second = await jobs.enqueue(job, 'second')
    await jobs.reprioritise(second.id, 90)
    const later = await jobs.reschedule(first.id, { runAt: new Date('2030-01-01T06:00:00Z') })
    assert.equal(later.runAt.toISOString(), '2030-01-01T06:00:00.000Z')
    const line = async () => (await jobs.list({ queue: 'default', due: true })).jobs.map((one) => one.payload)
    assert.deepEqual(await line(), ['second'])
    await jobs.reschedule(first.id, { delay: 0 })
    assert.deepEqual(await line(), ['second', 'first'])
    assert.deepEqual(
      (await jobs.audit(first.id)).map((event) => event.detail),
      [null, { runAt: clock.now() }, { runAt: Date.parse('2030-01-01T06:00:00Z') }],
    )
    assert.deepEqual((await jobs.audit(second.id)).at(-1)?.detail, { priority: 50 })
  })

  test('mistakes › TypeError, nothing changes', async () => {
    const { jobs } = world()
    const { id } = await inState({ jobs }, 'queued')
    const wrong: [() => Promise<unknown>, RegExp][] = [
      [() => jobs.reschedule(id, {} as never), /expected \{ delay \} or \{ runAt \}/],
      [() => jobs.reschedule(id, { delay: 1, runAt: new Date() } as never), /not both/],
      [() => jobs.reschedule(id, { delay: '1 hour' as never }), /delay: expected a duration/],
      [() => jobs.reschedule(id, { runAt: new Date(-1) }), /runAt: expected a Date/],
      [() => jobs.reprioritise(id, 101), /priority: expected a whole number from 0 to 100, got 101/],
      [() => jobs.reprioritise(id, Number.NaN), /priority/],
    ]
    for (const [call, message] of wrong) assert.match(await codeOf(call()), message)
    assert.equal((await jobs.get(id))?.version, 1)
  })
})

describe('operators at once', () => {
  const both = (of: World): readonly [Jobs, Jobs] => [of.jobs, of.another()]

  test('two cancels › one wins, the other is told WRONG_STATE', async () => {
    const here = world()
    const { id } = await inState(here, 'queued')
    const codes = await Promise.all(both(here).map((jobs) => codeOf(jobs.cancel(id))))
    assert.deepEqual(codes.sort(), ['WRONG_STATE', 'resolved'])
    assert.deepEqual(await trail(here, id), ['enqueued', 'cancelled'])
  })

  test('two retries › one wins, the other finds it queued', async () => {
    const here = world()
    const { id } = await inState(here, 'dead')
    const codes = await Promise.all(both(here).map((jobs) => codeOf(jobs.retry(id))))
    assert.deepEqual(codes.sort(), ['WRONG_STATE', 'resolved'])
    assert.equal((await trail(here, id)).filter((type) => type === 'retried').length, 1)
  })

  test('forty reprioritise one job from two queues › each wins a version of its own, none is lost', async () => {
    const here = world()
    const { id } = await inState(here, 'queued')
    const queues = both(here)
    const after = await Promise.all(Array.from({ length: 40 }, (_, i) => queues[i % 2]!.reprioritise(id, i)))
    assert.deepEqual(
      after.map((one) => one.version).sort((a, b) => a - b),
      Array.from({ length: 40 }, (_, i) => i + 2),
    )
    const events = await here.jobs.audit(id)
    const olds = events.slice(1).map((event) => event.detail?.['priority'])
    const chain = [...olds.slice(1), (await here.jobs.get(id))?.priority]
    assert.equal(new Set([...chain]).size, 40, 'every priority asked for stood for a moment')
    assert.equal(olds[0], 50)
  })

  test('a claim between the look and the change › the operator is told the state that won', async () => {
    const here = world()
    const { id } = await inState(here, 'queued')
    const other = here.another()
    const [moved, [lease]] = await Promise.all([
      codeOf(here.jobs.reschedule(id, { delay: '1h' })),
      other.claim({ workerId: 'w', ids: [id] }),
    ])
    const state = (await here.jobs.get(id))?.state
    assert.deepEqual(
      [moved, lease !== undefined, state],
      lease ? ['WRONG_STATE', true, 'leased'] : ['resolved', false, 'queued'],
    )
  })
})
