import assert from 'node:assert/strict'
import {
  type AuditEvent,
  type AuditEventType,
  handle,
  handleBatch,
  type Job,
  type JobQueue,
  type Logger,
} from '@stint/core'
import { describe, test } from 'vitest'
import { inState, job } from './in-state.js'
import { watched } from './watched-store.js'
import { codeOf, faulty, gate, settled, type World, world } from './world.js'

const TYPES: readonly AuditEventType[] = [
  'enqueued',
  'leased',
  'started',
  'succeeded',
  'failed',
  'snoozed',
  'released',
  'lease_expired',
  'cancelled',
  'retried',
  'rescheduled',
  'reprioritised',
  'edited',
  'heartbeat',
  'progressed',
]

interface Told {
  readonly type: AuditEventType
  readonly event: AuditEvent
  readonly job: Job
}

function listen(jobs: JobQueue<never, false>): Told[] {
  const told: Told[] = []
  for (const type of TYPES) jobs.on(type, ({ event, job }) => told.push({ type, event, job }))
  return told
}

/** Every event that was told is the one of the audit, and its job stands as that event left it. */
async function agree({ jobs }: Pick<World, 'jobs'>, told: readonly Told[]): Promise<void> {
  for (const { type, event, job } of told) {
    const trail = await jobs.audit(event.jobId)
    assert.deepEqual(event, trail[event.seq - 1], `${type} of ${event.jobId}`)
    assert.deepEqual([job.id, job.state, job.version, event.type], [event.jobId, event.to, event.seq, type])
  }
}
const kinds = (told: readonly Told[]): string[] => told.map(({ type }) => type)

