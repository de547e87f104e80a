import { accepted } from './accept.js'
import { StintError } from './errors.js'
import type { Job } from './job.js'
import { type JobFilter, namesOf } from './list-jobs.js'
import { checkDate, checkText, isId } from './names.js'
import { actorOf, dueOf } from './new-job.js'
import * as outcomes from './outcomes.js'
import { checkPriority } from './policy.js'
import { toJob } from './present.js'
import { isWrittenBy } from './produce.js'
import type { JobRecord, When } from './record.js'
import type { Runtime } from './runtime.js'
import { contended, jobNotFound, wrongState } from './settle.js'
import type { Change, ChangeResult, ListPage } from './store.js'
import { type Command, isLegal } from './transitions.js'

/** Who did it and why: into the audit event (`pause`, `configure`: the setting). */
export interface ActionOptions {
  readonly actor?: string | undefined
  readonly reason?: string | undefined
}

const MAX_REASON_BYTES = 1024
/** Somebody else's change may come between the look and ours; we look again so often. */
const MOST_TRIES = 20

export const actionOf = (rt: Runtime, { actor, reason }: ActionOptions = {}): outcomes.Action => ({
  actor: actorOf(actor),
  reason: reason === undefined ? null : checkText(reason, 'reason', MAX_REASON_BYTES),
  op: rt.seam.nonce(),
})

/** At once, running jobs too: the holder's token dies and its signal aborts. */
export async function cancel(rt: Runtime, id: string, options?: ActionOptions): Promise<Job> {
  const action = actionOf(rt, options)
  if (!isId(id)) throw jobNotFound(String(id))
  const change = outcomes.cancelled(id, action)
  const { result, repeated } = await rt.send.change(change)
  if (result.ok) return done(rt, change, result.job as JobRecord, undefined)
  if (result.why === 'missing') throw jobNotFound(id)
  // A first try may have cancelled it, and been the last to touch it.
  if (repeated && (await isWrittenBy(rt, result.job, result.job.version, action.op)))
    return doneBefore(rt, change, result.job)
  throw wrongState(result.job, 'cancel')
}

/** failed, dead or cancelled → queued, with a fresh budget. */
export const retry = (rt: Runtime, id: string, options?: ActionOptions): Promise<Job> =>
  underVersion(rt, id, 'retry', options, outcomes.retried)

export function reschedule(
  rt: Runtime,
  id: string,
  when: Parameters<typeof dueOf>[0],
  options?: ActionOptions,
): Promise<Job> {
  const run: When = dueOf(when)
  if (when.delay === undefined && when.runAt === undefined)
    throw new TypeError('reschedule: expected { delay } or { runAt }')
  return underVersion(rt, id, 'reschedule', options, (job, action) => outcomes.rescheduled(job, run, action))
}

export function reprioritise(rt: Runtime, id: string, priority: number, options?: ActionOptions): Promise<Job> {
  checkPriority(priority)
  return underVersion(rt, id, 'reprioritise', options, (job, action) => outcomes.reprioritised(job, priority, action))
}

/** Reads, and changes under the version read; again while it is legal and others come between. */
async function underVersion(
  rt: Runtime,
  id: string,
  command: Command,
  options: ActionOptions | undefined,
  make: (job: JobRecord, action: outcomes.Action) => Change,
): Promise<Job> {
  const action = actionOf(rt, options)
  // A holder's verb that was called before is still on its way: the look must see what it leaves.
  const earlier = rt.send.answered(id)
  if (earlier) await earlier
  const [found] = isId(id) ? await rt.door.call((store) => store.get([id])) : []
  if (!found) throw jobNotFound(String(id))
  if (command === 'retry' && (await isTracked(rt, found))) throw tracked(found)
  let seen: JobRecord = found
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (!isLegal(command, seen.state)) throw wrongState(seen, command)
    const change = make(seen, action)
    const { result, repeated } = await rt.send.change(change)
    if (result.ok) return done(rt, change, result.job as JobRecord, seen)
    const now = refused(id, result, command)
    if (repeated && (await isWrittenBy(rt, now, seen.version + 1, action.op))) return doneBefore(rt, change, now)
    seen = now
  }
  throw contended(`Job ${id}`, MOST_TRIES)
}

