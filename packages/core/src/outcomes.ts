/**
 * One constructor for each outcome: what happens to a job, as the change that a store commits. Pure; the rules of retries, budgets and places
 * in line live here and nowhere else. Guards: a token for the holder, the version first read for an operator (a repeat then applies at most
 * once), states for a cancel.
 */
import { backoffMs } from './backoff.js'
import { writeDetail } from './detail.js'

import { type Duration, toMs } from './duration.js'
import { readExt } from './ext.js'
import { type FailureRecord, failureOf, writeFailure } from './failure.js'
import type { JobRecord, JsonText, When } from './record.js'
import type { Seam } from './seam.js'
import type { Change, EventDraft, Patch } from './store.js'
import { TRANSITIONS } from './transitions.js'

/**
 * Stores keep at least 10,000 events of one job (EVENT-4). A job that would go round once more than that ends instead, so that a poller
 * which snoozes every minute for years does not grow a record without bound.
 */
export const MOST_EVENTS = 9_990

/** What the holder's outcomes need to know of the job; frozen under its token, so the record that was claimed tells it. */
export type Held = Pick<JobRecord, 'id' | 'version' | 'attempt' | 'maxAttempts' | 'ext'>

/** `true`: by the job's backoff; a duration: again after; `false`: never. */
export type Retry = boolean | Duration

type Chance = Pick<Seam, 'now' | 'random'>

const draft = (type: string, actor: string | null = null, detail: JsonText | null = null): EventDraft => ({
  type,
  actor,
  detail,
})

export const started = (id: string, token: string): Change => ({
  id,
  guard: { token, states: TRANSITIONS.start.from },
  set: { state: 'running' },
  event: draft('started'),
})

export const succeeded = (id: string, token: string, result: JsonText | null): Change => ({
  id,
  guard: { token },
  set: { state: 'succeeded', result, error: null },
  event: draft('succeeded'),
})

/** Not retryable → failed; budget used up → dead; else queued again after the backoff or the delay that the failure names. */
export function failed(job: Held, token: string, error: unknown, retry: Retry, chance: Chance, why?: string): Change {
  const failure = failureOf(error, job.attempt, chance.now())
  const { set, reason } = afterFailure(job, failure, retry, chance)
  return {
    id: job.id,
    guard: { token },
    set,
    event: draft('failed', null, writeDetail({ error: failure, reason: why ?? reason })),
  }
}

function afterFailure(
  job: Held,
  failure: FailureRecord,
  retry: Retry,
  chance: Chance,
): { set: Patch; reason?: string } {
  const error = writeFailure(failure)
  if (retry === false) return { set: { state: 'failed', error }, reason: 'not retryable' }
  if (job.attempt >= job.maxAttempts) return { set: { state: 'dead', error }, reason: 'attempts used up' }
  if (isHistoryFull(job)) return { set: { state: 'dead', error }, reason: HISTORY_FULL }
  const inMs = retry === true ? backoffMs(readExt(job.ext).backoff, job.attempt, chance.random) : toMs(retry, 'retry')
  return { set: { state: 'queued', run: { inMs }, error } }
}

export const snoozed = (job: Held, token: string, inMs: number, now: number): Change =>
  givenBack(job, token, 'snoozed', { inMs }, now)
/** Without `run`: it keeps its due time, hence its place in line. */
export const released = (job: Held, token: string, now: number): Change =>
  givenBack(job, token, 'released', undefined, now)

function givenBack(job: Held, token: string, type: 'snoozed' | 'released', run: When | undefined, now: number): Change {
  if (isHistoryFull(job))
    return {
      id: job.id,
      guard: { token },
      set: endedByHistory(job, now),
      event: draft(type, null, writeDetail({ reason: HISTORY_FULL })),
    }
  return {
    id: job.id,
    guard: { token },
    set: { state: 'queued', attempt: job.attempt - 1, ...(run && { run }) },
    event: draft(type),
  }
}

/** By the sweep: the lease is over. The attempt counts, the place in line stays. */
export function expired(job: JobRecord, now: number): Change {
  const token = job.lease?.token as string
  const guard = { token, leaseOver: true } as const
  const dead = job.attempt >= job.maxAttempts
  if (!dead && !isHistoryFull(job))
    return { id: job.id, guard, set: { state: 'queued' }, event: draft('lease_expired', 'sweep') }
  const failure = failureOf(
    {
      name: 'LeaseExpired',
      code: 'LEASE_EXPIRED',
      message: `The lease of ${job.lease?.workerId} ran out in attempt ${job.attempt} of ${job.maxAttempts}.`,
    },
    job.attempt,
    now,
  )
  const reason = dead ? 'attempts used up' : HISTORY_FULL
  return {
    id: job.id,
    guard,
    set: { state: 'dead', error: writeFailure(failure) },
    event: draft('lease_expired', 'sweep', writeDetail({ error: failure, reason })),
  }
}

