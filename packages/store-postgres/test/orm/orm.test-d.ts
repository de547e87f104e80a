import { JobQueue, type Store } from '@stint/core'
import type { drizzle } from 'drizzle-orm/node-postgres'
import type { PgTransaction } from 'drizzle-orm/pg-core'
import type { Knex } from 'knex'
import type { ControlledTransaction, Kysely, Transaction } from 'kysely'
import type { Client, Pool, PoolClient } from 'pg'
import { expectTypeOf, test } from 'vitest'
import type { PostgresTx } from '../../src/index.js'
import { type DrizzleTransaction, fromDrizzle } from '../../src/orm/drizzle.js'
import { fromKnex, type KnexTransaction } from '../../src/orm/knex.js'
import { fromKysely, type KyselyTransaction } from '../../src/orm/kysely.js'
import { fromPrisma, type PrismaTransaction } from '../../src/orm/prisma.js'
import type { Prisma, PrismaClient } from './prisma-client/client.js'

interface Tables {
  readonly orders: { readonly id: number }
}
declare const db: ReturnType<typeof drizzle>
declare const kysely: Kysely<Tables>
declare const knex: Knex
declare const prisma: PrismaClient
declare const pool: Pool
declare const store: Store<PostgresTx, false>

test('the transaction of each ORM fits its door, whatever its tables are', () => {
  expectTypeOf<PgTransaction<never, { orders: never }, never>>().toExtend<DrizzleTransaction>()
  expectTypeOf<Transaction<Tables>>().toExtend<KyselyTransaction>()
  expectTypeOf<ControlledTransaction<Tables, ['before']>>().toExtend<KyselyTransaction>()
  expectTypeOf<Knex.Transaction<Tables['orders'], unknown[]>>().toExtend<KnexTransaction>()
  expectTypeOf<Prisma.TransactionClient>().toExtend<PrismaTransaction>()
  expectTypeOf(fromDrizzle).returns.toEqualTypeOf<PostgresTx>()
  expectTypeOf(fromKysely).returns.toEqualTypeOf<PostgresTx>()
  expectTypeOf(fromKnex).returns.toEqualTypeOf<PostgresTx>()
  expectTypeOf(fromPrisma).returns.toEqualTypeOf<PostgresTx>()
})

test('as users write it', () => {
  const jobs = new JobQueue({ store })
  void db.transaction(async (tx) => void jobs.withTx(fromDrizzle(tx)))
  void db.transaction((tx) => tx.transaction(async (inner) => void jobs.withTx(fromDrizzle(inner))))
  void kysely.transaction().execute(async (tx) => jobs.withTx(fromKysely(tx)))
  void knex.transaction(async (trx) => jobs.withTx(fromKnex(trx)))
  void prisma.$transaction(async (tx) => jobs.withTx(fromPrisma(tx)))
  expectTypeOf<Client>().toExtend<PostgresTx>()
  expectTypeOf<PoolClient>().toExtend<PostgresTx>()
})

test('what is no transaction does not', () => {
  // @ts-expect-error: the db, not its transaction
  fromDrizzle(db)
  // @ts-expect-error: as above
  fromKysely(kysely)
  // @ts-expect-error: as above
  fromKnex(knex)
  // @ts-expect-error: the client, not its transaction
  fromPrisma(prisma)
  void kysely.transaction().execute(async (tx) => {
    // @ts-expect-error: the transaction of another ORM
    fromDrizzle(tx)
    // @ts-expect-error: as above
    fromKnex(tx)
    // @ts-expect-error: as above
    fromPrisma(tx)
    // @ts-expect-error: without its door
    new JobQueue({ store }).withTx(tx)
  })
  // @ts-expect-error: as above
  void knex.transaction(async (trx) => new JobQueue({ store }).withTx(trx))
  // @ts-expect-error: as above
  void prisma.$transaction(async (tx) => new JobQueue({ store }).withTx(tx))
  // @ts-expect-error: as above
  void db.transaction(async (tx) => void new JobQueue({ store }).withTx(tx))
  // @ts-expect-error: each statement of a pool may go by another connection
  new JobQueue({ store }).withTx(pool)
})
