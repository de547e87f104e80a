/**
 * The kit (`@stint/core/store`): what every store does to a record. Six pure functions, normative.
 * Memory, SQLite's synchronous paths and custom stores call them; SQL, Lua and Mongo pipelines are held equal to them by a model test.
 */
import type { EventRecord, JobRecord, Ms, State, When } from './record.js'
import type { Beat, Change, Claim, EventDraft, Guard, NewJob } from './store.js'
import { isHeld, isTerminal } from './transitions.js'

const instant = (when: When, now: Ms): Ms => ('at' in when ? when.at : now + when.inMs)

/** Clocks step back; a job's times do not (TIME-5). */
const later = (job: JobRecord, now: Ms): Ms => Math.max(now, job.updatedAt)

/** A record and the event that tells how it came to be. */
export interface Written {
  readonly job: JobRecord
  readonly event: EventRecord
}

/** The event of a step from `before` to `after`. `attempt`, `fence` and `workerId` name the lease that was in force before, else the new one. */
export function eventOf(
  after: JobRecord,
  before: Pick<JobRecord, 'state' | 'lease' | 'attempt'> | null,
  draft: EventDraft,
): EventRecord {
  const lease = before?.lease ?? after.lease
  return {
    jobId: after.id,
    queue: after.queue,
    seq: after.version,
    at: after.updatedAt,
    type: draft.type,
    from: before?.state ?? null,
    to: after.state,
    attempt: before?.lease ? before.attempt : after.attempt,
    fence: lease?.fence ?? null,
    workerId: lease?.workerId ?? null,
    actor: draft.actor,
    detail: draft.detail,
  }
}

/** A new job as it is first written. */
export function admit(given: NewJob, now: Ms): Written {
  const { run, event, ...rest } = given
  const job: JobRecord = {
    ...rest,
    version: 1,
    runAt: instant(run, now),
    attempt: 0,
    createdAt: now,
    updatedAt: now,
    startedAt: null,
    finishedAt: null,
    lease: null,
    progress: null,
    error: null,
    result: null,
    checkpoint: null,
    log: null,
  }
  return { job, event: eventOf(job, null, event) }
}

/** Whether every part of the guard holds on the record. An ended lease has no token: only a lease that *is* there can be over (FENCE-4). */
export function holds(guard: Guard, job: JobRecord, now: Ms): boolean {
  return (
    (guard.token === undefined || job.lease?.token === guard.token) &&
    (guard.states === undefined || guard.states.includes(job.state)) &&
    (guard.version === undefined || job.version === guard.version) &&
    (!guard.leaseOver || (job.lease !== null && job.lease.until <= now))
  )
}

/** A change whose guard held. Leaving `leased` and `running` ends the lease in the same step (FENCE-3). */
export function apply(change: Change, job: JobRecord, now: Ms): Written {
  const { run, leaseMs, ...set } = change.set
  const at = later(job, now)
  const to: State = set.state ?? job.state
  const after: JobRecord = {
    ...job,
    ...set,
    state: to,
    version: job.version + 1,
    updatedAt: at,
    lease:
      !isHeld(to) || !job.lease ? null : leaseMs === undefined ? job.lease : { ...job.lease, until: now + leaseMs },
    runAt: run ? instant(run, now) : job.runAt,
    startedAt: to === 'running' && job.state !== 'running' ? at : job.startedAt,
    finishedAt: !isTerminal(to) ? null : isTerminal(job.state) ? job.finishedAt : at,
  }
  return { job: after, event: eventOf(after, job, change.event) }
}

/** A beat whose token held: no event, and `version` stays. */
export function beat(given: Beat, job: JobRecord, now: Ms): JobRecord {
  return {
    ...job,
    updatedAt: later(job, now),
    lease: given.leaseMs === undefined || !job.lease ? job.lease : { ...job.lease, until: now + given.leaseMs },
    progress: given.progress ?? job.progress,
    checkpoint: given.checkpoint ?? job.checkpoint,
    log: given.log ?? job.log,
  }
}

/** A claimed job: its fence is the version that this claim writes (FENCE-2). */
export function take(claim: Claim, job: JobRecord, now: Ms): Written {
  const at = later(job, now)
  const version = job.version + 1
  const after: JobRecord = {
    ...job,
    state: claim.to,
    version,
    attempt: job.attempt + 1,
    updatedAt: at,
    startedAt: claim.to === 'running' ? at : null,
    key: job.keyUntil === 'claimed' ? null : job.key,
    lease: { token: claim.token, fence: version, workerId: claim.workerId, until: now + claim.leaseMs },
  }
  return { job: after, event: eventOf(after, job, claim.event) }
}

/** Priority (higher first), then due time, then id by its bytes; ids are ASCII, so code units compare as bytes. */
export const byClaimOrder = (a: JobRecord, b: JobRecord): number =>
  b.priority - a.priority || a.runAt - b.runAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
