import assert from 'node:assert/strict'
import { defineJob, type Job, JobError, type LeaseHandle, type StandardSchema, type StintError } from '@stint/core'
import { describe, test } from 'vitest'
import { inState, job, trail } from './in-state.js'
import { watched } from './watched-store.js'
import { codeOf, faulty, settled, type World, world } from './world.js'

/** What a call that must not succeed rejects with. */
const thrownBy = (call: Promise<unknown>): Promise<StintError> =>
  call.then(
    () => assert.fail('it was accepted'),
    (error) => error,
  )

type Verb = (lease: LeaseHandle) => Promise<unknown>
const SETTLES: { [name: string]: Verb } = {
  succeed: (lease) => lease.succeed('done'),
  fail: (lease) => lease.fail(new Error('no')),
  'fail for good': (lease) => lease.fail(new Error('no'), { retry: false }),
  snooze: (lease) => lease.snooze('1m'),
  release: (lease) => lease.release(),
}
const REPORTS: { [name: string]: Verb } = {
  heartbeat: (lease) => lease.heartbeat(),
  progress: (lease) => lease.progress(1),
  log: (lease) => lease.log('x'),
  saveCheckpoint: (lease) => lease.saveCheckpoint(1),
}
const ALL = Object.entries({ start: (lease: LeaseHandle) => lease.start(), ...SETTLES, ...REPORTS })

/** Ends a lease in one of the four ways that a holder is told apart. */
const LOSSES: [string, (here: World, id: string, lease: LeaseHandle) => Promise<unknown>][] = [
  ['cancelled', (here, id) => here.jobs.cancel(id)],
  [
    'taken_over',
    async (here, id) => {
      await here.clock.advance('30s')
      await here.jobs.claim({ workerId: 'w2', ids: [id] })
    },
  ],
  ['settled', (_here, _id, lease) => lease.release()],
]

describe.each(LOSSES)('after the lease was %s', (why, lose) => {
  // A second release is the same outcome again.
  test.each(ALL.filter(([name]) => why !== 'settled' || name !== 'release'))(
    '%s › LEASE_LOST says so and changes nothing, here and in another process',
    async (_name, verb) => {
      const here = world()
      const { id, lease } = await inState(here, 'leased')
      await lose(here, id, lease!)
      const before = await here.store.get([id])
      for (const holder of [lease!, here.another().lease(id, lease!.token)]) {
        const error = await thrownBy(verb(holder))
        assert.deepEqual([error.code, error.details], ['LEASE_LOST', { jobId: id, why }])
      }
      assert.deepEqual(await here.store.get([id]), before)
    },
  )
})

