import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apply } from '../../src/kit.js'
import * as outcomes from '../../src/outcomes.js'
import type { JobRecord, State } from '../../src/record.js'
import type { Change } from '../../src/store.js'
import { type Command, explains, isHeld, isLegal, STATES, TRANSITIONS } from '../../src/transitions.js'
import { record } from './record.js'

const chance = { now: () => 5000, random: () => 0.5 }
const action = { actor: 'ada', reason: 'why', op: 'nonce' }
const lease = { token: 't', fence: 2, workerId: 'w', until: 4000 }

/** Every constructor, called in every way that leads somewhere else. */
const MADE: [Command, string, (job: JobRecord) => Change][] = [
  ['start', 'started', () => outcomes.started('a', 't')],
  ['succeed', 'succeeded', () => outcomes.succeeded('a', 't', '1')],
  ['fail', 'failed, by the backoff', (job) => outcomes.failed(job, 't', new Error('x'), true, chance)],
  ['fail', 'failed, after a time', (job) => outcomes.failed(job, 't', new Error('x'), '5s', chance)],
  ['fail', 'failed, for good', (job) => outcomes.failed(job, 't', new Error('x'), false, chance)],
  ['snooze', 'snoozed', (job) => outcomes.snoozed(job, 't', 1000, 5000)],
  ['release', 'released', (job) => outcomes.released(job, 't', 5000)],
  ['expire', 'expired', (job) => outcomes.expired(job, 5000)],
  ['cancel', 'cancelled', () => outcomes.cancelled('a', action)],
  ['retry', 'retried', (job) => outcomes.retried(job, action)],
  ['reschedule', 'rescheduled', (job) => outcomes.rescheduled(job, { inMs: 5 }, action)],
  ['reprioritise', 'reprioritised', (job) => outcomes.reprioritised(job, 90, action)],
  ['edit', 'edited', (job) => outcomes.edited(job, { payload: '2', priority: 9 }, action)],
  ['trackStart', 'trackStarted', (job) => outcomes.trackStarted(job, action)],
  ['trackProgress', 'trackProgressed', (job) => outcomes.trackProgressed(job, { progress: '1' }, action)],
  ['trackSucceed', 'trackSucceeded', (job) => outcomes.trackSucceeded(job, '1', action)],
  ['trackFail', 'trackFailed', (job) => outcomes.trackFailed(job, new Error('x'), 5000, action)],
]

/** The job in each way that matters to a rule: fresh, in its last attempt, with a history that is full. */
const JOBS: [string, Partial<JobRecord>][] = [
  ['fresh', { version: 2, attempt: 1 }],
  ['in its last attempt', { version: 9, attempt: 5 }],
  ['with a history that is full', { version: outcomes.MOST_EVENTS, attempt: 1 }],
]

describe.each(MADE)('%s › %s', (command, _name, make) => {
  const step = TRANSITIONS[command]

  test.each(JOBS)('of a job %s › leads only where the table says, with its event', (_of, more) => {
    for (const from of step.from) {
      const before = record({
        ...more,
        state: from,
        lease: isHeld(from) && !command.startsWith('track') ? lease : null,
      })
      const change = make(before)
      const { job, event } = apply(change, before, 5000)
      const allowed: readonly string[] = step.to
      expect(allowed.includes('same') ? job.state === from : allowed.includes(job.state)).toBe(true)
      expect([event.type, explains(event.type, from, job.state)]).toEqual([step.event, true])
      expect(job.attempt).toBeGreaterThanOrEqual(0)
      expect(job.attempt).toBeLessThanOrEqual(job.maxAttempts)
    }
  })

  test('its guard › holds in no state that the table forbids', () => {
    const change = make(record({ version: 2, attempt: 1, lease }))
    const { guard } = change
    // A token lives only under a lease; without one the states must stand in the guard.
    if (guard.token === undefined) expect(guard.states).toEqual(step.from)
    else expect(guard.token).toBe('t')
    if (guard.states)
      expect(STATES.filter((state) => guard.states!.includes(state))).toEqual(
        STATES.filter((state) => isLegal(command, state)),
      )
    if (step.by === 'operator' || step.by === 'tracker') expect(guard.version).toBe(2)
    if (step.by === 'sweep') expect(guard.leaseOver).toBe(true)
  })

  test('an operator’s › carries actor, reason and the nonce that recognises it', () => {
    const { event } = make(record({ version: 2, attempt: 1, lease }))
    const isByHand = step.by === 'operator' || step.by === 'anyone' || step.by === 'tracker'
    expect(event.actor).toBe(isByHand ? 'ada' : step.by === 'sweep' ? 'sweep' : null)
    expect(JSON.parse(event.detail ?? '{}').op).toBe(isByHand ? 'nonce' : undefined)
  })
})

