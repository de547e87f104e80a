import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { handle, type Job, type Logger } from '@stint/core'
import { describe, onTestFinished, test } from 'vitest'
import { inState, job } from './in-state.js'
import { watched } from './watched-store.js'
import { gate, settled, world } from './world.js'

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
    const counted = {
      enqueued: 6,
      succeeded: 2,
      attemptsFailed: 3,
      failed: 1,
      dead: 1,
      cancelled: 1,
      leasesExpired: 1,
      leasesLost: 0,
      runMs: 0,
    }
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
    here.jobs.work(
      handle(job, () => hold.promise),
      { lease: '30s', workerId: 'w' },
    )
    const { id } = await here.jobs.enqueue(job, 1)
    await settled(here.clock)
    const far = here.another({ store: watched(here.store).store })
    const [record] = await here.store.get([id])
    await here.store.exchange({
      changes: [
        {
          id,
          guard: { token: record!.lease!.token },
          set: { state: 'queued' },
          event: { type: 'lease_expired', actor: 'sweep', detail: null },
        },
      ],
    })
    await far.claim({ workerId: 'other', ids: [id] })
    await here.clock.advance('20s')
    hold.open()
    await settled(here.clock)
    assert.equal(here.jobs.metrics().leasesLost, 1)
  })

  test('runMs › the time of handlers that succeeded', async () => {
    const here = world()
    here.jobs.work(
      handle(job, async ({ payload }) => {
        await new Promise<void>((resolve) => here.clock.after(payload as number, resolve))
        if (payload === 700) throw new Error('does not count')
      }),
    )
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
    const withChild: Logger = {
      ...parent.logger,
      child: (fields) => {
        childs.push(fields)
        return parent.logger
      },
    }
    for (const logger of [plain.logger, withChild]) {
      const here = world({ logger })
      here.jobs.work(handle(job, ({ logger }) => logger.info({ row: 1 }, 'working')))
      await here.jobs.enqueue(job, 1, { id: 'x' })
      await settled(here.clock)
    }
    assert.deepEqual(plain.lines, [['info', { jobId: 'x', type: 'job', attempt: 1, row: 1 }, 'working']])
    assert.deepEqual(
      [childs, parent.lines],
      [[{ jobId: 'x', type: 'job', attempt: 1 }], [['info', { row: 1 }, 'working']]],
    )
  })

  test('trouble in the background › one line a second, of whatever kind; how many were not logged is said', async () => {
    const { lines, logger } = recorder()
    const here = world()
    const control = watched(here.store)
    const jobs = here.another({ store: control.store, logger, sweep: '200ms' })
    jobs.work(
      handle(job, () => {}),
      { poll: '100ms' },
    )
    await settled(here.clock)
    control.isAway = true
    await here.clock.advance('10s')
    control.isAway = false
    const doing = lines.map(([, fields]) => (fields as { doing: string }).doing)
    assert.equal(lines.length >= 5 && lines.length <= 11, true, `${lines.length} lines of ${doing}`)
    const [level, fields, message] = lines[1]!
    assert.deepEqual(
      [level, message, (fields as { err: Error }).err instanceof Error],
      ['error', `stint: ${doing[1]}: away`, true],
    )
    assert.equal((fields as { notLogged: number }).notLogged > 0, true)
    await here.clock.advance('5s')
  })
})

describe('diagnostics channels', () => {
  test('stint:attempt around each run of a handler, stint:exchange around each write; no token in either', async () => {
    const seen: [string, unknown][] = []
    const names = ['attempt', 'exchange'].flatMap((what) =>
      ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((when) => `tracing:stint:${what}:${when}`),
    )
    const note = (message: unknown, name: string | symbol): void => void seen.push([String(name).slice(14), message])
    for (const name of names) subscribe(name, note)
    onTestFinished(() => names.forEach((name) => unsubscribe(name, note)))
    const here = world()
    here.jobs.work(
      handle(job, async ({ payload }) => {
        if (payload === 'throws') throw new Error('no')
      }),
      { workerId: 'w' },
    )
    await here.jobs.enqueue(job, 'throws', { id: 'a' })
    await here.jobs.enqueue(job, 'returns', { id: 'b' })
    await settled(here.clock)
    const attempts = seen.filter(([name]) => name.startsWith('attempt'))
    const of = (id: string) =>
      attempts.filter(([, message]) => (message as { jobs: Job[] }).jobs[0]?.id === id).map(([name]) => name)
    assert.deepEqual(of('a'), [
      'attempt:start',
      'attempt:end',
      'attempt:error',
      'attempt:asyncStart',
      'attempt:asyncEnd',
    ])
    assert.deepEqual(of('b'), ['attempt:start', 'attempt:end', 'attempt:asyncStart', 'attempt:asyncEnd'])
    const [, first] = attempts[0] as [string, { workerId: string; jobs: Job[] }]
    assert.deepEqual([first.workerId, first.jobs[0]?.state], ['w', 'running'])
    const writes = seen
      .filter(([name]) => name === 'exchange:start')
      .map(([, message]) => message as Record<string, unknown>)
    assert.equal(
      writes.every((one) => one['store'] === 'memory'),
      true,
    )
    assert.equal(
      writes.reduce((sum, one) => sum + Number(one['inserts']), 0),
      2,
    )
    assert.equal(
      writes.reduce((sum, one) => sum + Number(one['changes']), 0),
      2,
    )
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
