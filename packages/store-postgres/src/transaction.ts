import type { Batch, BatchResult, Ms } from '@stint/core'
import { exchange } from './commands/exchange.js'
import { Session } from './commands/session.js'
import { ENGINE_MS, Step } from './commands/step.js'
import { failureInTx, unavailable, unknown } from './failures.js'
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
    const [begun] = (await tx.query(BEGUN, [])).rows
    const now = clock ?? Number(begun.now)
    const session = new Session(tx, this.#settled.schema, { now, notAfter: null, sleeper: this.#sleeper })
    const step = new Step(session, now, () => {})
    const answer = await exchange(step, batch)
    const { channel, payload } = notify(step) ?? { channel: null, payload: null }
    const [ended] = await session.rows<{ transaction: string }>(ENDED, channel, payload, begun.planning)
    // A driver, and an ORM, may send our statement behind a COMMIT that it has sent already: nobody but the server knows.
    if (ended?.transaction !== begun.transaction)
      throw unknown(
        'Your transaction ended while a call inside it was under way: what the call wrote may stand whatever became of the transaction. Is an `await` missing inside it?',
        null,
      )
    return answer
  }
}

/** Of statements that commit by themselves each has its own. */
const TRANSACTION = 'pg_current_xact_id()::text as transaction'
/**
 * As on our own connections (connection.ts), while the call is under way: five hundred inserts took 20 to 30 times as long by plans that were
 * compiled first. What the user had set holds again behind the call, and when the transaction or its savepoint is rolled back.
 */
const OFF = `'{jit, enable_seqscan, enable_nestloop, enable_mergejoin, enable_bitmapscan}'::text[]`
const BEGUN = `select ${ENGINE_MS} as now, ${TRANSACTION}, (select array_agg(p.was) from (
  select current_setting(s) as was, set_config(s, 'off', true) as becomes from unnest(${OFF}) s) p) as planning`
/**
 * Telling is tied to the commit by the engine, so our own listeners hear it by that way too. As text, since not every driver can read what is
 * void; and behind CASE, since nobody may sleep.
 */
const ENDED = `select ${TRANSACTION}, case when $1::text is not null and exists (select from stint.sleeper where until > clock_timestamp())
  then pg_notify($1::text, $2::text)::text end as told,
  (select count(set_config(s, was, true)) from unnest(${OFF}, $3::text[]) p(s, was)) as restored`

/** What has to be told to others, and where; null: nothing. */
export type Notify = (step: Step) => { readonly channel: string; readonly payload: string } | null

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
