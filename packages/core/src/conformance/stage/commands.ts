/** What each command sends (contract 2.2): guard, set and event, and nothing of core's own words inside them. */
import type { JobRecord, Terminal } from '../../record.js'
import type { Change, Patch } from '../../store.js'
import { type Command, TRANSITIONS } from '../../transitions.js'
import { draft, tokenOf } from './fixtures.js'

const ERROR = '{"message":"no route to host"}'

const held = (command: Command, job: JobRecord, token: string, set: Patch): Change => ({
  id: job.id,
  guard: { token },
  set,
  event: draft(TRANSITIONS[command].event),
})

const operated = (command: Command, job: JobRecord, set: Patch): Change => ({
  id: job.id,
  guard: { version: job.version, states: TRANSITIONS[command].from },
  set,
  event: draft(TRANSITIONS[command].event, { actor: 'ops@example.org' }),
})

/** By the holder of the lease; `token` is the one in force unless a case says otherwise. */
export const start = (job: JobRecord, token = tokenOf(job)): Change => ({
  ...held('start', job, token, { state: 'running' }),
  guard: { token, states: TRANSITIONS.start.from },
})
export const heartbeatTold = (job: JobRecord, token = tokenOf(job)): Change =>
  held('heartbeat', job, token, { leaseMs: 45_000 })
export const progressTold = (job: JobRecord, token = tokenOf(job)): Change =>
  held('progress', job, token, { progress: '0.5' })
export const succeed = (job: JobRecord, token = tokenOf(job), result = '"done"'): Change =>
  held('succeed', job, token, { state: 'succeeded', result, error: null })
export const failTo = (to: 'queued' | 'failed' | 'dead', job: JobRecord, token = tokenOf(job)): Change =>
  held('fail', job, token, { state: to, error: ERROR, ...(to === 'queued' && { run: { inMs: 60_000 } }) })
export const snooze = (job: JobRecord, token = tokenOf(job), inMs = 60_000): Change =>
  held('snooze', job, token, { state: 'queued', attempt: Math.max(0, job.attempt - 1), run: { inMs } })
export const release = (job: JobRecord, token = tokenOf(job)): Change =>
  held('release', job, token, { state: 'queued', attempt: Math.max(0, job.attempt - 1) })

/** By the sweep, once the lease is over. */
export const expireTo = (to: 'queued' | 'dead', job: JobRecord, token = tokenOf(job)): Change => ({
  ...held('expire', job, token, to === 'dead' ? { state: to, error: ERROR } : { state: to }),
  guard: { token, leaseOver: true },
  event: draft('lease_expired', { actor: 'sweep' }),
})

export const cancel = (job: Pick<JobRecord, 'id'>): Change => ({
  id: job.id,
  guard: { states: TRANSITIONS.cancel.from },
  set: { state: 'cancelled' },
  event: draft('cancelled', { actor: 'ops@example.org', detail: '{"reason":"not wanted"}' }),
})

/** By an operator, under the version that was read. */
export const retry = (job: JobRecord): Change =>
  operated('retry', job, { state: 'queued', attempt: 0, run: { inMs: 0 }, result: null, error: null })
export const reschedule = (job: JobRecord, inMs = 90_000): Change => operated('reschedule', job, { run: { inMs } })
export const reprioritise = (job: JobRecord, priority = 70): Change => operated('reprioritise', job, { priority })
export const edit = (job: JobRecord): Change =>
  operated('edit', job, { payload: '{"to":"bob"}', priority: 10, run: { inMs: 5 }, tags: ['edited'], ext: '{"e":1}' })

/** By whoever knows the id, while the job has no lease. */
export const trackStart = (job: JobRecord): Change => operated('trackStart', job, { state: 'running' })
export const trackProgress = (job: JobRecord): Change => operated('trackProgress', job, { progress: '0.5' })
export const trackSucceed = (job: JobRecord): Change =>
  operated('trackSucceed', job, { state: 'succeeded', result: '"done"', error: null })
export const trackFail = (job: JobRecord): Change => operated('trackFail', job, { state: 'failed', error: ERROR })

/** How a held job ends in each terminal state. */
export const end = (to: Terminal, job: JobRecord): Change =>
  to === 'succeeded' ? succeed(job) : to === 'cancelled' ? cancel(job) : failTo(to, job)
