import assert from 'node:assert/strict'
import { defineJob, handle, handleBatch, JobError, type StandardSchema, unchecked } from '@stint/core'
import { runJob } from '@stint/core/testing'
import { describe, test } from 'vitest'

const toNumber: StandardSchema<string, number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: async (value) =>
      /^\d+$/.test(String(value)) && typeof value === 'string'
        ? { value: Number(value) }
        : { issues: [{ message: 'no digits' }] },
  },
}
const double = defineJob({ type: 'double', payload: toNumber, result: toNumber })
const plain = defineJob({ type: 'plain', payload: unchecked<string>() })

describe('runJob', () => {
  test('payload and result through their schemas; everything said is written down', async () => {
    const run = await runJob(
      handle(
        double,
        async ({ payload, log, progress, saveCheckpoint, attempt, fence, checkpoint, job, jobId, token }) => {
          assert.deepEqual(
            [payload, attempt, fence > 0, checkpoint, job.payload, job.state, job.id === jobId, typeof token],
            [21, 1, true, null, '21', 'running', true, 'string'],
          )
          await log('one')
          void log('two')
          await progress(50)
          await saveCheckpoint({ row: 1 })
          await saveCheckpoint({ row: 2 })
          return String(payload * 2)
        },
      ),
      '21',
    )
    assert.deepEqual(run, {
      outcome: 'succeeded',
      result: 42,
      logs: ['one', 'two'],
      progress: [50],
      checkpoint: { row: 2 },
    })
    assert.equal(Object.isFrozen(run), true)
  })

  test('attempt, checkpoint and signal › as given', async () => {
    const signal = AbortSignal.abort(new Error('stop'))
    const seen: unknown[] = []
    const run = await runJob(
      handle(
        plain,
        ({ attempt, checkpoint, signal, job }) =>
          void seen.push(attempt, checkpoint, signal.aborted, job.attempt, job.maxAttempts >= attempt),
      ),
      'x',
      { attempt: 7, checkpoint: { row: 3 }, signal },
    )
    assert.deepEqual([seen, run.checkpoint], [[7, { row: 3 }, true, 7, true], { row: 3 }])
  })

  test('a payload or result that its schema refuses, or that is no JSON › failed, never retried', async () => {
    const cases = [
      [
        await runJob(
          handle(double, () => assert.fail('not called')),
          'x',
        ),
        'PAYLOAD_INVALID',
      ],
      [
        await runJob(
          handle(double, () => 'x'),
          '1',
        ),
        'RESULT_INVALID',
      ],
      [
        await runJob(
          handle(defineJob({ type: 'any' }), () => 1n),
          '1',
        ),
        'RESULT_INVALID',
      ],
      [
        await runJob(
          handle(defineJob({ type: 'any' }), () => 1),
          1n,
        ),
        'PAYLOAD_INVALID',
      ],
    ] as const
    for (const [run, code] of cases)
      assert.deepEqual(
        [run.outcome, run.outcome === 'failed' && [(run.error as { code?: string }).code, run.retry]],
        ['failed', [code, false]],
      )
  })

  test.each<[string, unknown, unknown, string]>([
    ['an error', new RangeError('no'), true, 'no'],
    ['a JobError for good', new JobError('no', { retry: false }), false, 'no'],
    ['a JobError with a time', new JobError('no', { retry: '30s' }), '30s', 'no'],
    ['a text', 'no', true, 'no'],
    ['nothing', undefined, true, 'undefined'],
  ])('throws %s › failed, with what it wishes', async (_name, thrown, retry, message) => {
    const run = await runJob(
      handle(plain, () => {
        throw thrown
      }),
      'x',
    )
    assert.equal(run.outcome, 'failed')
    if (run.outcome !== 'failed') return
    assert.deepEqual([run.retry, run.error.message, run.error instanceof Error], [retry, message, true])
  })

  test('explicit verbs › are the outcome, the first of them; returned or not', async () => {
    assert.deepEqual(
      (
        await runJob(
          handle(plain, ({ snooze }) => snooze('10m')),
          'x',
        )
      ).outcome,
      'snoozed',
    )
    const snoozed = await runJob(
      handle(plain, async ({ snooze, succeed }) => {
        await snooze('10m')
        await succeed('late')
      }),
      'x',
    )
    assert.deepEqual([snoozed.outcome, snoozed.outcome === 'snoozed' && snoozed.delayMs], ['snoozed', 600_000])
    assert.equal(
      (
        await runJob(
          handle(plain, ({ release }) => release()),
          'x',
        )
      ).outcome,
      'released',
    )
    const failed = await runJob(
      handle(plain, async ({ fail }) => {
        await fail('no', { retry: '5s' })
        throw new Error('too late')
      }),
      'x',
    )
    assert.deepEqual(
      [failed.outcome, failed.outcome === 'failed' && [failed.error.message, failed.retry]],
      ['failed', ['no', '5s']],
    )
    const succeeded = await runJob(
      handle(plain, async ({ succeed }) => {
        const settled = await succeed('explicit')
        assert.equal(typeof settled.job.id, 'string')
        return 'returned'
      }),
      'x',
    )
    assert.deepEqual(
      [succeeded.outcome, succeeded.outcome === 'succeeded' && succeeded.result],
      ['succeeded', 'explicit'],
    )
  })

  test('nothing returned › succeeded, with undefined', async () => {
    const run = await runJob(
      handle(plain, () => {}),
      'x',
    )
    assert.deepEqual([run.outcome, run.outcome === 'succeeded' && run.result], ['succeeded', undefined])
  })

  test('after its signal aborted › what it returns or throws is no outcome: released; an explicit verb is', async () => {
    for (const run of [
      () => 'half',
      () => {
        throw new Error('half')
      },
    ]) {
      const stop = new AbortController()
      const report = await runJob(
        handle(plain, ({ log }) => {
          void log('began')
          stop.abort()
          return run()
        }),
        'x',
        { signal: stop.signal },
      )
      assert.deepEqual([report.outcome, report.logs], ['released', ['began']])
    }
    const explicit = await runJob(
      handle(plain, ({ succeed }) => succeed('done')),
      'x',
      { signal: AbortSignal.abort() },
    )
    assert.equal(explicit.outcome, 'succeeded')
  })

  test('a batch handler › a batch of one', async () => {
    const on = handleBatch(
      plain,
      async (batch) => {
        assert.deepEqual(
          batch.map((one) => one.payload),
          ['x'],
        )
        await batch[0]!.log('seen')
      },
      { size: 10 },
    )
    const run = await runJob(on, 'x')
    assert.deepEqual([run.outcome, run.logs], ['succeeded', ['seen']])
    const failing = await runJob(
      handleBatch(
        plain,
        () => {
          throw new Error('all')
        },
        { size: 1 },
      ),
      'x',
    )
    assert.equal(failing.outcome, 'failed')
  })
})
