import type { Batch, BatchResult, Ms } from '@stint/core'
import { exchange } from './commands/exchange.js'
import { Session } from './commands/session.js'
import { ENGINE_MS, Step } from './commands/step.js'
import { failureInTx, unavailable } from './failures.js'
import type { PostgresTx, Settled } from './options.js'

/** Calls inside transactions of the user. They begin, commit and roll back nothing, and no statement of theirs fails for what is there already. */
export class Guests {
  readonly #settled: Settled
  readonly #sleeper: string
  /** Whom to suspect when a call waits in vain. */
  readonly #seen = new Set<WeakRef<PostgresTx>>()

  constructor(settled: Settled, sleeper: string) {
    this.#settled = settled
    this.#sleeper = sleeper
  }

  async exchange(batch: Batch, tx: PostgresTx, now: Ms | null, deadlineMs: Ms, notify: Notify): Promise<BatchResult> {
    mustBeTransaction(tx)
    this.#see(tx)
    const timer = Promise.withResolvers<never>()
    const timeout = setTimeout(
      () => timer.reject(unavailable(`Your transaction's connection did not answer within ${deadlineMs} ms.`)),
      deadlineMs,
    )
    try {
      return await Promise.race([this.#run(batch, tx, now, notify), timer.promise])
    } catch (error) {
      throw failureInTx(error)
    } finally {
      clearTimeout(timeout)
      timer.promise.catch(() => {})
    }
  }

  /** Whether a transaction that calls of this store have joined is still open: a call without `tx` may wait for it, and it for that call. */
  get isOpen(): boolean {
    return [...this.#seen].some((ref) => {
      const tx = ref.deref()
      return tx !== undefined && statusOf(tx) === 'T'
    })
  }

  #see(tx: PostgresTx): void {
    for (const ref of this.#seen) {
      const seen = ref.deref()
      if (seen === tx) return
      if (seen === undefined) this.#seen.delete(ref)
    }
    this.#seen.add(new WeakRef(tx))
  }

  async #run(batch: Batch, tx: PostgresTx, clock: Ms | null, notify: Notify): Promise<BatchResult> {
    const now = clock ?? Number((await tx.query(`select ${ENGINE_MS} as now`, [])).rows[0].now)
    const session = new Session(tx, this.#settled.schema, { now, notAfter: null, sleeper: this.#sleeper })
    const step = new Step(session, now, () => {})
    const answer = await exchange(step, batch)
    // Tied to the commit by the engine, so our own listeners hear it by that way too.
    await notify(session, step)
    return answer
  }
}

export type Notify = (session: Session, step: Step) => Promise<void>

function mustBeTransaction(tx: PostgresTx): void {
  if (typeof tx?.query !== 'function')
    throw new TypeError(
      'withTx(tx): expected a client of pg inside a transaction, or an object with query(text, values)',
    )
  if ('totalCount' in tx)
    throw new TypeError(
      'withTx(tx): a Pool has no transaction. Give the client on which you said BEGIN: const client = await pool.connect()',
    )
  if (statusOf(tx) === 'I')
    throw new TypeError('withTx(tx): the client is not inside a transaction. Call it between BEGIN and COMMIT.')
}

/** As pg knows it from the last reply: I idle, T in a transaction, E in one that failed; null: another kind of client, or an older pg. */
const statusOf = (tx: PostgresTx): unknown =>
  'getTransactionStatus' in tx && typeof tx.getTransactionStatus === 'function' ? tx.getTransactionStatus() : null
