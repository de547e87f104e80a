/** Calls that join a transaction of the user, where the store declares it. */
import type { ClauseGroup } from './clause.js'

const joined: ClauseGroup = {
  title: 'Transactions',
  clauses: [
    {
      id: 'TX-1',
      promise: 1,
      says: 'A call with `tx` is part of that transaction: it sees what was done in it before, is invisible outside before the commit, and gone after a rollback, with events, counts, keys and feed. A store that joins none refuses it with `UNSUPPORTED` and does nothing.',
      why: 'A job and the row that it is about are written together or not at all; the commit is what acknowledges it.',
      look: "whether every statement of the call goes through the user's connection: one that takes another from the pool commits by itself; `tx` that is ignored is worse than refused.",
    },
    {
      id: 'TX-2',
      promise: 5,
      says: "A call with `tx` opens, commits and rolls back nothing. A refusal, or a duplicate of what was committed before, does not break the user's transaction; a race with another one may, and is `TX_FAILED`.",
      why: 'It is theirs.',
      look: 'helpers that wrap their work in BEGIN and COMMIT; in PostgreSQL any error aborts the transaction, so conflicts have to be answered without one (ON CONFLICT), or behind a savepoint.',
    },
    {
      id: 'TX-3',
      promise: 5,
      says: '`exchangeSync` has done its work when it returns, and throws when it failed. Claims never join a transaction: a batch with claims and `tx` is a `TypeError`, from `exchange` as a rejection, from `exchangeSync` thrown, and nothing is taken.',
      why: 'A claimed job would be run by a worker before it is committed, or rolled back under its hands; that is a mistake in the program, so it is told as one.',
      look: 'the first line of the call: it checks for claims before it writes anything; an `exchangeSync` with a promise inside returns too early.',
    },
  ],
}

export const transactions: readonly ClauseGroup[] = [joined]
