import { accepted, type Before, isWanted } from './accept.js'
import { type Detail, readDetail } from './detail.js'
import { StintError } from './errors.js'
import { endOf, type Holding, isHeldBy, leaseLost, lostBy } from './lease-lost.js'
import { isId } from './names.js'
import type { EventRecord, JobRecord, State } from './record.js'
import type { Runtime } from './runtime.js'
import { stillUnknown } from './still-unknown.js'
import type { Beat, Change, EventDraft } from './store.js'

/** Others came between each look and the change that followed; nothing of this call was written. */
export const contended = (what: string, tries: number): StintError<'STORE_UNAVAILABLE'> =>
  new StintError('STORE_UNAVAILABLE', `${what} changed under each of ${tries} tries. Nothing was written; try again.`, {
    store: 'any',
  })

export const jobNotFound = (jobId: string): StintError<'JOB_NOT_FOUND'> =>
  new StintError('JOB_NOT_FOUND', `There is no job ${jobId}: it was never enqueued here, or has been purged.`, {
    jobId,
  })

export const wrongState = (job: JobRecord, command: string): StintError<'WRONG_STATE'> =>
  new StintError('WRONG_STATE', `Cannot ${command} job ${job.id}: it is ${job.state}. Nothing was changed.`, {
    jobId: job.id,
    state: job.state,
    command,
  })

/**
 * Commits a change under a token. Answers with the job when the change is `returning` or was recognised as a repeat: a settle that was sent
 * before with the same token and outcome is answered as the first time, with another outcome it is `LEASE_LOST`.
 * `isInDoubt`: an earlier call of this holder ended as `OUTCOME_UNKNOWN`, so a repeat may be the first that hears of it.
 */
export async function settle(
  rt: Runtime,
  holding: Holding,
  change: Change,
  before: () => Before | undefined,
  isInDoubt = false,
): Promise<JobRecord | null> {
  if (!isId(change.id)) throw jobNotFound(change.id)
  const wanted = change.returning || isWanted(rt, change.event.type)
  const sent = await rt.send.change(wanted && !change.returning ? { ...change, returning: true } : change)
  const { result } = sent
  const repeated = sent.repeated || isInDoubt
  if (result.ok) {
    accepted(rt, change.id, change.event, change.set.state ?? 'running', result.job, before())
    return result.job
  }
  // A first try of ours had done it and its answer was lost: it counts and is told like any other.
  const doneBefore = (job: JobRecord, to: State): JobRecord => {
    if (repeated) accepted(rt, change.id, change.event, to, job, undefined)
    return job
  }
  if (result.why === 'missing') throw jobNotFound(change.id)
  // `start` of a job that runs under this very token was sent before.
  if (change.event.type === 'started' && isHeldBy(result.job, holding) && result.job.state === 'running')
    return doneBefore(result.job, 'running')
  const end = await (repeated ? stillUnknown(endOf(rt, holding)) : endOf(rt, holding))
  if (end && isSameOutcome(end, change, result.job)) return doneBefore(result.job, end.to)
  throw leaseLost(rt, holding, lostBy(end))
}

/** Whether the event that ended the lease tells the outcome that is now told again. */
function isSameOutcome(end: EventRecord, change: Change, job: JobRecord): boolean {
  if (end.type !== change.event.type) return false
  if (change.event.type === 'succeeded') return job.version !== end.seq || job.result === (change.set.result ?? null)
  if (change.event.type !== 'failed') return true
  // Given up for good, or to be tried again (queued, and dead where the budget was used up).
  const isSameWish = (end.to === 'failed') === (change.set.state === 'failed')
  return isSameWish && sameError(readDetail(end.detail), readDetail(change.event.detail))
}

const sameError = (a: Detail, b: Detail): boolean =>
  a.error?.message === b.error?.message && a.error?.name === b.error?.name

/** Writes under a lease without ending it; as an event where the lane asks for one. */
export async function report(
  rt: Runtime,
  holding: Holding,
  fields: Omit<Beat, 'id' | 'token'>,
  audit: 'heartbeat' | 'progressed' | null,
): Promise<JobRecord | null> {
  if (!isId(holding.jobId)) throw jobNotFound(holding.jobId)
  const { returning, ...set } = fields
  const event: EventDraft | null = audit && { type: audit, actor: null, detail: null }
  const { result } = event
    ? await rt.send.change({
        id: holding.jobId,
        guard: { token: holding.token },
        set,
        event,
        returning: returning || isWanted(rt, event.type),
      })
    : await rt.send.beat({ id: holding.jobId, token: holding.token, ...fields })
  if (result.ok) {
    if (event && result.job) accepted(rt, holding.jobId, event, result.job.state, result.job, result.job)
    return result.job
  }
  if (result.why === 'missing') throw jobNotFound(holding.jobId)
  throw leaseLost(rt, holding, lostBy(await endOf(rt, holding)))
}
