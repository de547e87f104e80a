import { parseBody } from './checked-json.js'
import type { AnyJobDefinition, JobDefinition } from './define.js'
import { type Duration, toMs } from './duration.js'
import { StintError } from './errors.js'
import type { FinishedJob, Job } from './job.js'
import { isId } from './names.js'
import { toJob } from './present.js'
import { jobAs, parsedResult } from './read-jobs.js'
import type { JobRecord } from './record.js'
import type { Runtime } from './runtime.js'
import { jobNotFound } from './settle.js'
import { isTerminal } from './transitions.js'

/** Always bounded: nobody waits for ever. */
export interface WaitOptions<PayloadInput = unknown, Result = unknown> {
  readonly timeout: Duration
  /** Types the answer when only an id is at hand. A job of another type: `JOB_NOT_FOUND`. */
  // biome-ignore lint/suspicious/noExplicitAny: what the handler receives and returns does not matter to who waits
  readonly as?: JobDefinition<any, Result, PayloadInput, any> | undefined
  readonly signal?: AbortSignal | undefined
}

/** The finished job, whatever its end. Errors: `WAIT_TIMEOUT`, `JOB_NOT_FOUND`, `JOB_GONE`, `ABORTED`. */
export async function wait(rt: Runtime, job: string | Job, options: WaitOptions): Promise<FinishedJob> {
  const { record, as } = await untilFinished(rt, job, options)
  return (await jobAs(rt, record, as)) as FinishedJob
}

/** Its value, or an error: also `JOB_NOT_SUCCEEDED`, with the job, and `RESULT_INVALID`. */
export async function result(rt: Runtime, job: string | Job, options: WaitOptions): Promise<unknown> {
  const { record, as } = await untilFinished(rt, job, options)
  if (record.state !== 'succeeded') throw notSucceeded(toJob(record) as FinishedJob)
  return as ? parseBody(parsedResult(record), as.result, 'RESULT_INVALID', record.type) : parsedResult(record)
}

/** Listens first and looks then, so that an end between the two is not slept over; hints only shorten the poll. */
async function untilFinished(
  rt: Runtime,
  given: string | Job,
  options: WaitOptions,
): Promise<{ record: JobRecord; as: AnyJobDefinition | undefined }> {
  const id = typeof given === 'string' ? given : given.id
  const timeoutMs = toMs(options?.timeout, 'timeout')
  const until = rt.seam.monotonic() + timeoutMs
  if (!isId(id)) throw jobNotFound(String(id))
  let wasThere = typeof given !== 'string'
  for (;;) {
    if (options.signal?.aborted) throw aborted(options.signal)
    const left = until - rt.seam.monotonic()
    const looked = await rt.late().watch.look(id, left, options.signal)
    const { record } = looked
    if (!record) throw wasThere || looked.wasThere ? jobGone(id) : jobNotFound(id)
    wasThere = true
    if (options.as && record.type !== options.as.type) throw jobNotFound(id)
    if (isTerminal(record.state)) return { record, as: options.as ?? rt.known.get(record.type) }
    if (rt.isClosing())
      throw new StintError('QUEUE_CLOSED', `The queue was closed while job ${id} was waited for. The job goes on.`, {})
    if (left <= 0) throw timedOut(record, timeoutMs)
  }
}

const jobGone = (jobId: string): StintError<'JOB_GONE'> =>
  new StintError(
    'JOB_GONE',
    `Job ${jobId} was there and is no more: it finished and was purged. Keep finished jobs longer (retention) to wait for them.`,
    {
      jobId,
    },
  )

const timedOut = ({ id, state }: JobRecord, timeoutMs: number): StintError<'WAIT_TIMEOUT'> =>
  new StintError('WAIT_TIMEOUT', `Job ${id} was not over after ${timeoutMs} ms; it is ${state} and goes on.`, {
    jobId: id,
    state,
  })

const notSucceeded = (job: FinishedJob): StintError<'JOB_NOT_SUCCEEDED'> =>
  new StintError(
    'JOB_NOT_SUCCEEDED',
    `Job ${job.id} ended ${job.state}${job.error ? `: ${job.error.message}` : ''}; see details.job.`,
    { job },
  )

const aborted = (signal: AbortSignal): StintError<'ABORTED'> =>
  new StintError('ABORTED', 'The wait was ended by its signal. The job goes on.', {}, { cause: signal.reason })