describe.each(ALL)('%s', (name, verb) => {
  test('with a token that is wrong or none › LEASE_LOST, unknown; nothing changes', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'leased')
    const before = await here.store.get([id])
    const [secret, fence] = lease!.token.split('.') as [string, string]
    for (const token of [
      '',
      'x',
      '.',
      secret,
      `${secret}.`,
      `${secret}.x`,
      `${secret}.0`,
      `${secret}.-2`,
      `.${fence}`,
      `other.${fence}`,
      `${secret}\u0000.2`,
      `${'y'.repeat(300)}.2`,
    ]) {
      const error = await thrownBy(verb(here.jobs.lease(id, token)))
      assert.deepEqual([error.code, error.details], ['LEASE_LOST', { jobId: id, why: 'unknown' }], token)
    }
    for (const token of [undefined, null, 7])
      assert.equal(await codeOf(verb(here.jobs.lease(id, token as never))), 'LEASE_LOST')
    assert.deepEqual(await here.store.get([id]), before)
  })

  test('of no job, or of what is no id › JOB_NOT_FOUND', async () => {
    const here = world()
    const { lease } = await inState(here, 'leased')
    const control = watched(here.store)
    const far = here.another({ store: control.store })
    await far.open()
    assert.equal(await codeOf(verb(far.lease('nobody', lease!.token))), 'JOB_NOT_FOUND')
    const { exchange = 0, get = 0 } = control.calls
    for (const id of ['a b', '', '\u0000', undefined, 7])
      assert.equal(await codeOf(verb(far.lease(id as never, lease!.token))), 'JOB_NOT_FOUND')
    assert.deepEqual(
      [control.calls['exchange'] ?? 0, control.calls['get'] ?? 0],
      [exchange, get],
      'what cannot be an id reaches no store',
    )
  })

  test('by id and token in another process › as by who claimed', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'leased')
    await verb(here.another().lease(id, lease!.token))
    const twin = await inState(here, 'leased')
    await verb(twin.lease!)
    const [far, near] = (await Promise.all([here.jobs.get(id), here.jobs.get(twin.id)])) as [object, object]
    const same = (record: object) => ({ ...record, id: '', error: { ...(record as Job).error, stack: '' } })
    assert.deepEqual(same(far), same(near))
    assert.deepEqual(await trail(here, id), await trail(here, twin.id))
  })

  test.each(['lose request', 'lose reply'] as const)('%s › done once', async (fault) => {
    const { clock, store, another } = world()
    const control = faulty(store)
    const jobs = another({ store: control.store })
    const { id, lease } = await inState({ jobs }, 'leased')
    control.next = fault
    const done = verb(lease!)
    await clock.advance('1s')
    await done
    const events = (await trail({ jobs }, id)).length
    assert.equal(events, name in REPORTS ? 2 : 3)
    assert.deepEqual([(await jobs.logs(id)).length, jobs.metrics().leasesLost], [name === 'log' ? 1 : 0, 0])
  })

  test('left unawaited after the loss › no unhandled rejection', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'leased')
    await here.jobs.cancel(id)
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    void verb(lease!)
    void verb(here.jobs.lease(id, 'x.2'))
    void verb(here.jobs.lease('nobody', 'x.2'))
    await settled(here.clock)
    process.off('unhandledRejection', note)
    assert.deepEqual(unhandled, [])
  })
})

describe.each(Object.entries(SETTLES))('%s, repeated', (name, verb) => {
  test('with the same outcome › answered as the first time, in any process, also when the job went on', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'leased')
    await verb(lease!)
    const after = await here.jobs.get(id)
    await verb(lease!)
    await verb(here.another().lease(id, lease!.token))
    assert.deepEqual(await here.jobs.get(id), after)
    if (after?.state !== 'queued') return
    await here.clock.advance('1m')
    const [next] = await here.jobs.claim({ workerId: 'w2', ids: [id] })
    await verb(lease!)
    await verb(here.another().lease(id, lease!.token))
    assert.equal((await here.jobs.get(id))?.lease?.workerId, 'w2')
    await next!.succeed(1)
  })

  test.each(Object.entries(SETTLES).filter(([other]) => other !== name))(
    'with another outcome, %s › LEASE_LOST, settled',
    async (_other, other) => {
      const here = world()
      const { id, lease } = await inState(here, 'leased')
      await verb(lease!)
      const after = await here.jobs.get(id)
      for (const holder of [lease!, here.another().lease(id, lease!.token)]) {
        const error = await thrownBy(other(holder))
        assert.deepEqual([error.code, error.details], ['LEASE_LOST', { jobId: id, why: 'settled' }])
      }
      assert.deepEqual(await here.jobs.get(id), after)
    },
  )
})