/** Never claimed, and first written as waiting: put back it would wait for a worker that nobody runs. */
async function isTracked(rt: Runtime, job: JobRecord): Promise<boolean> {
  if (job.attempt > 0) return false
  const [first] = await rt.door.call((store) => store.events(job.id, { limit: 1 }))
  return first?.to === 'waiting'
}

const tracked = (job: JobRecord): StintError<'WRONG_STATE'> =>
  new StintError(
    'WRONG_STATE',
    `Cannot retry job ${job.id}: it is a tracked job, which no worker would claim. Nothing was changed; track a new one.`,
    { jobId: job.id, state: job.state, command: 'retry' },
  )

/** The record that a refusal shows; a key that another job holds ends it. */
function refused(id: string, result: Exclude<ChangeResult, { ok: true }>, command: string): JobRecord {
  if (result.why === 'missing') throw jobNotFound(id)
  if (result.why === 'guard') return result.job
  throw new StintError(
    'UNIQUE_CONFLICT',
    `Cannot ${command} job ${id}: its unique key "${result.job.key}" is held by job ${result.holder} by now.`,
    {
      jobId: id,
      holder: result.holder,
    },
  )
}

function done(rt: Runtime, change: Change, after: JobRecord, before: JobRecord | undefined): Job {
  accepted(rt, change.id, change.event, after.state, after, before)
  return toJob(after)
}

/** A first try of ours had done it and its answer was lost: it counts and is told like any other. */
function doneBefore(rt: Runtime, change: Change, now: JobRecord): Job {
  accepted(rt, change.id, change.event, change.set.state ?? 'queued', now, undefined)
  return toJob(now)
}

// ---- many, and lanes ------------------------------------------------------------------------------------------------------------

export type RedriveFilter = Pick<JobFilter, 'queue' | 'type' | 'tag' | 'finishedAfter' | 'finishedBefore'>

/** `retry` for all dead jobs that match when they are met. Answers how many; one whose key is held by another job stays. */
export async function redrive(rt: Runtime, filter: RedriveFilter = {}, options?: ActionOptions): Promise<number> {
  actionOf(rt, options)
  const queues = namesOf(filter.queue, 'queue')
  const types = namesOf(filter.type, 'type')
  const query = {
    walk: 'finished',
    direction: 'asc',
    state: 'dead',
    limit: 200,
    ...(queues?.length === 1 && { queue: queues[0] as string }),
    ...(types && { types }),
    ...(filter.tag !== undefined && { tag: checkText(filter.tag, 'tag', 64) }),
    ...(filter.finishedAfter && { finishedFrom: checkDate(filter.finishedAfter, 'finishedAfter') }),
    // Those that die again while we walk are not ours to bring back for ever.
    finishedTo: Math.min(
      filter.finishedBefore ? checkDate(filter.finishedBefore, 'finishedBefore') : Number.POSITIVE_INFINITY,
      (await rt.door.call((store) => store.now())) + 1,
    ),
  } as const
  let count = 0
  let cursor: string | null = null
  do {
    const at: string | null = cursor
    const page: ListPage = await rt.door.call((store) => store.list({ ...query, ...(at !== null && { cursor: at }) }))
    const meant = page.jobs.filter((job) => queues === undefined || queues.includes(job.queue))
    const answers = await Promise.all(meant.map((job) => retryDead(rt, job, actionOf(rt, options))))
    count += answers.filter(Boolean).length
    cursor = page.cursor
  } while (cursor !== null)
  return count
}

async function retryDead(rt: Runtime, job: JobRecord, action: outcomes.Action): Promise<boolean> {
  const change = outcomes.retried(job, action)
  const { result, repeated } = await rt.send.change(change)
  if (result.ok) {
    accepted(rt, job.id, change.event, 'queued', result.job, job)
    return true
  }
  if (!repeated || result.why !== 'guard' || !(await isWrittenBy(rt, result.job, job.version + 1, action.op)))
    return false
  doneBefore(rt, change, result.job)
  return true
}
