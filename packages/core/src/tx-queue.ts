/** The verbs inside the user's own transaction: they join it, and so pass the coalescer by. Claims never do. */

import type { AnyJobDefinition, JobDefinition } from './define.js'
import type { Enqueued, EnqueueItem, EnqueueOptions, PayloadArgs } from './enqueue-options.js'
import { StintError } from './errors.js'
import { type LeasedHold, type Settled, settledAs } from './hold.js'
import type { EnqueuedJob } from './job.js'
import { holdingOf, leaseLost } from './lease-lost.js'
import { type Prepared, prepare } from './new-job.js'
import * as outcomes from './outcomes.js'
import { toJob } from './present.js'
import { checkFound, chunksOf, enqueuedAs } from './produce.js'
import type { JobRecord, JsonText } from './record.js'
import { resultText } from './result-text.js'
import type { Runtime } from './runtime.js'
import { jobNotFound } from './settle.js'
import { settledInTx } from './settled-in-tx.js'
import type { Batch, BatchResult, ChangeResult, InsertResult } from './store.js'

/** Inside a transaction (Postgres, MongoDB). */
export interface TxQueue {
  enqueue<P, R, PI, RI>(
    job: JobDefinition<P, R, PI, RI>,
    ...args: PayloadArgs<NoInfer<PI>>
  ): Promise<EnqueuedJob<PI, R>>
  enqueueMany<const D extends readonly AnyJobDefinition[]>(
    items: { readonly [K in keyof D]: EnqueueItem<D[K]> },
  ): Promise<{ -readonly [K in keyof D]: Enqueued<D[K]> }>
  /** Completes what you hold together with your own writes; the handler's return value is then ignored. */
  succeed<RI>(held: LeasedHold<RI>, result: RI): Promise<Settled>
}
/**
 * Inside a transaction that must not be awaited (better-sqlite3): returns or throws at once. An asynchronous schema is a `TypeError` here.
 * `maxQueued` is not looked at: its count would have to be awaited.
 */
export interface SyncTxQueue {
  enqueue<P, R, PI, RI>(job: JobDefinition<P, R, PI, RI>, ...args: PayloadArgs<NoInfer<PI>>): EnqueuedJob<PI, R>
  enqueueMany<const D extends readonly AnyJobDefinition[]>(
    items: { readonly [K in keyof D]: EnqueueItem<D[K]> },
  ): { -readonly [K in keyof D]: Enqueued<D[K]> }
  succeed<RI>(held: LeasedHold<RI>, result: RI): Settled
}

export function txQueue(rt: Runtime, tx: unknown): TxQueue | SyncTxQueue {
  const { capabilities, name } = rt.door.store
  if (capabilities.transactions === 'sync') return syncQueue(rt, tx)
  if (capabilities.transactions === 'async') return asyncQueue(rt, tx)
  throw new StintError('UNSUPPORTED', `The ${name} store cannot join your transactions.`, {
    store: name,
    ability: 'transactions',
  })
}

/** What a verb asks of the store, one batch after the other: written once, driven with and without waiting. */
type Steps<T> = Generator<Batch, T, BatchResult>

function* insertAll(rt: Runtime, prepared: readonly Prepared[]): Steps<EnqueuedJob[]> {
  const jobs: EnqueuedJob[] = []
  for (const chunk of chunksOf(prepared)) {
    const { inserts } = yield { inserts: chunk.map((one) => one.job) }
    for (const [i, one] of chunk.entries()) {
      const found = checkFound(one, inserts[i] as InsertResult)
      jobs.push(enqueuedAs(found.isNew || one.ifExists === 'keep' ? found : yield* replaceQueued(rt, one, found)))
    }
  }
  return jobs
}