describe('on', () => {
  test.each([false, true])(
    'what this object does by hand › told once each, as the audit has it; heartbeats audited: %s',
    async (auditHeartbeats) => {
      const here = world({ queues: { default: { auditHeartbeats } } })
      const { clock, jobs } = here
      const told = listen(jobs)
      const { id } = await jobs.enqueue(job, 1, { actor: 'eve', uniqueKey: 'k' })
      await jobs.enqueue(job, 2, { uniqueKey: 'k', ifExists: 'replace', actor: 'eve' })
      await jobs.reschedule(id, { delay: 0 }, { actor: 'ada', reason: 'now' })
      await jobs.reprioritise(id, 90)
      const claim = async () => (await jobs.claim({ workerId: 'w', ids: [id], lease: '10s' }))[0]!
      const first = await claim()
      await first.start()
      await first.progress(1)
      await first.heartbeat()
      await first.snooze('1s')
      await clock.advance('1s')
      await (await claim()).release()
      await (await claim()).fail(new Error('no'), { retry: 0 })
      await claim()
      await clock.advance('10s')
      const second = await claim()
      await second.fail(new Error('no'), { retry: false })
      await jobs.retry(id)
      await jobs.cancel(id)
      await jobs.retry(id)
      await (await claim()).succeed(1)
      await settled(clock)
      const reports = auditHeartbeats ? ['progressed', 'heartbeat'] : []
      assert.deepEqual(kinds(told), [
        'enqueued',
        'edited',
        'rescheduled',
        'reprioritised',
        'leased',
        'started',
        ...reports,
        'snoozed',
        'leased',
        'released',
        'leased',
        'failed',
        'leased',
        'lease_expired',
        'leased',
        'failed',
        'retried',
        'cancelled',
        'retried',
        'leased',
        'succeeded',
      ])
      assert.deepEqual(
        kinds(told),
        (await jobs.audit(id)).map((event) => event.type),
      )
      await agree(here, told)
    },
  )

  test('unawaited verbs › each event tells what it left: running, not leased', async () => {
    const here = world()
    const { lease } = await inState(here, 'leased')
    const told = listen(here.jobs)
    void lease!.start()
    await lease!.succeed(1)
    assert.deepEqual(
      told.map(({ event }) => [event.type, event.from, event.to]),
      [
        ['started', 'leased', 'running'],
        ['succeeded', 'running', 'succeeded'],
      ],
    )
    await agree(here, told)
  })

  test('of a lease that travelled, and of many listeners at once › as the audit has it', async () => {
    const here = world()
    const far = here.another()
    const told = [listen(far), listen(far)]
    const one = await inState(here, 'running')
    await far.lease(one.id, one.lease!.token).succeed(1)
    const two = await inState(here, 'leased')
    await far.lease(two.id, two.lease!.token).start()
    await far.lease(two.id, two.lease!.token).fail(new Error('no'))
    await settled(here.clock)
    assert.deepEqual(kinds(told[0]!), ['succeeded', 'started', 'failed'])
    assert.deepEqual(told[1], told[0])
    await agree(here, told[0]!)
  })

  test('what its workers do › told too: single, prefetched and in batches', async () => {
    const here = world()
    const { clock, jobs } = here
    const told = listen(jobs)
    const hold = gate()
    jobs.work(
      handle(job, async ({ payload }) => {
        await hold.promise
        if (payload === 'throws') throw new Error('no')
      }),
      { concurrency: 1, prefetch: 3 },
    )
    jobs.work(
      handleBatch(job, () => {}, { size: 5 }),
      { queues: ['batches'] },
    )
    for (const payload of ['throws', 'returns', 'returns']) await jobs.enqueue(job, payload)
    for (const payload of [1, 2]) await jobs.enqueue(job, payload, { queue: 'batches' })
    await settled(clock)
    hold.open()
    await settled(clock)
    const counts = Object.groupBy(kinds(told), (type) => type)
    assert.deepEqual(
      [
        counts['enqueued']?.length,
        counts['leased']?.length,
        counts['started']?.length,
        counts['failed']?.length,
        counts['succeeded']?.length,
      ],
      [5, 5, 3, 1, 4],
    )
    await agree(here, told)
  })

  test('who listens › costs no read: the event is made from what the write answered', async () => {
    const here = world()
    const control = watched(here.store)
    const jobs = here.another({ store: control.store })
    const told = listen(jobs)
    jobs.work(
      handle(job, () => {}),
      { poll: '1h' },
    )
    await jobs.enqueueMany([1, 2, 3].map((payload) => ({ job, payload })))
    await settled(here.clock)
    assert.equal(told.length, 9)
    assert.deepEqual([control.calls['get'] ?? 0, control.calls['events'] ?? 0], [0, 0])
  })

  test('what others do › is not told: that is in the feed', async () => {
    const here = world()
    const told = listen(here.another())
    await inState(here, 'succeeded')
    await settled(here.clock)
    assert.deepEqual(told, [])
  })

  test('an enqueue that met a job › tells nothing; one whose reply was lost › tells once', async () => {
    const { clock, store, another } = world()
    const control = faulty(store)
    const jobs = another({ store: control.store })
    const told = listen(jobs)
    control.next = 'lose reply'
    const enqueued = jobs.enqueue(job, 1, { id: 'x' })
    await clock.advance('1s')
    await enqueued
    await jobs.enqueue(job, 1, { id: 'x' })
    await settled(clock)
    assert.deepEqual(
      told.map(({ type, event }) => [type, event.seq]),
      [['enqueued', 1]],
    )
    await agree({ jobs }, told)
    assert.equal(jobs.metrics().enqueued, 1)
  })

  test('an enqueue whose reply was lost, and the job claimed by then › the event is that of the enqueue', async () => {
    const { clock, store, jobs: other, another } = world()
    const control = faulty(store)
    const jobs = another({ store: control.store })
    const told = listen(jobs)
    control.next = 'lose reply'
    const enqueued = jobs.enqueue(job, 1, { id: 'x' })
    await settled(clock)
    await other.claim({ workerId: 'quick', ids: ['x'] })
    await clock.advance('1s')
    assert.equal((await enqueued).isNew, true)
    await settled(clock)
    assert.deepEqual(
      told.map(({ event }) => [event.type, event.seq, event.from, event.to]),
      [['enqueued', 1, null, 'queued']],
    )
  })

  test.each(['succeed', 'fail', 'release'] as const)('%s, its reply lost › told and counted once', async (verb) => {
    const { clock, store, another } = world()
    const control = faulty(store)
    const jobs = another({ store: control.store })
    const { lease } = await inState({ jobs }, 'running')
    const told = listen(jobs)
    control.next = 'lose reply'
    const done =
      verb === 'succeed' ? lease!.succeed(1) : verb === 'fail' ? lease!.fail(new Error('no')) : lease!.release()
    await clock.advance('1s')
    await done
    await settled(clock)
    assert.equal(told.length, 1)
    await agree({ jobs }, told)
    const { succeeded, attemptsFailed } = jobs.metrics()
    assert.deepEqual([succeeded, attemptsFailed], [verb === 'succeed' ? 1 : 0, verb === 'fail' ? 1 : 0])
  })

  test('a settle whose replies were all lost, given again › told and counted once, by the call that hears of it', async () => {
    const { clock, store, another } = world()
    const control = faulty(store)
    const jobs = another({ store: control.store })
    const { lease } = await inState({ jobs }, 'running')
    const told = listen(jobs)
    control.next = 'lose every reply'
    const lost = codeOf(lease!.succeed(1))
    await clock.advance('5s')
    assert.equal(await lost, 'OUTCOME_UNKNOWN')
    assert.equal(told.length, 0)
    control.next = 'pass'
    await lease!.succeed(1)
    await settled(clock)
    assert.equal(told.length, 1)
    await agree({ jobs }, told)
    await lease!.succeed(1)
    await settled(clock)
    assert.deepEqual([told.length, jobs.metrics().succeeded], [1, 1])
  })

  test('unsubscribed › told no more; the same function twice is two listeners', async () => {
    const here = world()
    let count = 0
    const listener = (): void => void count++
    const offs = [here.jobs.on('enqueued', listener), here.jobs.on('enqueued', listener)]
    await here.jobs.enqueue(job, 1)
    offs[0]!()
    offs[0]!()
    await here.jobs.enqueue(job, 1)
    offs[1]!()
    await here.jobs.enqueue(job, 1)
    assert.equal(count, 3)
  })

  test('a listener that throws or rejects › becomes an error event; one of `error` goes to the logger', async () => {
    const lines: unknown[] = []
    const logger: Logger = {
      debug() {},
      info() {},
      warn() {},
      error: (fields, message) => void lines.push([(fields as { doing: string }).doing, message]),
    }
    const here = world({ logger })
    here.jobs.on('enqueued', () => {
      throw new Error('thrown')
    })
    here.jobs.on('enqueued', async () => {
      throw 'rejected'
    })
    const off: string[] = []
    const stop = here.jobs.on('error', ({ error, doing }) => void off.push(`${doing}: ${error.message}`))
    const { isNew } = await here.jobs.enqueue(job, 1)
    await settled(here.clock)
    assert.deepEqual(
      [isNew, off, lines],
      [true, ['a listener of enqueued: thrown', 'a listener of enqueued: rejected'], []],
    )
    stop()
    here.jobs.on('error', () => {
      throw new Error('in error')
    })
    await here.jobs.enqueue(job, 1)
    await settled(here.clock)
    assert.deepEqual(
      lines,
      [['a listener of error', 'stint: a listener of error: in error']],
      'the second of a kind within a second is only counted',
    )
  })
})