describe('fail', () => {
  const set = (job: Partial<JobRecord>, retry: outcomes.Retry = true) =>
    outcomes.failed(record(job), 't', new Error('x'), retry, chance).set
  const reason = (job: Partial<JobRecord>, retry: outcomes.Retry = true, why?: string) =>
    JSON.parse(outcomes.failed(record(job), 't', new Error('x'), retry, chance, why).event.detail!).reason

  test('by the backoff that is stored with the job, drawn once', () => {
    expect(set({ attempt: 3 })).toMatchObject({ state: 'queued', run: { inMs: 2000 } })
    expect(
      set({ attempt: 3, ext: '{"backoff":{"kind":"fixed","baseMs":70,"factor":2,"maxMs":100,"jitter":false}}' }),
    ).toMatchObject({ run: { inMs: 70 } })
  })
  test('for good goes before used up, used up before history; each says why', () => {
    const full = { attempt: 5, version: outcomes.MOST_EVENTS }
    expect([set(full, false).state, reason(full, false)]).toEqual(['failed', 'not retryable'])
    expect([set(full).state, reason(full)]).toEqual(['dead', 'attempts used up'])
    expect([set(full, '1s').state, reason(full, '1s')]).toEqual(['dead', 'attempts used up'])
    expect([set({ ...full, attempt: 4 }).state, reason({ ...full, attempt: 4 })]).toEqual(['dead', 'history-full'])
    expect(reason({ attempt: 1 })).toBe(undefined)
    expect(reason({ attempt: 5 }, true, 'timeout')).toBe('timeout')
  })
  test('the error stands in the job and in the event', () => {
    const change = outcomes.failed(record({ attempt: 2 }), 't', new RangeError('x'), true, chance)
    expect(JSON.parse(change.set.error!)).toMatchObject({ name: 'RangeError', message: 'x', attempt: 2, at: 5000 })
    expect(JSON.parse(change.event.detail!).error).toEqual(JSON.parse(change.set.error!))
  })
  test('any number of attempts up to a million › ends dead exactly at the last', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        (maxAttempts, attempt) => {
          expect(set({ attempt, maxAttempts }).state).toBe(attempt >= maxAttempts ? 'dead' : 'queued')
          expect(outcomes.expired(record({ attempt, maxAttempts, lease }), 1).set.state).toBe(
            attempt >= maxAttempts ? 'dead' : 'queued',
          )
        },
      ),
    )
  })
})

describe('what is given back', () => {
  const held = record({ state: 'running', version: 4, attempt: 3, lease, runAt: 700 })
  const after = (change: Change) => apply(change, held, 5000).job

  test('snooze and release › an attempt less; release and expire keep the place in line, expire keeps the attempt', () => {
    expect(after(outcomes.snoozed(held, 't', 1000, 5000))).toMatchObject({
      state: 'queued',
      attempt: 2,
      runAt: 6000,
      lease: null,
    })
    expect(after(outcomes.released(held, 't', 5000))).toMatchObject({
      state: 'queued',
      attempt: 2,
      runAt: 700,
      lease: null,
    })
    expect(after(outcomes.expired(held, 5000))).toMatchObject({ state: 'queued', attempt: 3, runAt: 700, lease: null })
  })
  test('retry › attempt 0, due now, no result, no error; the rest stays', () => {
    const dead = record({
      state: 'dead',
      version: 9,
      attempt: 5,
      error: '{}',
      result: '1',
      progress: '4',
      checkpoint: '5',
      log: '6',
      runAt: 1,
    })
    expect(apply(outcomes.retried(dead, action), dead, 5000).job).toMatchObject({
      state: 'queued',
      version: 10,
      attempt: 0,
      runAt: 5000,
      result: null,
      error: null,
      finishedAt: null,
      progress: '4',
      checkpoint: '5',
      log: '6',
    })
  })
  test('a lease that ran out for the last time › says whose and in which attempt', () => {
    const { set } = outcomes.expired({ ...held, attempt: 5 }, 5000)
    expect(JSON.parse(set.error!)).toMatchObject({
      name: 'LeaseExpired',
      code: 'LEASE_EXPIRED',
      message: 'The lease of w ran out in attempt 5 of 5.',
    })
  })
  test('a full history › of snooze and release: dead, with an error that says what to do', () => {
    const full = { ...held, version: outcomes.MOST_EVENTS }
    for (const change of [outcomes.snoozed(full, 't', 1, 5000), outcomes.released(full, 't', 5000)])
      expect([change.set.state, JSON.parse(change.set.error!).code, JSON.parse(change.event.detail!).reason]).toEqual([
        'dead',
        'HISTORY_FULL',
        'history-full',
      ])
    const almost = { ...held, version: outcomes.MOST_EVENTS - 1 }
    const states: (State | undefined)[] = [
      outcomes.snoozed(almost, 't', 1, 5000),
      outcomes.released(almost, 't', 5000),
    ].map((change) => change.set.state)
    expect(states).toEqual(['queued', 'queued'])
  })
})
