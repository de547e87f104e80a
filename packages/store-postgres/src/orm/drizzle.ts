/** The door of `@stint/store-postgres/drizzle`. */
import type { PostgresTx } from '../options.js'
import { expected, isOver, onceFor, serverErrorIn } from './joined.js'

/** What is used of a transaction of Drizzle: `tx` in `db.transaction(async (tx) => …)`, of any of its drivers for Postgres. */
export interface DrizzleTransaction {
  execute(query: never): PromiseLike<unknown>
  setTransaction(config: never): PromiseLike<void>
  rollback(): never
}

type Execute = (query: {
  getSQL(): { toQuery(): { readonly sql: string; readonly params: readonly unknown[] } }
}) => PromiseLike<unknown>

/**
 * `jobs.withTx(fromDrizzle(tx))`: what is done by it belongs to the transaction. Inside a nested one it belongs to that: to its savepoint.
 * A `db` that is no transaction is a `TypeError`; a transaction that is over rejects with `TX_FAILED`.
 */
export function fromDrizzle(tx: DrizzleTransaction): PostgresTx {
  if (typeof tx?.execute !== 'function' || typeof tx.setTransaction !== 'function')
    throw expected('fromDrizzle', 'the `tx` of db.transaction(async (tx) => …) of Drizzle for Postgres, not the `db`')
  return onceFor(tx, () => {
    const client = clientOf(tx)
    return {
      async query(text, values) {
        if (client !== null && !client.isOurs()) throw isOver()
        // Drizzle asks for nothing else of a query; its own builder would number the parameters anew, and send an array as often as it is named.
        const query = { getSQL: () => ({ toQuery: () => ({ sql: text, params: values.map(parameterOf) }) }) }
        try {
          return { rows: rowsOf(await (tx.execute as Execute)(query)) }
        } catch (error) {
          throw serverErrorIn(error)
        }
      },
      getTransactionStatus() {
        const status = client?.isOurs() ? client.status() : null
        return status === 'T' || status === 'E' ? status : null
      },
    }
  })
}

/** postgres.js takes an array of booleans for one boolean. As text, every driver hands it to the server as it is. */
function parameterOf(value: unknown): unknown {
  if (!Array.isArray(value) || !value.some((one) => typeof one === 'boolean')) return value
  return `{${value.map(String).join(',')}}`
}

/** Some drivers answer with the rows themselves, others with an object that has them. */
function rowsOf(answer: unknown): unknown[] {
  if (Array.isArray(answer)) return answer
  if (typeof answer === 'object' && answer !== null && 'rows' in answer && Array.isArray(answer.rows))
    return answer.rows
  throw new TypeError('fromDrizzle(tx): the driver below Drizzle answers with neither rows nor { rows }')
}

interface Client {
  status(): unknown
  /** Whether it is still in a transaction, and not with somebody else. */
  isOurs(): boolean
}

/**
 * Drizzle asks nobody before it runs a statement in a transaction that is over, and the connection may belong to another by then. `pg` knows: by its
 * status, and by `release`, which is another function each time a pool hands the client out. null: another driver, or an older `pg`.
 */
function clientOf(tx: DrizzleTransaction): Client | null {
  const session = '_' in tx && tx._ instanceof Object && 'session' in tx._ ? tx._.session : null
  const client = session instanceof Object && 'client' in session ? session.client : null
  if (!(client instanceof Object && 'getTransactionStatus' in client)) return null
  const { getTransactionStatus } = client
  if (typeof getTransactionStatus !== 'function') return null
  const release = (): unknown => ('release' in client ? client.release : null)
  const given = release()
  const status = (): unknown => getTransactionStatus.call(client)
  return { status, isOurs: () => release() === given && status() !== 'I' }
}
