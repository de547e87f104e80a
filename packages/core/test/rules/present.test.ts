import { describe, expect, test } from 'vitest'
import { readDetail, writeDetail } from '../../src/detail.js'
import { failureOf } from '../../src/failure.js'
import { holdingOf, tokenOf } from '../../src/lease-lost.js'
import { toAuditEvent, toJob } from '../../src/present.js'
import type { EventRecord } from '../../src/record.js'
import { record } from './record.js'

describe('detail', () => {
  test('nothing to say › null; undefined is nothing', () => {
    expect(writeDetail({})).toBe(null)
    expect(writeDetail({ reason: undefined, op: undefined })).toBe(null)
    expect(readDetail(null)).toEqual({})
  })
  test('what is said › comes back; the same detail has the same text', () => {
    const detail = { priority: 50, error: failureOf(new Error('x'), 1, 2), reason: 'why', op: 'n' }
    expect(readDetail(writeDetail(detail))).toEqual(detail)
    expect(writeDetail({ ...detail })).toBe(writeDetail(detail))
  })
})

describe('a job', () => {
  test.each<[string | null, unknown]>([
    [null, undefined],
    ['null', null],
    ['""', ''],
    ['"null"', 'null'],
    ['0', 0],
    ['false', false],
    ['[]', []],
  ])('the payload text %s › is shown as %j', (payload, shown) =>
    expect(toJob(record({ payload })).payload).toEqual(shown),
  )

  test('instants are dates, absent ones null; key, until and meta by their public names', () => {
    const job = toJob(
      record({
        key: 'k',
        lease: { token: 't', fence: 2, workerId: 'w', until: 9 },
        startedAt: 5,
        ext: '{"meta":{"a":1},"timeoutMs":5}',
      }),
    )
    expect(job).toMatchObject({
      uniqueKey: 'k',
      lease: { workerId: 'w', expiresAt: new Date(9) },
      startedAt: new Date(5),
      finishedAt: null,
      meta: { a: 1 },
    })
    expect(Object.keys(job)).not.toEqual(
      expect.arrayContaining(['key', 'ext', 'log', 'checkpoint', 'group', 'keyUntil']),
    )
    expect(Object.keys(job.lease!)).toEqual(['workerId', 'expiresAt'])
  })

  test('a record is not changed by who is shown it', () => {
    const given = record({ tags: ['a'] })
    expect(toJob(given).tags).not.toBe(given.tags)
    expect(Object.isFrozen(given.tags)).toBe(false)
  })
})

describe('an event', () => {
  const event = (more: Partial<EventRecord>): EventRecord => ({
    jobId: 'a',
    queue: 'q',
    seq: 3,
    at: 7,
    type: 'failed',
    from: 'running',
    to: 'queued',
    attempt: 1,
    fence: 2,
    workerId: 'w',
    actor: null,
    detail: null,
    ...more,
  })

  test.each(['leased', 'started', 'heartbeat', 'progressed', 'succeeded', 'failed', 'snoozed', 'released'])(
    '%s › is the holder’s doing unless another was named',
    (type) => {
      expect(toAuditEvent(event({ type })).actor).toBe('w')
      expect(toAuditEvent(event({ type, actor: 'ada' })).actor).toBe('ada')
      expect(toAuditEvent(event({ type, workerId: null })).actor).toBe(null)
    },
  )
  test.each(['enqueued', 'cancelled', 'retried', 'rescheduled', 'reprioritised', 'edited', 'lease_expired'])(
    '%s › is not the holder’s',
    (type) => {
      expect(toAuditEvent(event({ type })).actor).toBe(null)
      expect(toAuditEvent(event({ type, actor: 'sweep' })).actor).toBe('sweep')
    },
  )

  test('error, reason and old values apart; the nonce stays behind', () => {
    const error = failureOf(new Error('x'), 1, 2)
    const shown = toAuditEvent(event({ detail: writeDetail({ error, reason: 'why', op: 'nonce', priority: 50 }) }))
    expect(shown).toMatchObject({
      at: new Date(7),
      reason: 'why',
      error: { message: 'x', at: new Date(2) },
      detail: { priority: 50 },
    })
    expect(JSON.stringify(shown)).not.toContain('nonce')
    expect(toAuditEvent(event({ detail: writeDetail({ op: 'nonce' }) }))).toMatchObject({
      reason: null,
      error: null,
      detail: null,
    })
  })
})

describe('a token that travels', () => {
  test('the store’s token and the fence › come apart again, whatever letters the token has', () => {
    for (const token of ['abc', 'a.b.c', '-_', 'x'.repeat(128)]) {
      const holding = { jobId: 'j', token, fence: 12 }
      expect(holdingOf('j', tokenOf(holding))).toEqual(holding)
    }
  })
  test.each([
    '',
    '.',
    'x',
    '.5',
    'x.',
    'x.0',
    'x.-1',
    'x.1.5x',
    'x.1e400',
    'x. ',
    ' .1',
    'a\u0000b.2',
    'ä.2',
    `${'x'.repeat(129)}.2`,
    undefined,
    null,
    5,
    {},
  ])('%j › a token that no job has', (token) =>
    expect(holdingOf('j', token as never)).toEqual({ jobId: 'j', token: 'malformed', fence: 0 }),
  )
})