/** Nobody comes between in a transaction: one that is still queued takes the new payload. */
function* replaceQueued(rt: Runtime, { job }: Prepared, found: InsertResult): Steps<InsertResult> {
  if (found.job.state !== 'queued') return found
  const { payload, run, priority, tags, ext, event } = job
  const change = outcomes.edited(
    found.job,
    { payload, run, priority, tags, ext },
    { actor: event.actor, reason: null, op: rt.seam.nonce() },
  )
  const [answer] = (yield { changes: [change] }).changes
  return { isNew: false, job: answer?.job ?? found.job }
}

function* succeedHeld(rt: Runtime, held: LeasedHold, text: JsonText | null): Steps<Settled> {
  const { token } = holdingOf(held.jobId, held.token)
  const [answer] = (yield { changes: [{ ...outcomes.succeeded(held.jobId, token, text), returning: true }] }).changes
  return settled(rt, held, answer as ChangeResult)
}

function syncQueue(rt: Runtime, tx: unknown): SyncTxQueue {
  if (!rt.door.isOpen)
    throw new TypeError(
      'withTx: call `await jobs.open()` once before; a synchronous call cannot wait for the store to open.',
    )
  const { exchangeSync } = rt.door.store
  const drive = <T>(steps: Steps<T>): T => {
    let step = steps.next()
    while (!step.done) step = steps.next(exchangeSync?.call(rt.door.store, step.value, { tx }) as BatchResult)
    return step.value
  }
  const queue = {
    enqueue: (job: AnyJobDefinition, payload?: unknown, options: EnqueueOptions = {}) =>
      drive(insertAll(rt, [atOnce(prepare(rt, job, payload, options))]))[0],
    enqueueMany: (items: readonly EnqueueItem<AnyJobDefinition>[]) =>
      drive(
        insertAll(
          rt,
          items.map(({ job, payload, ...options }) => atOnce(prepare(rt, job, payload, options))),
        ),
      ),
    succeed: (held: LeasedHold, result: unknown) =>
      drive(succeedHeld(rt, held, atOnce(resultText(rt, typeOf(held), result)))),
  }
  return queue as unknown as SyncTxQueue
}

function asyncQueue(rt: Runtime, tx: unknown): TxQueue {
  const drive = async <T>(steps: Steps<T>): Promise<T> => {
    let step = steps.next()
    while (!step.done) {
      const batch = step.value
      step = steps.next(await rt.door.call((store) => store.exchange(batch, { tx })))
    }
    return step.value
  }
  const queue = {
    enqueue: async (job: AnyJobDefinition, payload?: unknown, options: EnqueueOptions = {}) =>
      (await drive(insertAll(rt, [await prepare(rt, job, payload, options)])))[0],
    enqueueMany: async (items: readonly EnqueueItem<AnyJobDefinition>[]) =>
      drive(
        insertAll(
          rt,
          await Promise.all(items.map(({ job, payload, ...options }) => prepare(rt, job, payload, options))),
        ),
      ),
    succeed: async (held: LeasedHold, result: unknown) =>
      drive(succeedHeld(rt, held, await resultText(rt, typeOf(held), result))),
  }
  return queue as unknown as TxQueue
}

const typeOf = (held: LeasedHold): string => (held as { job?: { type?: string } }).job?.type ?? ''

/** Whether it is accepted shows now; whether it is so for good shows when the user's transaction commits. */
function settled(rt: Runtime, held: LeasedHold, answer: ChangeResult): Settled {
  if (answer.ok) {
    settledInTx(held)
    return settledAs(toJob(answer.job as JobRecord))
  }
  if (answer.why === 'missing') throw jobNotFound(held.jobId)
  const why = answer.job?.state === 'cancelled' ? 'cancelled' : answer.job?.lease ? 'taken_over' : 'settled'
  throw leaseLost(rt, held, { why, actor: null, reason: null })
}

function atOnce<T>(value: T | Promise<T>): T {
  if (!(value instanceof Promise)) return value
  value.catch(() => {})
  throw new TypeError(
    'An asynchronous schema cannot be used inside a synchronous transaction; check the payload before it begins.',
  )
}
