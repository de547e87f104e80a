/** Why a handler's signal aborted: the four reasons that `signal.reason` may be. */
import { StintError } from './errors.js'

export const jobTimeout = (jobId: string, timeoutMs: number): StintError<'JOB_TIMEOUT'> =>
  new StintError(
    'JOB_TIMEOUT',
    `Job ${jobId} ran longer than its timeout of ${timeoutMs} ms; this attempt has failed.`,
    { jobId, timeoutMs },
  )

export const jobCancelled = (jobId: string, actor: string | null, reason: string | null): StintError<'JOB_CANCELLED'> =>
  new StintError(
    'JOB_CANCELLED',
    `Job ${jobId} was cancelled${actor === null ? '' : ` by ${actor}`}${reason === null ? '' : `: ${reason}`}. Stop; nothing that is returned counts.`,
    { jobId, actor, reason },
  )

export const workerStopping = (workerId: string): StintError<'WORKER_STOPPING'> =>
  new StintError(
    'WORKER_STOPPING',
    `Worker ${workerId} is stopping; the job is given back in two seconds at no cost of an attempt.`,
    { workerId },
  )