describe('an outcome', () => {
  test('with another result or another error › is another outcome', async () => {
    const here = world()
    const one = await inState(here, 'leased')
    await one.lease!.succeed({ n: 1 })
    assert.equal(await codeOf(one.lease!.succeed({ n: 2 })), 'LEASE_LOST')
    assert.equal(await codeOf(one.lease!.succeed(undefined)), 'LEASE_LOST')
    const two = await inState(here, 'leased')
    await two.lease!.fail(new Error('one'))
    assert.equal(await codeOf(two.lease!.fail(new Error('two'))), 'LEASE_LOST')
  })

  test('succeed › result, no error; finished now; a schema that is known here checks it', async () => {
    const result: StandardSchema<string, string> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => (typeof value === 'string' ? { value } : { issues: [{ message: 'no text' }] }),
      },
    }
    const strict = defineJob({ type: 'strict', result })
    const { jobs, another } = world({ jobs: [strict] })
    const { id } = await jobs.enqueue(strict, 1)
    const [lease] = await jobs.claim({ workerId: 'w' })
    assert.equal(await codeOf(lease!.succeed(7)), 'RESULT_INVALID')
    assert.equal(await codeOf(lease!.succeed(1n)), 'RESULT_INVALID')
    assert.equal(await codeOf(lease!.succeed('x'.repeat(1_048_576))), 'TOO_LARGE')
    assert.equal((await jobs.get(id))?.state, 'leased', 'the lease lives')
    const { job: done } = await another().lease(id, lease!.token).succeed('text')
    assert.deepEqual(
      [done.state, done.result, done.error, done.finishedAt?.toISOString()],
      ['succeeded', 'text', null, '2030-01-01T00:00:00.000Z'],
    )
  })

  test('fail › by the job’s backoff, after a time that is said, or never; the error’s own wish where nothing is said', async () => {
    const here = world()
    const outcome = async (error: unknown, options?: Parameters<LeaseHandle['fail']>[1]) => {
      const { lease } = await inState(here, 'leased')
      const { job: after } = await lease!.fail(error, options)
      return [after.state, after.state === 'queued' ? after.runAt.getTime() - here.clock.now() : null]
    }
    assert.deepEqual(await outcome(new Error('x')), ['queued', 10_000])
    assert.deepEqual(await outcome(new Error('x'), { retry: true }), ['queued', 10_000])
    assert.deepEqual(await outcome(new Error('x'), { retry: '1h' }), ['queued', 3_600_000])
    assert.deepEqual(await outcome(new Error('x'), { retry: 0 }), ['queued', 0])
    assert.deepEqual(await outcome(new Error('x'), { retry: false }), ['failed', null])
    assert.deepEqual(await outcome(new JobError('x', { retry: false })), ['failed', null])
    assert.deepEqual(await outcome(new JobError('x', { retry: '30s' })), ['queued', 30_000])
    assert.deepEqual(
      await outcome(new JobError('x', { retry: false }), { retry: '5s' }),
      ['queued', 5000],
      'what is said goes before',
    )
  })

  test('a wish that is no duration › TypeError, the lease lives', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'leased')
    assert.match(await codeOf(lease!.fail(new Error('x'), { retry: '5 minutes' as never })), /^TypeError: retry/)
    assert.match(await codeOf(lease!.snooze('1 hour' as never)), /^TypeError: delay/)
    assert.match(await codeOf(lease!.heartbeat({ lease: -1 })), /^TypeError: lease/)
    assert.equal((await here.jobs.get(id))?.version, 2)
  })

  test('fail with the budget used up › dead; a wish for later does not bring it back', async () => {
    const { jobs } = world()
    await jobs.enqueue(job, 1, { maxAttempts: 1 })
    const [lease] = await jobs.claim({ workerId: 'w' })
    assert.equal((await lease!.fail(new Error('x'), { retry: '1h' })).job.state, 'dead')
  })

  test('release › its place in line kept, no attempt counted; snooze › due after, no attempt counted', async () => {
    const here = world()
    for (const id of 'ab') await here.jobs.enqueue(job, 1, { id })
    const [a] = await here.jobs.claim({ workerId: 'w' })
    await here.clock.advance('10s')
    const { job: released } = await a!.release()
    assert.deepEqual(
      [released.state, released.attempt, released.runAt, released.lease],
      ['queued', 0, a!.job.runAt, null],
    )
    const line = await here.jobs.claim({ workerId: 'w', limit: 2 })
    assert.deepEqual(
      line.map((lease) => lease.jobId),
      ['a', 'b'],
    )
    const { job: snoozed } = await line[0]!.snooze('10m')
    assert.deepEqual(
      [snoozed.state, snoozed.attempt, snoozed.runAt.getTime() - here.clock.now()],
      ['queued', 0, 600_000],
    )
  })
})

