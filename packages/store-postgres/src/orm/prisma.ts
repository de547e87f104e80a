/** The door of `@stint/store-postgres/prisma`. */
import type { PostgresTx } from '../options.js'
import { expected, isOver, onceFor } from './joined.js'

/** What is used of an interactive transaction of Prisma: `tx` in `prisma.$transaction(async (tx) => …)`. A `PrismaClient` is refused. */
export interface PrismaTransaction {
  // biome-ignore lint/suspicious/noExplicitAny: that is what Prisma calls them.
  $queryRawUnsafe(query: string, ...values: any[]): PromiseLike<unknown>
  readonly $connect?: never
}

/**
 * `jobs.withTx(fromPrisma(tx))`: what is done by it belongs to the interactive transaction. A `PrismaClient` that is no transaction is a `TypeError`; a
 * transaction that is over, or longer than its `timeout`, rejects with `TX_FAILED`.
 */
export function fromPrisma(tx: PrismaTransaction): PostgresTx {
  if (typeof tx?.$queryRawUnsafe !== 'function' || tx.$connect !== undefined)
    throw expected('fromPrisma', 'the `tx` of prisma.$transaction(async (tx) => …), not the PrismaClient')
  return onceFor(tx, () => ({
    async query(text, values) {
      try {
        return { rows: (await tx.$queryRawUnsafe(text, ...values)) as unknown[] }
      } catch (error) {
        throw failureOf(error)
      }
    },
    getTransactionStatus: () => null,
  }))
}

/** Its codes: P2028 is said of a transaction that is over, P2010 and others of what the server said, with that inside. */
function failureOf(error: unknown): unknown {
  const code = memberOf(error, 'code')
  if (code === 'P2028') return isOver(error)
  const said = memberOf(memberOf(memberOf(error, 'meta'), 'driverAdapterError'), 'cause')
  const sqlState = memberOf(said, 'originalCode')
  if (typeof sqlState !== 'string') return error
  return Object.assign(new Error(String(memberOf(said, 'originalMessage')), { cause: error }), { code: sqlState })
}

const memberOf = (of: unknown, name: string): unknown =>
  of instanceof Object && name in of ? (of as Record<string, unknown>)[name] : undefined
