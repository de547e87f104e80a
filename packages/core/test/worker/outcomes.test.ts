import assert from 'node:assert/strict'
import { defineJob, handle, JobError, type JobSignal, type StandardSchema } from '@stint/core'
import { describe, test } from 'vitest'
import { codeOf, gate, settled, world } from '../queue/world.js'

const job = defineJob({ type: 'job', backoff: { kind: 'fixed', base: '10s', jitter: false }, maxAttempts: 3 })

describe('a handler', () => {
  test('returns › succeeded, with its result', async () => {
    const { clock, jobs } = world()
    jobs.work(handle(job, ({ payload }) => ({ got: payload })))
    const one = await jobs.enqueue(job, 1)
    await settled(clock)
    const done = await jobs.get(one.id)
    assert.deepEqual([done?.state, done?.result, done?.attempt, done?.lease], ['succeeded', { got: 1 }, 1, null])
  })

  test('throws › queued after the backoff, then dead when the budget is used up; the error says what happened', async () => {
    const { clock, jobs } = world()
    let runs = 0
    jobs.work(
      handle(job, () => {
        runs++
        throw Object.assign(new RangeError(`no ${runs}`), { code: 'E_NO' })
      }),
    )
    const { id } = await jobs.enqueue(job, 1)
    await settled(clock)
    const first = await jobs.get(id)
    assert.deepEqual(
      [first?.state, first?.attempt, first?.error?.name, first?.error?.message, first?.error?.code],
      ['queued', 1, 'RangeError', 'no 1', 'E_NO'],
    )
    assert.equal(first?.runAt.getTime(), clock.now() + 10_000)
    await clock.advance('9s')
    assert.equal(runs, 1)
    await clock.advance('1s')
    assert.equal(runs, 2)
    await clock.advance('10s')
    const last = await jobs.get(id)
    assert.deepEqual([runs, last?.state, last?.attempt, last?.error?.attempt], [3, 'dead', 3, 3])
    assert.deepEqual(
      (await jobs.audit(id)).map((event) => [event.type, event.to, event.reason]),
      [
        ['enqueued', 'queued', null],
        ['leased', 'running', null],
        ['failed', 'queued', null],
        ['leased', 'running', null],
        ['failed', 'queued', null],
        ['leased', 'running', null],
        ['failed', 'dead', 'attempts used up'],
      ],
    )
  })

  test('throws JobError › failed for good, or again when it says', async () => {
    const { clock, jobs } = world()
    const wishes = [false, '30s', '1h'] as const
    jobs.work(
      handle(job, ({ payload }) => {
        throw new JobError('refused', { retry: wishes[payload as number] ?? true, code: 'REFUSED' })
      }),
    )
    const [never, soon, late] = await Promise.all([0, 1, 2].map((n) => jobs.enqueue(job, n)))
    await settled(clock)
    const at = async (id: string) => (await jobs.get(id))?.runAt.getTime() ?? 0
    assert.deepEqual(
      [(await jobs.get(never!.id))?.state, (await jobs.get(never!.id))?.error?.code],
      ['failed', 'REFUSED'],
    )
    assert.deepEqual([(await at(soon!.id)) - clock.now(), (await at(late!.id)) - clock.now()], [30_000, 3_600_000])
  })

  test('throws anything › kept as an error', async () => {
    const { clock, jobs } = world()
    const thrown = ['text', undefined, null, 42, { message: 'plain', code: 7 }, { no: 'message' }]
    jobs.work(
      handle(job, ({ payload }) => {
        throw thrown[payload as number]
      }),
    )
    const made = await Promise.all(thrown.map((_, i) => jobs.enqueue(job, i, { maxAttempts: 1 })))
    await settled(clock)
    const errors = await Promise.all(made.map(async ({ id }) => (await jobs.get(id))?.error))
    assert.deepEqual(
      errors.map((error) => [error?.message, error?.code]),
      [
        ['text', null],
        ['undefined', null],
        ['null', null],
        ['42', null],
        ['plain', '7'],
        ['{"no":"message"}', null],
      ],
    )
  })

  test('gets the parsed payload; one that fails its check is failed and not retried', async () => {
    const { clock, jobs, another } = world()
    const strict: StandardSchema<unknown, { n: number }> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) =>
          typeof value === 'number' ? { value: { n: value } } : { issues: [{ message: 'no number' }] },
      },
    }
    const seen: unknown[] = []
    const by = another()
    by.work(handle(defineJob({ type: 'job', payload: strict }), ({ payload }) => void seen.push(payload)))
    const good = await jobs.enqueue(job, 7)
    const bad = await jobs.enqueue(job, 'x')
    await settled(clock)
    assert.deepEqual(seen, [{ n: 7 }])
    const failed = await jobs.get(bad.id)
    assert.deepEqual(
      [(await jobs.get(good.id))?.state, failed?.state, failed?.attempt, failed?.error?.code],
      ['succeeded', 'failed', 1, 'PAYLOAD_INVALID'],
    )
  })

  test('returns what its result schema refuses, or what is not JSON › failed, not retried', async () => {
    const { clock, jobs } = world()
    const result: StandardSchema<string, string> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => (typeof value === 'string' ? { value } : { issues: [{ message: 'no text' }] }),
      },
    }
    const strict = defineJob({ type: 'strict', result })
    jobs.work([handle(strict, () => 1 as never), handle(job, () => 1n as never)])
    const made = [await jobs.enqueue(strict, 1), await jobs.enqueue(job, 1)]
    await settled(clock)
    for (const { id } of made) {
      const failed = await jobs.get(id)
      assert.deepEqual([failed?.state, failed?.error?.code], ['failed', 'RESULT_INVALID'])
    }
  })

  test('whose own enqueue is refused as invalid › is retried like any failure; its own refused result, let through, is final', async () => {
    const { clock, jobs } = world()
    jobs.work(
      handle(job, async ({ payload, succeed }) => {
        if (payload === 'child') await jobs.enqueue(job, 1n)
        await succeed(1n)
      }),
    )
    const [child, result] = await Promise.all(['child', 'result'].map((payload) => jobs.enqueue(job, payload)))
    await settled(clock)
    const now = async (id: string) => [(await jobs.get(id))?.state, (await jobs.get(id))?.error?.code]
    assert.deepEqual(
      [await now(child!.id), await now(result!.id)],
      [
        ['queued', 'PAYLOAD_INVALID'],
        ['failed', 'RESULT_INVALID'],
      ],
    )
  })

  test('snooze and release › back without costing an attempt; release keeps its place', async () => {
    const { clock, jobs } = world()
    const how: string[] = []
    jobs.work(
      handle(job, async ({ snooze, release, attempt }) => {
        how.push(`run ${attempt}`)
        return how.length === 1 ? snooze('1m') : how.length === 2 ? release() : 'done'
      }),
    )
    const { id, runAt } = await jobs.enqueue(job, 1)
    await settled(clock)
    const snoozed = await jobs.get(id)
    assert.deepEqual(
      [snoozed?.state, snoozed?.attempt, snoozed!.runAt.getTime() - runAt.getTime()],
      ['queued', 0, 60_000],
    )
    await clock.advance('1m')
    assert.deepEqual(how, ['run 1', 'run 1', 'run 1'])
    assert.equal((await jobs.get(id))?.state, 'succeeded')
    assert.deepEqual(
      (await jobs.audit(id)).map((event) => event.type),
      ['enqueued', 'leased', 'snoozed', 'leased', 'released', 'leased', 'succeeded'],
    )
  })

  test('an explicit verb decides; what is returned or thrown after it does not', async () => {
    const { clock, jobs } = world()
    jobs.work(
      handle(job, async ({ payload, succeed, fail }) => {
        if (payload === 1) await succeed('explicit')
        if (payload === 2) void fail(new Error('explicit'), { retry: false }) // unawaited
        if (payload === 1) throw new Error('too late')
        return 'returned'
      }),
    )
    const [one, two] = await Promise.all([1, 2].map((n) => jobs.enqueue(job, n)))
    await settled(clock)
    assert.deepEqual(
      [(await jobs.get(one!.id))?.result, (await jobs.get(two!.id))?.state, (await jobs.get(two!.id))?.error?.message],
      ['explicit', 'failed', 'explicit'],
    )
  })

  test('a checkpoint › is given to the next attempt; logs and progress stay with the job', async () => {
    const { clock, jobs } = world()
    const seen: unknown[] = []
    jobs.work(
      handle(job, async ({ attempt, checkpoint, saveCheckpoint, log, progress }) => {
        seen.push(checkpoint)
        await saveCheckpoint({ row: attempt })
        void progress({ done: attempt })
        void log(`attempt ${attempt}`)
        if (attempt < 3) throw new Error('again')
      }),
    )
    const { id } = await jobs.enqueue(job, 1)
    await clock.advance('20s')
    assert.deepEqual(seen, [null, { row: 1 }, { row: 2 }])
    assert.deepEqual(
      (await jobs.logs(id)).map((line) => [line.attempt, line.message]),
      [
        [1, 'attempt 1'],
        [2, 'attempt 2'],
        [3, 'attempt 3'],
      ],
    )
    assert.deepEqual((await jobs.get(id))?.progress, { done: 3 })
    assert.equal((await jobs.get(id))?.version, 7, 'reports leave no event')
  })

  test('with auditHeartbeats › progress and heartbeats are events', async () => {
    const { clock, jobs } = world({ queues: { default: { auditHeartbeats: true } } })
    const hold = gate()
    jobs.work(
      handle(job, async ({ progress }) => {
        await progress(1)
        await hold.promise
      }),
      { lease: '30s' },
    )
    const { id } = await jobs.enqueue(job, 1)
    await clock.advance('10s')
    hold.open()
    await settled(clock)
    assert.deepEqual(
      (await jobs.audit(id)).map((event) => event.type),
      ['enqueued', 'leased', 'progressed', 'heartbeat', 'succeeded'],
    )
  })
})

