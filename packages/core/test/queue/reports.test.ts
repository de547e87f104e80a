import assert from 'node:assert/strict'
import { handle } from '@stint/core'
import { describe, test } from 'vitest'
import { MOST_EVENTS } from '../../src/outcomes.js'
import { inState, job, trail } from './in-state.js'
import { codeOf, gate, settled, type World, world } from './world.js'

describe('a log', () => {
  test('beyond maxLogBytes › the oldest lines go, and a marker in front says how many', async () => {
    const here = world({ queues: { default: { maxLogBytes: 500 } } })
    const { id, lease } = await inState(here, 'leased')
    for (let i = 0; i < 30; i++) await lease!.log(`line ${i}`)
    const lines = await here.jobs.logs(id)
    assert.match(lines[0]!.message, /^\[\d+ older lines dropped\]$/)
    const dropped = Number(/\d+/.exec(lines[0]!.message)![0])
    assert.deepEqual(
      lines.slice(1).map((line) => line.message),
      Array.from({ length: 30 - dropped }, (_, i) => `line ${dropped + i}`),
    )
    assert.equal(
      JSON.stringify(lines.slice(1).map((line) => [line.at.getTime(), line.attempt, line.message])).length < 502,
      true,
    )
    assert.deepEqual([lines[0]!.at, lines[0]!.attempt], [lines[1]!.at, 1])
  })

  test('64 KiB where the lane says nothing; the marker counts on through attempts and processes', async () => {
    const here = world()
    const { id } = await here.jobs.enqueue(job, 1)
    let written = 0
    for (const jobs of [here.jobs, here.another()]) {
      const [lease] = await jobs.claim({ workerId: 'w', ids: [id] })
      for (let i = 0; i < 10; i++) await lease!.log(`${written++} ${'x'.repeat(8000)}`)
      await lease!.release()
    }
    const lines = await here.jobs.logs(id)
    assert.deepEqual([lines.length, lines[0]!.message], [9, '[12 older lines dropped]'])
    assert.equal(lines.at(-1)!.message.startsWith('19 '), true)
  })

  test('one line dropped › says "line"; none dropped › no marker', async () => {
    const here = world({ queues: { default: { maxLogBytes: 70 } } })
    const { id, lease } = await inState(here, 'leased')
    await lease!.log('first line')
    assert.deepEqual(
      (await here.jobs.logs(id)).map((line) => line.message),
      ['first line'],
    )
    await lease!.log('second, longer line')
    assert.deepEqual(
      (await here.jobs.logs(id)).map((line) => line.message),
      ['[1 older line dropped]', 'second, longer line'],
    )
  })

  test('unawaited lines › all there, in order, with the attempt that wrote them; no event', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'running')
    for (let i = 0; i < 50; i++) void lease!.log(`line ${i}`)
    await lease!.succeed(1)
    const lines = await here.jobs.logs(id)
    assert.deepEqual(
      lines.map((line) => line.message),
      Array.from({ length: 50 }, (_, i) => `line ${i}`),
    )
    assert.equal(lines[7]!.at.toISOString(), '2030-01-01T00:00:00.000Z')
    assert.deepEqual(await trail(here, id), ['enqueued', 'leased', 'started', 'succeeded'])
  })
})

describe('auditHeartbeats', () => {
  const audited = (): World => world({ queues: { default: { auditHeartbeats: true } } })

  test('heartbeat and progress under a lease › events of their own; log and checkpoint none', async () => {
    const here = audited()
    const { id, lease } = await inState(here, 'running')
    await lease!.progress(1)
    await lease!.heartbeat({ progress: 2 })
    await lease!.log('x')
    await lease!.saveCheckpoint(1)
    assert.deepEqual(await trail(here, id), ['enqueued', 'leased', 'started', 'progressed', 'heartbeat'])
    const beat = (await here.jobs.audit(id)).at(-1)
    assert.deepEqual(
      [beat?.from, beat?.to, beat?.workerId, beat?.actor, beat?.fence, beat?.attempt],
      ['running', 'running', 'w', 'w', 2, 1],
    )
    assert.deepEqual([(await here.jobs.get(id))?.progress, (await here.jobs.get(id))?.version], [2, 5])
  })

  test('by a lease that travelled › the lane is known by the job', async () => {
    const here = audited()
    const { id, lease } = await inState(here, 'running')
    const far = here.another()
    await far.open()
    await far.lease(id, lease!.token).heartbeat()
    assert.deepEqual((await trail(here, id)).at(-1), 'heartbeat')
    await far.lease(id, lease!.token).succeed(1)
    assert.deepEqual((await trail(here, id)).at(-1), 'succeeded')
  })

  test('a settle repeated after many heartbeats › is recognised behind all of them', async () => {
    const here = audited()
    const { id, lease } = await inState(here, 'running')
    for (let i = 0; i < 250; i++) await lease!.heartbeat()
    await lease!.succeed('done')
    assert.equal((await lease!.succeed('done')).job.state, 'succeeded')
    assert.equal(await codeOf(lease!.succeed('other')), 'LEASE_LOST')
    assert.equal((await trail(here, id)).length, 254)
  })

  test('a lane that does not ask › no event, and version stays', async () => {
    const here = world({ queues: { other: { auditHeartbeats: true } } })
    const { id, lease } = await inState(here, 'running')
    await lease!.heartbeat({ progress: 1 })
    assert.deepEqual(
      [await trail(here, id), (await here.jobs.get(id))?.version],
      [['enqueued', 'leased', 'started'], 3],
    )
  })
})

