import { describe, expect, test } from 'vitest'
import { admit, apply, beat, byClaimOrder, holds, take } from '../../src/kit.js'
import type { JobRecord, State } from '../../src/record.js'
import type { Change, Guard, Patch } from '../../src/store.js'
import { STATES, TERMINAL_STATES } from '../../src/transitions.js'
import { claimOf, draft, newJob } from '../table-store/build.js'

const NOW = 1_700_000_000_000

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen)
  return value
}
const record = (given: Partial<JobRecord> = {}): JobRecord => frozen({ ...admit(newJob('job-1'), NOW).job, ...given })
const leased = (given: Partial<JobRecord> = {}): JobRecord =>
  record({
    state: 'running',
    version: 2,
    attempt: 1,
    startedAt: NOW,
    lease: { token: 'token-1', fence: 2, workerId: 'worker-1', until: NOW + 30_000 },
    ...given,
  })
const change = (set: Patch, guard: Guard = { version: 1 }): Change =>
  frozen({ id: 'job-1', guard, set, event: draft('changed') })

describe('admit', () => {
  test('a new job › has version 1, attempt 0, no lease and one event into its state [ATOM-3]', () => {
    const { job, event } = admit(frozen(newJob('job-1', { run: { inMs: 250 } })), NOW)
    expect(job).toMatchObject({
      version: 1,
      attempt: 0,
      state: 'queued',
      runAt: NOW + 250,
      createdAt: NOW,
      updatedAt: NOW,
    })
    expect(job).toMatchObject({ lease: null, startedAt: null, finishedAt: null, result: null })
    expect(event).toMatchObject({
      seq: 1,
      type: 'enqueued',
      from: null,
      to: 'queued',
      attempt: 0,
      fence: null,
      at: NOW,
    })
    expect(job).not.toHaveProperty('event')
    expect(job).not.toHaveProperty('run')
  })

  test('a time that a user wrote › is kept as it is [TIME-6]', () => {
    expect(admit(newJob('job-1', { run: { at: 5 } }), NOW).job.runAt).toBe(5)
  })
})

describe('holds', () => {
  const held = leased()
  test.each<[string, Guard, JobRecord, boolean]>([
    ['the token in force › holds', { token: 'token-1' }, held, true],
    ['another token › does not hold', { token: 'token-0' }, held, false],
    ['a token, where no lease is › does not hold', { token: 'token-1' }, record(), false],
    ['a state among those named › holds', { states: ['leased', 'running'] }, held, true],
    ['a state not named › does not hold', { states: ['leased'] }, held, false],
    ['the version › holds', { version: 2 }, held, true],
    ['an earlier version › does not hold', { version: 1 }, held, false],
    ['all parts but one › does not hold [GUARD-1]', { token: 'token-1', states: ['running'], version: 1 }, held, false],
    ['a lease over, where none is › does not hold', { leaseOver: true }, record(), false],
  ])('%s', (_name, guard, job, expected) => {
    expect(holds(guard, job, NOW)).toBe(expected)
  })

  test('a lease › is over from the millisecond of its end on, and its token holds all the same [TIME-4, FENCE-4]', () => {
    expect(holds({ leaseOver: true }, held, NOW + 29_999)).toBe(false)
    expect(holds({ leaseOver: true }, held, NOW + 30_000)).toBe(true)
    expect(holds({ token: 'token-1' }, held, NOW + 99_000)).toBe(true)
  })
})

