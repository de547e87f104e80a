import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type AuditEvent, type AuditEventType, handle, handleBatch, type Job, type JobQueue, type Logger } from '@stint/core'
import { describe, onTestFinished, test } from 'vitest'
import { inState, job } from './in-state.js'
import { watched } from './watched-store.js'
import { faulty, gate, settled, type World, world } from './world.js'

const TYPES: readonly AuditEventType[] = [
  'enqueued', 'leased', 'started', 'succeeded', 'failed', 'snoozed', 'released', 'lease_expired', 'cancelled',
  'retried', 'rescheduled', 'reprioritised', 'edited', 'heartbeat', 'progressed',
] // biome-ignore format: one list

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
  test.each([false, true])('what this object does by hand › told once each, as the audit has it; heartbeats audited: %s', async (auditHeartbeats) => {
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
      'enqueued', 'edited', 'rescheduled', 'reprioritised', 'leased', 'started', ...reports, 'snoozed', 'leased', 'released', 'leased', 'failed',
      'leased', 'lease_expired', 'leased', 'failed', 'retried', 'cancelled', 'retried', 'leased', 'succeeded',
    ]) // biome-ignore format: one story
    assert.deepEqual(kinds(told), (await jobs.audit(id)).map((event) => event.type))
    await agree(here, told)
  })

  test('unawaited verbs › each event tells what it left: running, not leased', async () => {
    const here = world()
    const { lease } = await inState(here, 'leased')
    const told = listen(here.jobs)
    void lease!.start()
    await lease!.succeed(1)
    assert.deepEqual(told.map(({ event }) => [event.type, event.from, event.to]), [['started', 'leased', 'running'], ['succeeded', 'running', 'succeeded']])
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
    jobs.work(handle(job, async ({ payload }) => {
      await hold.promise
      if (payload === 'throws') throw new Error('no')
    }), { concurrency: 1, prefetch: 3 })
    jobs.work(handleBatch(job, () => {}, { size: 5 }), { queues: ['batches'] })
    for (const payload of ['throws', 'returns', 'returns']) await jobs.enqueue(job, payload)
    for (const payload of [1, 2]) await jobs.enqueue(job, payload, { queue: 'batches' })
    await settled(clock)
    hold.open()
    await settled(clock)
    const counts = Object.groupBy(kinds(told), (type) => type)
    assert.deepEqual(
      [counts['enqueued']?.length, counts['leased']?.length, counts['started']?.length, counts['failed']?.length, counts['succeeded']?.length],
      [5, 5, 3, 1, 4],
    )
    await agree(here, told)
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
    assert.deepEqual(told.map(({ type, event }) => [type, event.seq]), [['enqueued', 1]])
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
    assert.deepEqual(told.map(({ event }) => [event.type, event.seq, event.from, event.to]), [['enqueued', 1, null, 'queued']])
  })

  test.each(['succeed', 'fail', 'release'] as const)('%s, its reply lost › told and counted once', async (verb) => {
    const { clock, store, another } = world()
    const control = faulty(store)
    const jobs = another({ store: control.store })
    const { lease } = await inState({ jobs }, 'running')
    const told = listen(jobs)
    control.next = 'lose reply'
    const done = verb === 'succeed' ? lease!.succeed(1) : verb === 'fail' ? lease!.fail(new Error('no')) : lease!.release()
    await clock.advance('1s')
    await done
    await settled(clock)
    assert.equal(told.length, 1)
    await agree({ jobs }, told)
    const { succeeded, attemptsFailed } = jobs.metrics()
    assert.deepEqual([succeeded, attemptsFailed], [verb === 'succeed' ? 1 : 0, verb === 'fail' ? 1 : 0])
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
    const logger: Logger = { debug() {}, info() {}, warn() {}, error: (fields, message) => void lines.push([(fields as { doing: string }).doing, message]) }
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
    assert.deepEqual([isNew, off, lines], [true, ['a listener of enqueued: thrown', 'a listener of enqueued: rejected'], []])
    stop()
    here.jobs.on('error', () => {
      throw new Error('in error')
    })
    await here.jobs.enqueue(job, 1)
    await settled(here.clock)
    assert.deepEqual(lines, [['a listener of error', 'stint: a listener of error: in error']], 'the second of a kind within a second is only counted')
  })
})

describe('metrics', () => {
  test('count what this object did, each once, and never go down', async () => {
    const here = world({ queues: { default: { retention: 0 } } })
    const { clock, jobs } = here
    assert.deepEqual(new Set(Object.values(jobs.metrics())), new Set([0]))
    for (const state of ['succeeded', 'failed', 'dead', 'cancelled', 'succeeded'] as const) await inState(here, state)
    const { id } = await jobs.enqueue(job, 1)
    await jobs.claim({ workerId: 'gone', ids: [id], lease: '1s' })
    await clock.advance('2s')
    const [lease] = await jobs.claim({ workerId: 'w', ids: [id] })
    await lease!.fail(new Error('again'))
    const far = here.another()
    await far.enqueue(job, 1)
    const counted = { enqueued: 6, succeeded: 2, attemptsFailed: 3, failed: 1, dead: 1, cancelled: 1, leasesExpired: 1, leasesLost: 0, runMs: 0 }
    assert.deepEqual(jobs.metrics(), counted)
    await clock.advance('10m')
    await jobs.purge()
    assert.deepEqual([jobs.metrics(), Object.isFrozen(jobs.metrics()), far.metrics().enqueued], [counted, true, 1])
  })

  test('a lease that is lost › counted once, however many verbs find out', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'running')
    await here.another().cancel(id)
    for (let i = 0; i < 3; i++) await lease!.progress(i).catch(() => {})
    await lease!.succeed(1).catch(() => {})
    assert.equal(here.jobs.metrics().leasesLost, 1)
  })

  test('a worker whose lease is lost › counts it once', async () => {
    const here = world()
    const hold = gate()
    here.jobs.work(handle(job, () => hold.promise), { lease: '30s', workerId: 'w' })
    const { id } = await here.jobs.enqueue(job, 1)
    await settled(here.clock)
    const far = here.another({ store: watched(here.store).store })
    const [record] = await here.store.get([id])
    await here.store.exchange({
      changes: [{ id, guard: { token: record!.lease!.token }, set: { state: 'queued' }, event: { type: 'lease_expired', actor: 'sweep', detail: null } }],
    })
    await far.claim({ workerId: 'other', ids: [id] })
    await here.clock.advance('20s')
    hold.open()
    await settled(here.clock)
    assert.equal(here.jobs.metrics().leasesLost, 1)
  })

  test('runMs › the time of handlers that succeeded', async () => {
    const here = world()
    here.jobs.work(handle(job, async ({ payload }) => {
      await new Promise<void>((resolve) => here.clock.after(payload as number, resolve))
      if (payload === 700) throw new Error('does not count')
    }))
    for (const ms of [100, 300, 700]) await here.jobs.enqueue(job, ms)
    await here.clock.advance('1s')
    assert.deepEqual([here.jobs.metrics().runMs, here.jobs.metrics().succeeded], [400, 2])
  })
})