describe('a lease', () => {
  test('that is over but not taken over › is still its holder’s: heartbeat and settle are accepted', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'leased')
    await here.clock.advance('1h')
    assert.equal((await lease!.heartbeat()).expiresAt.getTime(), here.clock.now() + 30_000)
    await here.clock.advance('1h')
    await lease!.succeed(1)
    assert.equal((await here.jobs.get(id))?.state, 'succeeded')
  })

  test('heartbeat › from now on, as claimed or as asked; 30 s where nobody knows', async () => {
    const here = world()
    const { id } = await here.jobs.enqueue(job, 1)
    const [lease] = await here.jobs.claim({ workerId: 'w', lease: '5m' })
    await here.clock.advance('1m')
    const left = async (given: Promise<{ expiresAt: Date }>) => (await given).expiresAt.getTime() - here.clock.now()
    assert.equal(await left(lease!.heartbeat()), 300_000)
    assert.equal(await left(lease!.heartbeat({ lease: '10s' })), 10_000)
    assert.equal(await left(here.another().lease(id, lease!.token).heartbeat()), 30_000)
    await lease!.heartbeat({ progress: { row: 1 }, checkpoint: { at: 2 } })
    assert.deepEqual((await here.jobs.get(id))?.progress, { row: 1 })
    await lease!.release()
    assert.deepEqual((await here.jobs.claim({ workerId: 'w' }))[0]?.checkpoint, { at: 2 })
  })

  test.each(['from its start', 'from the claim, when it was never started'])(
    'heartbeat after the timeout, %s › the attempt fails with JOB_TIMEOUT, LEASE_LOST is told',
    async (since) => {
      const here = world()
      const { id } = await here.jobs.enqueue(job, 1, { timeout: '1m' })
      const [lease] = await here.jobs.claim({ workerId: 'w', lease: '1h' })
      if (since === 'from its start') {
        await here.clock.advance('10m')
        await lease!.start()
      }
      await here.clock.advance('1m')
      await lease!.heartbeat() // not longer than its timeout
      await here.clock.advance('1ms')
      const error = await here
        .another()
        .lease(id, lease!.token)
        .heartbeat()
        .catch((thrown) => thrown)
      assert.deepEqual([error.code, error.details.why], ['LEASE_LOST', 'settled'])
      const after = await here.jobs.get(id)
      const event = (await here.jobs.audit(id)).at(-1)
      assert.deepEqual(
        [after?.state, after?.error?.code, event?.type, event?.reason, event?.error?.code],
        ['queued', 'JOB_TIMEOUT', 'failed', 'timeout', 'JOB_TIMEOUT'],
      )
    },
  )

  test('start › running, once; a second is answered as the first', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'leased')
    await here.clock.advance('5s')
    await lease!.start()
    await lease!.start()
    const found = await here.jobs.get(id)
    assert.deepEqual([found?.state, found?.startedAt?.getTime(), found?.version], ['running', here.clock.now(), 3])
  })

  test('verbs are bound; calls on one job go in the order they were made, awaited or not', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'leased')
    const { start, progress, log, heartbeat, succeed } = lease!
    void start()
    void progress(1)
    void log('one')
    void heartbeat()
    void progress(2)
    void log('two')
    await succeed('done')
    const found = await here.jobs.get(id)
    assert.deepEqual([found?.state, found?.result, found?.progress], ['succeeded', 'done', 2])
    assert.deepEqual(
      (await here.jobs.logs(id)).map((line) => line.message),
      ['one', 'two'],
    )
    assert.deepEqual(await trail(here, id), ['enqueued', 'leased', 'started', 'succeeded'])
  })

  test('leaseOf › the current lease of that job, if that worker holds it', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'leased')
    const held = await here.another().leaseOf(id, 'w')
    assert.deepEqual([held?.jobId, held?.token], [id, lease!.token])
    for (const [jobId, workerId] of [
      [id, 'other'],
      ['nobody', 'w'],
      ['a b', 'w'],
      [id, ''],
    ] as const)
      assert.equal(await here.jobs.leaseOf(jobId, workerId), undefined)
    await held!.succeed({ ok: true })
    assert.deepEqual([(await here.jobs.get(id))?.result, await here.jobs.leaseOf(id, 'w')], [{ ok: true }, undefined])
  })

  test('after a purge › JOB_NOT_FOUND', async () => {
    const here = world({ queues: { default: { maxFinished: 0 } } })
    const { lease } = await inState(here, 'leased')
    await lease!.succeed(1)
    await settled(here.clock)
    assert.equal(await codeOf(lease!.heartbeat()), 'JOB_NOT_FOUND')
    assert.equal(await codeOf(lease!.succeed(1)), 'JOB_NOT_FOUND')
  })
})