describe('a signal', () => {
  const stubborn = () => {
    const started = gate()
    const codes: string[] = []
    const run = async ({ signal }: { signal: JobSignal }) => {
      started.open()
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      codes.push(signal.reason.code)
    }
    return { started, codes, run }
  }

  test('aborts with JOB_TIMEOUT › the attempt fails and is retried; what is returned then is no outcome', async () => {
    const { clock, jobs } = world()
    const { codes, run } = stubborn()
    jobs.work(handle(job, run))
    const { id } = await jobs.enqueue(job, 1, { timeout: '5s' })
    await clock.advance('5s')
    const failed = await jobs.get(id)
    assert.deepEqual([codes, failed?.state, failed?.error?.code], [['JOB_TIMEOUT'], 'queued', 'JOB_TIMEOUT'])
    assert.equal((await jobs.audit(id)).at(-1)?.reason, 'timeout')
  })

  test('aborts with JOB_CANCELLED › at once when cancelled here; with actor and reason', async () => {
    const { clock, jobs } = world()
    let reason: unknown
    const started = gate()
    jobs.work(
      handle(job, async ({ signal }) => {
        started.open()
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        reason = signal.reason
        return 'no success'
      }),
    )
    const { id } = await jobs.enqueue(job, 1)
    await started.promise
    await jobs.cancel(id, { actor: 'ada', reason: 'wrong file' })
    await settled(clock)
    const { code, details } = reason as { code: string; details: object }
    assert.deepEqual([code, details], ['JOB_CANCELLED', { jobId: id, actor: 'ada', reason: 'wrong file' }])
    assert.deepEqual([(await jobs.get(id))?.state, (await jobs.get(id))?.result], ['cancelled', null])
  })

  test('aborts with LEASE_LOST › when the lease was taken over; the late verb is refused and changes nothing', async () => {
    const { clock, jobs, another, store } = world()
    const { codes, run, started } = stubborn()
    let late: Promise<unknown> | undefined
    jobs.work(
      handle(job, async (context) => {
        await run(context)
        late = context.succeed('late')
        await late.catch(() => {})
      }),
      { lease: '30s', concurrency: 1 },
    )
    const { id } = await jobs.enqueue(job, 1)
    await started.promise
    // Another process, whose clock says the lease is over: it expires it and takes the job.
    const record = (await store.get([id]))[0]!
    await store.exchange({
      changes: [
        {
          id,
          guard: { token: record.lease!.token },
          set: { state: 'queued' },
          event: { type: 'lease_expired', actor: 'sweep', detail: null },
        },
      ],
    })
    const [lease] = await another().claim({ workerId: 'other' })
    assert.equal(lease?.attempt, 2)
    await clock.advance('10s')
    assert.deepEqual(codes, ['LEASE_LOST'])
    assert.equal(await codeOf(late!), 'LEASE_LOST')
    assert.deepEqual([(await jobs.get(id))?.lease?.workerId, (await jobs.get(id))?.version], ['other', 4])
    assert.equal(jobs.metrics().leasesLost > 0, true)
  })

  test('heartbeats › prolong the lease as long as the handler runs', async () => {
    const { clock, jobs, another } = world()
    const hold = gate()
    jobs.work(
      handle(job, () => hold.promise),
      { lease: '30s' },
    )
    const { id } = await jobs.enqueue(job, 1)
    await clock.advance('10m')
    assert.deepEqual(await another().claim({ workerId: 'other' }), [])
    hold.open()
    await settled(clock)
    assert.deepEqual([(await jobs.get(id))?.state, (await jobs.get(id))?.version], ['succeeded', 3])
  })
})
