/** The door of `@stint/store-postgres/kysely`. */
import type { PostgresTx } from '../options.js'
import { expected, isOver, onceFor, serverErrorIn } from './joined.js'

/** What is used of a transaction of Kysely: `tx` in `db.transaction().execute(async (tx) => …)`, or one that you end yourself. */
export interface KyselyTransaction {
  readonly isTransaction: true
  withoutPlugins(): { executeQuery(query: never): Promise<{ readonly rows: unknown[] }> }
}

type Execute = (query: {
  readonly sql: string
  readonly parameters: readonly unknown[]
  readonly query: unknown
  readonly queryId: { readonly queryId: string }
}) => Promise<{ readonly rows: unknown[] }>

/**
 * `jobs.withTx(fromKysely(tx))`: what is done by it belongs to the transaction, and to a savepoint that was made before. Plugins of yours
 * do not touch it. A `db` that is no transaction is a `TypeError`; a transaction that is over rejects with `TX_FAILED`.
 */
export function fromKysely(tx: KyselyTransaction): PostgresTx {
  if (tx?.isTransaction !== true || typeof tx.withoutPlugins !== 'function')
    throw expected(
      'fromKysely',
      'the `tx` of db.transaction().execute(async (tx) => …) or of startTransaction(), not the `db`',
    )
  return onceFor(tx, () => {
    // A plugin that names columns in camelCase would name ours so too.
    const plain = tx.withoutPlugins()
    const execute = plain.executeQuery.bind(plain) as Execute
    return {
      async query(text, values) {
        try {
          return await execute(compiled(text, values))
        } catch (error) {
          throw saysItIsOver(error) ? isOver(error) : serverErrorIn(error)
        }
      },
      getTransactionStatus: () => null,
    }
  })
}

/** What `CompiledQuery.raw` makes. Kysely itself is not imported: the transaction may come from any copy of it. */
const compiled = (sql: string, parameters: readonly unknown[]): Parameters<Execute>[0] => ({
  sql,
  parameters,
  query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
  queryId: { queryId: 'stint' },
})

/** It has no class and no code. */
const saysItIsOver = (error: unknown): boolean =>
  error instanceof Error && /^Transaction is already (committed|rolled back)$/.test(error.message)