describe('a logger', () => {
  const recorder = () => {
    const lines: [string, object, string][] = []
    const at = (level: string) => (fields: object, message: string) => void lines.push([level, fields, message])
    return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
  }

  test('of a handler › says which job, type and attempt, by the logger’s own child or without', async () => {
    const plain = recorder()
    const childs: object[] = []
    const parent = recorder()
    const withChild: Logger = { ...parent.logger, child: (fields) => (childs.push(fields), parent.logger) }
    for (const logger of [plain.logger, withChild]) {
      const here = world({ logger })
      here.jobs.work(handle(job, ({ logger }) => logger.info({ row: 1 }, 'working')))
      await here.jobs.enqueue(job, 1, { id: 'x' })
      await settled(here.clock)
    }
    assert.deepEqual(plain.lines, [['info', { jobId: 'x', type: 'job', attempt: 1, row: 1 }, 'working']])
    assert.deepEqual([childs, parent.lines], [[{ jobId: 'x', type: 'job', attempt: 1 }], [['info', { row: 1 }, 'working']]])
  })

  test('trouble in the background › one line a second and kind; how many were not logged is said', async () => {
    const { lines, logger } = recorder()
    const here = world()
    const control = watched(here.store)
    const jobs = here.another({ store: control.store, logger, sweep: '200ms' })
    jobs.work(handle(job, () => {}), { poll: '100ms' })
    await settled(here.clock)
    control.isAway = true
    await here.clock.advance('10s')
    control.isAway = false
    const sweeps = lines.filter(([, fields]) => (fields as { doing: string }).doing === 'sweep')
    assert.equal(sweeps.length >= 5 && sweeps.length <= 11, true, `${sweeps.length} lines`)
    const [level, fields, message] = sweeps[1]!
    assert.deepEqual([level, message, (fields as { err: Error }).err instanceof Error], ['error', 'stint: sweep: away', true])
    assert.equal((fields as { notLogged: number }).notLogged > 0, true)
    await here.clock.advance('5s')
  })
})

describe('diagnostics channels', () => {
  test('stint:attempt around each run of a handler, stint:exchange around each write; no token in either', async () => {
    const seen: [string, unknown][] = []
    const names = ['attempt', 'exchange'].flatMap((what) => ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((when) => `tracing:stint:${what}:${when}`))
    const note = (message: unknown, name: string | symbol): void => void seen.push([String(name).slice(14), message])
    for (const name of names) subscribe(name, note)
    onTestFinished(() => names.forEach((name) => unsubscribe(name, note)))
    const here = world()
    here.jobs.work(handle(job, async ({ payload }) => {
      if (payload === 'throws') throw new Error('no')
    }), { workerId: 'w' })
    await here.jobs.enqueue(job, 'throws', { id: 'a' })
    await here.jobs.enqueue(job, 'returns', { id: 'b' })
    await settled(here.clock)
    const attempts = seen.filter(([name]) => name.startsWith('attempt'))
    const of = (id: string) => attempts.filter(([, message]) => (message as { jobs: Job[] }).jobs[0]?.id === id).map(([name]) => name)
    assert.deepEqual(of('a'), ['attempt:start', 'attempt:end', 'attempt:error', 'attempt:asyncStart', 'attempt:asyncEnd'])
    assert.deepEqual(of('b'), ['attempt:start', 'attempt:end', 'attempt:asyncStart', 'attempt:asyncEnd'])
    const [, first] = attempts[0] as [string, { workerId: string; jobs: Job[] }]
    assert.deepEqual([first.workerId, first.jobs[0]?.state], ['w', 'running'])
    const writes = seen.filter(([name]) => name === 'exchange:start').map(([, message]) => message as Record<string, unknown>)
    assert.equal(writes.every((one) => one['store'] === 'memory'), true)
    assert.equal(writes.reduce((sum, one) => sum + Number(one['inserts']), 0), 2)
    assert.equal(writes.reduce((sum, one) => sum + Number(one['changes']), 0), 2)
    assert.equal(JSON.stringify(attempts).includes('token'), false)
  })

  test('nobody listens › handlers run without a trace', async () => {
    const here = world()
    here.jobs.work(handle(job, () => 'done'))
    const { id } = await here.jobs.enqueue(job, 1)
    await settled(here.clock)
    assert.equal((await here.jobs.get(id))?.result, 'done')
  })
})
