import { type Attempt, isRefusedResult } from './attempt.js'
import { parseBody } from './checked-json.js'
import { isStintError } from './errors.js'
import type { BoundHandler, JobContext } from './handler.js'
import { isSettled } from './hold.js'
import { parsed } from './present.js'
import { resultText } from './result-text.js'
import type { Runtime } from './runtime.js'
import { isSettledInTx } from './settled-in-tx.js'
import { traceAttempt } from './telemetry.js'

/** What became of a call: its attempts still to be settled by the pool, off the slot. */
export type Finish = () => Promise<void>

/**
 * Calls a handler, and answers how what it left is settled. Never rejects: everything a handler can do is an outcome. The slot is free when
 * this resolves; the settles join the next write, together with the claim for that slot.
 */
export async function runAttempts(
  rt: Runtime,
  workerId: string,
  handler: BoundHandler,
  attempts: readonly Attempt[],
): Promise<Finish> {
  const ready: { attempt: Attempt; context: JobContext }[] = []
  const refused: (() => Promise<void>)[] = []
  for (const attempt of attempts) {
    try {
      const payload = await parsePayload(rt, attempt)
      if (!attempt.isOver) ready.push({ attempt, context: attempt.context(payload) })
    } catch (error) {
      // A payload that fails the run's check does so at every run.
      refused.push(() =>
        attempt.settleByItself(() => attempt.held.fail(error, { retry: !isStintError(error, 'PAYLOAD_INVALID') })),
      )
    }
  }
  const startedAt = rt.seam.monotonic()
  const ended = ready.length === 0 ? { returned: undefined } : await call(handler, ready, workerId)
  const ranMs = rt.seam.monotonic() - startedAt
  return async () => {
    const settles = ready.map(({ attempt, context }) =>
      settle(rt, attempt, context, ended, handler.batch !== null, ranMs),
    )
    await Promise.all([...settles, ...refused.map((refuse) => refuse())])
  }
}

type Ended = { readonly returned: unknown } | { readonly thrown: unknown }

async function call(
  handler: BoundHandler,
  ready: readonly { attempt: Attempt; context: JobContext }[],
  workerId: string,
): Promise<Ended> {
  for (const { attempt } of ready) attempt.startTimeout()
  const contexts = ready.map((one) => one.context)
  const given = (handler.batch ? contexts : contexts[0]) as never
  try {
    const trace = () => ({ workerId, jobs: contexts.map((context) => context.job) })
    return { returned: await traceAttempt(trace, () => handler.run(given)) }
  } catch (thrown) {
    return { thrown }
  }
}

async function settle(
  rt: Runtime,
  attempt: Attempt,
  context: JobContext,
  ended: Ended,
  isBatch: boolean,
  ranMs: number,
): Promise<void> {
  const { held, settling } = attempt
  // An explicit verb that the handler left unawaited speaks before its return value.
  const refusal =
    settling &&
    (await settling.then(
      () => null,
      (error: unknown) => ({ error }),
    ))
  if (held.endedAs !== null) {
    if (held.endedAs === 'succeeded') rt.metrics.ran(ranMs)
    return attempt.end()
  }
  if (isSettledInTx(context) && !('thrown' in ended)) return attempt.end()
  if (attempt.isOver) return attempt.end()
  if (attempt.signal.aborted) return attempt.settleByItself(() => held.release())
  const thrown = 'thrown' in ended ? ended : refusal ? { thrown: refusal.error } : null
  if (thrown) return attempt.settleByItself(() => failed(attempt, thrown.thrown))
  const result = isBatch || !('returned' in ended) || isSettled(ended.returned) ? undefined : ended.returned
  await attempt.settleByItself(async () => {
    if (isBatch) await held.succeedQuietly(null)
    else await succeed(rt, attempt, result)
    if (held.endedAs === 'succeeded') rt.metrics.ran(ranMs)
  })
}

/** A result that its schema refuses ends the job: its side effects have happened. */
async function succeed(rt: Runtime, { held, record }: Attempt, result: unknown): Promise<void> {
  try {
    const text = resultText(rt, record.type, result)
    // What is known at once leaves in this turn.
    await held.succeedQuietly(text instanceof Promise ? await text : text)
  } catch (error) {
    if (!isRefusedResult(error)) throw error
    await held.fail(error, { retry: false })
  }
}

async function failed({ held, refusedResult }: Attempt, thrown: unknown): Promise<void> {
  // Only the refusal of this job's own result is final; an error of the same code may come from an enqueue that the handler made.
  const isFinal = refusedResult !== null && thrown === refusedResult
  try {
    await held.fail(thrown, isFinal ? { retry: false } : {})
  } catch (error) {
    // A JobError whose `retry` is no duration: the failure counts, its wish does not.
    if (!(error instanceof TypeError)) throw error
    await held.fail(thrown, { retry: true })
  }
}

async function parsePayload(rt: Runtime, { record, handler }: Attempt): Promise<unknown> {
  const definition = rt.known.get(record.type) ?? handler.job
  return parseBody(
    record.payload === null ? undefined : (parsed(record.payload) as never),
    definition.payload,
    'PAYLOAD_INVALID',
    record.type,
  )
}