describe('apply', () => {
  test.each(STATES)('to %s › ends the lease unless that state is held [FENCE-3]', (state) => {
    const { job } = apply(change({ state }), leased(), NOW + 5)
    expect(job.lease).toEqual(state === 'leased' || state === 'running' ? leased().lease : null)
  })

  test.each(TERMINAL_STATES)(
    'to %s › tells when it ended, and a later change of the ended job does not move that',
    (state) => {
      const ended = apply(change({ state }), leased(), NOW + 5).job
      expect(ended.finishedAt).toBe(NOW + 5)
      expect(apply(change({ tags: ['late'] }), ended, NOW + 9).job.finishedAt).toBe(NOW + 5)
      expect(apply(change({ state: 'queued' }), ended, NOW + 9).job.finishedAt).toBeNull()
    },
  )

  test('without `run` › the job keeps its place in line [ORDER-3]', () => {
    expect(apply(change({ state: 'queued', attempt: 0 }), leased(), NOW + 5_000).job).toMatchObject({
      runAt: NOW,
      attempt: 0,
    })
  })

  test('an event › names what was left and entered, and the lease that was in force before it [ATOM-4]', () => {
    const { job, event } = apply(change({ state: 'queued', attempt: 0 }), leased(), NOW + 5)
    expect(job.version).toBe(3)
    expect(event).toMatchObject({ seq: 3, from: 'running', to: 'queued', attempt: 1, fence: 2, workerId: 'worker-1' })
    expect(JSON.stringify(event)).not.toContain('token-1') // FENCE-5
  })

  test('the clock stepped back › the times of the job do not [TIME-5]', () => {
    const { job, event } = apply(change({ priority: 1 }), record({ updatedAt: NOW + 90 }), NOW)
    expect([job.updatedAt, event.at]).toEqual([NOW + 90, NOW + 90])
  })

  test('a prolonged lease › ends at now + leaseMs, not later [TIME-6]', () => {
    expect(apply(change({ leaseMs: 10 }), leased(), NOW + 5).job.lease?.until).toBe(NOW + 15)
  })

  test('started › once a run: what is running already keeps its start', () => {
    const starts = (state: State): number | null =>
      apply(change({ state: 'running' }), leased({ state, startedAt: NOW - 7 }), NOW).job.startedAt
    expect([starts('leased'), starts('running')]).toEqual([NOW, NOW - 7])
  })
})

describe('beat', () => {
  test('a beat › prolongs from now, reports, and leaves version, state and attempt alone [TIME-6]', () => {
    const after = beat({ id: 'job-1', token: 'token-1', leaseMs: 10, progress: '0.5' }, leased({ log: '[]' }), NOW + 5)
    expect(after).toEqual({
      ...leased({ log: '[]' }),
      updatedAt: NOW + 5,
      progress: '0.5',
      lease: { ...leased().lease, until: NOW + 15 },
    })
  })
})

describe('take', () => {
  test('a claimed job › has the version of the claim as its fence, one attempt more, and one event [FENCE-2, CLAIM-4]', () => {
    const { job, event } = take(
      frozen(claimOf('token-9', { leaseMs: 10 })),
      record({ version: 7, attempt: 2 }),
      NOW + 1,
    )
    expect(job).toMatchObject({ state: 'running', version: 8, attempt: 3, startedAt: NOW + 1 })
    expect(job.lease).toEqual({ token: 'token-9', fence: 8, workerId: 'worker-1', until: NOW + 11 })
    expect(event).toMatchObject({ type: 'leased', seq: 8, from: 'queued', to: 'running', attempt: 3, fence: 8 })
  })

  test('to leased › has not started', () => {
    expect(take(claimOf('token-9', { to: 'leased' }), record(), NOW).job).toMatchObject({
      state: 'leased',
      startedAt: null,
    })
  })

  test('a key › goes with the claim only where it was to be held no longer [UNIQ-2]', () => {
    const keyAfter = (keyUntil: 'claimed' | 'finished'): string | null =>
      take(claimOf('token-9'), record({ key: 'k', keyUntil }), NOW).job.key
    expect([keyAfter('claimed'), keyAfter('finished')]).toEqual([null, 'k'])
  })
})

test('claim order › is priority from high to low, then due time, then the bytes of the id [ORDER-1]', () => {
  const jobs = [
    record({ id: 'b', runAt: 5 }),
    record({ id: 'a', runAt: 5 }),
    record({ id: 'B', runAt: 5 }),
    record({ id: 'z', runAt: 4 }),
    record({ id: 'y', runAt: 9, priority: 51 }),
  ]
  expect(jobs.sort(byClaimOrder).map((job) => job.id)).toEqual(['y', 'z', 'B', 'a', 'b'])
})
