import { StintError } from '@stint/core'
import type { PostgresTx } from '../options.js'

/** A transaction of an ORM as the store takes it. */
export interface JoinedTx extends PostgresTx {
  /** As a client of `pg` tells it: T in a transaction, E in one that failed; null: the ORM does not say. */
  getTransactionStatus(): 'T' | 'E' | null
}

const joined = new WeakMap<object, JoinedTx>()

/** One object for one transaction, however often it is given: the store remembers whom it has joined by it. */
export function onceFor(tx: object, join: () => JoinedTx): JoinedTx {
  let found = joined.get(tx)
  if (found === undefined) joined.set(tx, (found = join()))
  return found
}

/** The ORM, or its client, will not run a statement in this transaction any more. */
export const isOver = (cause?: unknown): StintError<'TX_FAILED'> =>
  new StintError(
    'TX_FAILED',
    'withTx(tx): the transaction is over. Is an `await` missing inside it, or is `tx` kept for longer than its callback?',
    { store: 'postgres' },
    { cause },
  )

/**
 * What the server said, out of what the ORM made of it. Their messages repeat the statement with its values, and a payload has no place in a log;
 * and the store reads SQLSTATE, to tell what is worth another try.
 */
export function serverErrorIn(error: unknown): unknown {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    if ('code' in one && 'severity' in one) return one
  }
  return error
}

/** What ours is called where a transaction was expected and something else came. */
export const expected = (door: string, what: string): TypeError => new TypeError(`${door}(tx): expected ${what}`)
