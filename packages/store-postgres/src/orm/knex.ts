/** The door of `@stint/store-postgres/knex`. */
import type { PostgresTx } from '../options.js'
import { expected, isOver, onceFor } from './joined.js'

/** What is used of a transaction of Knex: `trx` in `knex.transaction(async (trx) => …)`, or what `await knex.transaction()` gives. */
export interface KnexTransaction {
  isCompleted(): boolean
  // biome-ignore lint/suspicious/noExplicitAny: that is what Knex calls it.
  readonly client: any
}

interface Client extends PostgresTx {
  getTransactionStatus?(): unknown
}

/**
 * `jobs.withTx(fromKnex(trx))`: what is done by it belongs to the transaction, or to the savepoint that a nested one is. Statements go
 * straight to the transaction's connection: hooks of yours (`postProcessResponse`, `query` events) do not see them. A `knex` that is no transaction
 * is a `TypeError`; a transaction that is over rejects with `TX_FAILED`.
 */
export function fromKnex(trx: KnexTransaction): PostgresTx {
  if (typeof trx?.isCompleted !== 'function' || trx.client?.dialect !== 'postgresql')
    throw expected('fromKnex', 'the `trx` of knex.transaction(async (trx) => …) with `client: "pg"`, not the `knex`')
  return onceFor(trx, () => {
    let client: Client | null = null
    return {
      async query(text, values) {
        client ??= (await trx.client.acquireConnection()) as Client
        // Between this look and the statement nothing else can run, and Knex knows that a transaction is over from the moment it sends COMMIT.
        if (trx.isCompleted()) throw isOver()
        // Not by `trx.raw`: it takes `?` for parameters, its errors repeat the values, and a hook may rename our columns.
        return client.query(text, values)
      },
      getTransactionStatus() {
        if (client === null || trx.isCompleted()) return null
        const status = client.getTransactionStatus?.()
        return status === 'T' || status === 'E' ? status : null
      },
    }
  })
}