describe('a history that is full', () => {
  /** A queued job with that many events: put in as a store would restore it, since writing them takes a while. */
  async function old(here: World, version: number): Promise<string> {
    const { id } = await here.jobs.enqueue(job, 1)
    const [record] = await here.store.get([id])
    await here.jobs.cancel(id)
    const restored = { ...record!, id: `old-${version}`, version }
    const events = Array.from({ length: 3 }, (_, i) => ({
      jobId: restored.id,
      queue: 'default',
      seq: version - 2 + i,
      at: record!.createdAt,
      type: 'rescheduled',
      from: 'queued' as const,
      to: 'queued' as const,
      attempt: 0,
      fence: null,
      workerId: null,
      actor: null,
      detail: null,
    }))
    assert.deepEqual(await here.store.restore!([{ job: restored, events }]), [true])
    return restored.id
  }

  const rounds: [
    string,
    (lease: NonNullable<Awaited<ReturnType<typeof inState>>['lease']>) => Promise<unknown>,
    string,
  ][] = [
    ['fail', (lease) => lease.fail(new Error('broken')), 'failed'],
    ['snooze', (lease) => lease.snooze('1m'), 'snoozed'],
    ['release', (lease) => lease.release(), 'released'],
  ]
  test.each(rounds)(
    '%s › ends the job as dead, history-full, before stores run out of room',
    async (_name, end, event) => {
      const here = world()
      const id = await old(here, MOST_EVENTS - 1)
      const [lease] = await here.jobs.claim({ workerId: 'w', ids: [id] })
      await end(lease!)
      const dead = await here.jobs.get(id)
      const [last] = await here.store.events(id, { afterSeq: MOST_EVENTS, limit: 1 })
      assert.deepEqual([dead?.state, dead?.version, dead!.version < 10_000], ['dead', MOST_EVENTS + 1, true])
      assert.equal(dead?.error?.message !== undefined, true)
      assert.deepEqual([last?.type, JSON.parse(last?.detail ?? '{}').reason], [event, 'history-full'])
    },
  )

  test('a lease that runs out › dead as well; one event earlier the job goes round once more', async () => {
    const here = world()
    const full = await old(here, MOST_EVENTS - 1)
    const almost = await old(here, MOST_EVENTS - 2)
    await here.jobs.claim({ workerId: 'gone', ids: [full, almost], lease: '1s' })
    await here.clock.advance('2s')
    await here.jobs.claim({ workerId: 'w', ids: [full, almost] })
    assert.deepEqual([(await here.jobs.get(full))?.state, (await here.jobs.get(almost))?.state], ['dead', 'leased'])
  })

  test('success and failure for good › are what they are', async () => {
    const here = world()
    const ids = [await old(here, MOST_EVENTS + 1), await old(here, MOST_EVENTS + 2)]
    const leases = await here.jobs.claim({ workerId: 'w', ids })
    await leases[0]!.succeed(1)
    await leases[1]!.fail(new Error('no'), { retry: false })
    assert.deepEqual(
      [(await here.jobs.get(ids[0]!))?.state, (await here.jobs.get(ids[1]!))?.state],
      ['succeeded', 'failed'],
    )
  })
})

describe('progress and checkpoint', () => {
  test('too large, or no JSON › refused, the lease lives', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'running')
    assert.equal(await codeOf(lease!.progress('x'.repeat(8191))), 'TOO_LARGE')
    assert.equal(await codeOf(lease!.saveCheckpoint('x'.repeat(65_535))), 'TOO_LARGE')
    assert.match(
      await codeOf(lease!.progress(undefined as never)),
      /^TypeError: progress: expected JSON, got undefined/,
    )
    assert.match(
      await codeOf(lease!.saveCheckpoint(new Map() as never)),
      /^TypeError: checkpoint: expected JSON, got Map/,
    )
    await lease!.progress('x'.repeat(8190))
    await lease!.saveCheckpoint('x'.repeat(65_534))
    assert.equal((await here.jobs.get(id))?.state, 'running')
  })

  test('null is a value of its own › the latest wins', async () => {
    const here = world()
    const { id, lease } = await inState(here, 'running')
    await lease!.progress(1)
    await lease!.progress(null)
    await lease!.saveCheckpoint({ row: 1 })
    await lease!.saveCheckpoint(null)
    assert.equal((await here.jobs.get(id))?.progress, null)
    await lease!.release()
    assert.equal((await here.jobs.claim({ workerId: 'w' }))[0]?.checkpoint, null)
  })

  test('of a handler, unawaited › there when the job is over', async () => {
    const here = world()
    const hold = gate()
    here.jobs.work(
      handle(job, async ({ progress, log, saveCheckpoint }) => {
        for (let i = 0; i < 20; i++) void progress(i)
        void log('one')
        void saveCheckpoint('c')
        await hold.promise
        void progress('last')
      }),
    )
    const { id } = await here.jobs.enqueue(job, 1)
    await settled(here.clock)
    hold.open()
    await settled(here.clock)
    assert.deepEqual([(await here.jobs.get(id))?.progress, (await here.jobs.get(id))?.version], ['last', 3])
  })
})
