import type { Batch, BatchResult } from '@stint/core'
import type { MongoClient } from 'mongodb'
import { exchange } from './commands/exchange.js'
import { type Scope, Session } from './commands/session.js'
import { Step } from './commands/step.js'
import type { Connections } from './connection.js'
import { failureInTx } from './failures.js'
import type { MongoTx } from './options.js'

/** A call inside a transaction of the user. It begins, commits and aborts nothing, and no command of it fails for what is there already. */
export async function exchangeInside(
  connections: Connections,
  scope: Scope,
  batch: Batch,
  tx: MongoTx,
): Promise<BatchResult> {
  mustBeTransaction(tx)
  const session = new Session({ ...scope, db: connections.dbOf(clientOf(tx)), tx })
  try {
    return await exchange(new Step(session, () => {}), batch)
  } catch (error) {
    throw failureInTx(error)
  }
}

/** Not in the driver's types, though everything of a session goes by it. */
const clientOf = (tx: MongoTx): MongoClient => (tx as unknown as { readonly client: MongoClient }).client

function mustBeTransaction(tx: MongoTx): void {
  if (typeof tx?.inTransaction !== 'function')
    throw new TypeError('withTx(tx): expected a ClientSession of mongodb inside a transaction')
  if (!tx.inTransaction())
    throw new TypeError('withTx(tx): the session is not inside a transaction. Call it inside session.withTransaction.')
}