export interface Action {
  readonly actor: string | null
  readonly reason: string | null
  /** One nonce a call: tells the call's own event when the answer was lost. */
  readonly op: string
}

const told = (
  type: string,
  { actor, reason, op }: Action,
  more: { readonly [old: string]: string | number } = {},
): EventDraft => draft(type, actor, writeDetail({ ...more, reason: reason ?? undefined, op }))

export const cancelled = (id: string, action: Action): Change => ({
  id,
  guard: { states: TRANSITIONS.cancel.from },
  set: { state: 'cancelled' },
  event: told('cancelled', action),
  returning: true,
})

export const retried = (job: JobRecord, action: Action): Change => ({
  id: job.id,
  guard: { version: job.version, states: TRANSITIONS.retry.from },
  set: { state: 'queued', attempt: 0, run: { inMs: 0 }, result: null, error: null },
  event: told('retried', action),
  returning: true,
})

export const rescheduled = (job: JobRecord, run: When, action: Action): Change => ({
  id: job.id,
  guard: { version: job.version, states: TRANSITIONS.reschedule.from },
  set: { run },
  event: told('rescheduled', action, { runAt: job.runAt }),
  returning: true,
})

export const reprioritised = (job: JobRecord, priority: number, action: Action): Change => ({
  id: job.id,
  guard: { version: job.version, states: TRANSITIONS.reprioritise.from },
  set: { priority },
  event: told('reprioritised', action, { priority: job.priority }),
  returning: true,
})

/** An enqueue with `ifExists: 'replace'` that met a job still queued. */
export const edited = (
  job: JobRecord,
  set: Pick<Patch, 'payload' | 'run' | 'priority' | 'tags' | 'ext'>,
  action: Action,
): Change => ({
  id: job.id,
  guard: { version: job.version, states: TRANSITIONS.edit.from },
  set,
  event: told('edited', action, { runAt: job.runAt, priority: job.priority }),
  returning: true,
})

// ---- tracked: by whoever knows the id, under the version read, while the job has no lease -----------------------------------

type Tracked = Pick<JobRecord, 'id' | 'version'>
const tracked = (job: Tracked, from: readonly JobRecord['state'][], set: Patch, event: EventDraft): Change => ({
  id: job.id,
  guard: { version: job.version, states: from },
  set,
  event,
  returning: true,
})

export const trackStarted = (job: Tracked, action: Action): Change =>
  tracked(job, TRANSITIONS.trackStart.from, { state: 'running' }, told('started', action))

export const trackProgressed = (job: Tracked, set: Pick<Patch, 'progress' | 'log'>, action: Action): Change =>
  tracked(job, TRANSITIONS.trackProgress.from, set, told('progressed', action))

export const trackSucceeded = (job: Tracked, result: JsonText | null, action: Action): Change =>
  tracked(job, TRANSITIONS.trackSucceed.from, { state: 'succeeded', result, error: null }, told('succeeded', action))

export function trackFailed(
  job: Tracked & Pick<JobRecord, 'attempt'>,
  error: unknown,
  now: number,
  action: Action,
): Change {
  const failure = failureOf(error, job.attempt, now)
  const detail = writeDetail({ error: failure, op: action.op })
  return tracked(
    job,
    TRANSITIONS.trackFail.from,
    { state: 'failed', error: writeFailure(failure) },
    draft('failed', action.actor, detail),
  )
}

// ---- a history that is full --------------------------------------------------------------------------------------------------

const HISTORY_FULL = 'history-full'
const isHistoryFull = (job: Pick<JobRecord, 'version'>): boolean => job.version >= MOST_EVENTS

function endedByHistory(job: Held, now: number): Patch {
  const message = `The job has ${job.version} audit events; a job may go round until it has ${MOST_EVENTS}. Enqueue a new job for the next round.`
  return {
    state: 'dead',
    error: writeFailure(failureOf({ name: 'HistoryFull', code: 'HISTORY_FULL', message }, job.attempt, now)),
  }
}
