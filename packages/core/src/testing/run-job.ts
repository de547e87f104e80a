import { bodyText, MAX_BODY_BYTES, parseBody } from '../checked-json.js'
import { type Duration, toMs } from '../duration.js'
import { isJobError } from '../errors.js'
import { boundOf, type JobContext, type JobHandler, type JobSignal } from '../handler.js'
import { isSettled, type Settled, settledAs } from '../hold.js'
import type { Job } from '../job.js'
import type { Json } from '../json.js'
import { SILENT } from '../logger.js'
import { toJob } from '../present.js'
import type { JobRecord } from '../record.js'
import { newJobId } from '../seam.js'

export interface RunOptions {
  /** Default 1. */
  readonly attempt?: number | undefined
  readonly checkpoint?: Json | undefined
  readonly signal?: AbortSignal | undefined
}

export type RunReport<Result> = {
  readonly logs: readonly string[]
  readonly progress: readonly Json[]
  readonly checkpoint: Json | null
} & Outcome<Result>

type Outcome<Result> =
  | { readonly outcome: 'succeeded'; readonly result: Result }
  | { readonly outcome: 'failed'; readonly error: Error; readonly retry: boolean | Duration }
  | { readonly outcome: 'snoozed'; readonly delayMs: number }
  | { readonly outcome: 'released' }

/**
 * Runs one handler without a store: payload through the schema, result through the schema, everything it said written down.
 * A batch handler is given a batch of one. A payload or result that its schema refuses is an outcome here too: failed, not retried.
 */
export async function runJob<P, R, PI, RI>(
  handler: JobHandler<P, R, PI, RI>,
  payload: PI,
  options: RunOptions = {},
): Promise<RunReport<R>> {
  const { run, batch, job: definition } = boundOf(handler)
  const notes = { logs: [] as string[], progress: [] as Json[], checkpoint: options.checkpoint ?? null }
  let outcome: Outcome<R> | null = null
  // As a worker sees it: after the abort only an explicit verb is an outcome.
  const isAborted = (): boolean => options.signal?.aborted === true
  const settle = async (make: () => Outcome<R> | Promise<Outcome<R>>): Promise<Settled> => {
    outcome ??= await make()
    return settledAs(standIn(definition.type, payload, options.attempt ?? 1))
  }
  const succeed = async (result: unknown): Promise<Outcome<R>> => {
    const code = 'RESULT_INVALID'
    await bodyText(result, definition.result, { code, type: definition.type, maxBytes: MAX_BODY_BYTES })
    return {
      outcome: 'succeeded',
      result: (await parseBody(result as Json, definition.result, code, definition.type)) as R,
    }
  }
  const fail = (error: unknown, retry: boolean | Duration = isJobError(error) ? error.retry : true): Outcome<R> => ({
    outcome: 'failed',
    error: error instanceof Error ? error : new Error(String(error), { cause: error }),
    retry,
  })
  try {
    const text = await bodyText(payload, definition.payload, {
      code: 'PAYLOAD_INVALID',
      type: definition.type,
      maxBytes: MAX_BODY_BYTES,
    })
    const stored = text === null ? undefined : (JSON.parse(text) as Json)
    const parsed = await parseBody(stored, definition.payload, 'PAYLOAD_INVALID', definition.type)
    const context = contextOf(standIn(definition.type, stored, options.attempt ?? 1), parsed, options, notes, {
      succeed: (result: unknown) => settle(() => succeed(result)),
      fail: (error: unknown, how?: { retry?: boolean | Duration | undefined }) => settle(() => fail(error, how?.retry)),
      snooze: (delay: Duration) => settle(() => ({ outcome: 'snoozed', delayMs: toMs(delay, 'delay') })),
      release: () => settle(() => ({ outcome: 'released' })),
    })
    const ended = await ((batch ? run([context] as never) : run(context as never)) as Promise<unknown>)
    if (outcome === null && !isSettled(ended) && !isAborted())
      outcome = batch ? { outcome: 'succeeded', result: undefined as R } : await succeed(ended)
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code
    const isInvalid = code === 'PAYLOAD_INVALID' || code === 'RESULT_INVALID'
    if (isInvalid || !isAborted()) outcome ??= fail(error, isInvalid ? false : undefined)
  }
  return Object.freeze({ ...notes, ...((outcome as Outcome<R> | null) ?? { outcome: 'released' }) })
}

type Verbs = Pick<JobContext, 'succeed' | 'fail' | 'snooze' | 'release'>

function contextOf(
  job: Job,
  payload: unknown,
  options: RunOptions,
  notes: { logs: string[]; progress: Json[]; checkpoint: Json | null },
  verbs: Verbs,
): JobContext {
  return Object.freeze({
    ...verbs,
    jobId: job.id,
    job,
    payload,
    token: 'run-job.1',
    attempt: job.attempt,
    fence: 1,
    checkpoint: options.checkpoint ?? null,
    signal: (options.signal ?? new AbortController().signal) as JobSignal,
    logger: SILENT,
    progress: async (value: Json) => void notes.progress.push(value),
    log: async (message: string) => void notes.logs.push(message),
    saveCheckpoint: async (value: Json) => {
      notes.checkpoint = value
    },
  })
}

/** The record of a job that no store has. */
function standIn(type: string, payload: unknown, attempt: number): Job {
  const at = 1_893_456_000_000
  const record: JobRecord = {
    id: newJobId(),
    queue: 'default',
    type,
    state: 'running',
    version: attempt * 2,
    priority: 50,
    runAt: at,
    attempt,
    maxAttempts: Math.max(5, attempt),
    key: null,
    keyUntil: 'finished',
    group: null,
    tags: [],
    createdAt: at,
    updatedAt: at,
    startedAt: at,
    finishedAt: null,
    lease: { token: 'run-job', fence: 1, workerId: 'run-job', until: at + 30_000 },
    progress: null,
    error: null,
    ext: null,
    payload: payload === undefined ? null : JSON.stringify(payload),
    result: null,
    checkpoint: null,
    log: null,
  }
  return toJob(record)
}
