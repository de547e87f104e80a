import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgSchema, text } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { fromDrizzle } from '../../../src/orm/drizzle.js'
import type { Door, Inside, Place } from './door.js'

export function drizzleDoor({ url, schema, max }: Place): Door {
  const pool = new pg.Pool({ connectionString: url, max })
  const db = drizzle({ client: pool, casing: 'snake_case', logger: { logQuery() {} } })
  const orders = pgSchema(schema).table('Order', { id: integer().primaryKey(), placedBy: text().notNull() })
  type Tx = Parameters<Parameters<typeof db.transaction>[0]>[0]
  const insideOf = (tx: Tx): Inside => ({
    tx: fromDrizzle(tx),
    order: async (id) => void (await tx.insert(orders).values({ id, placedBy: 'ada' })),
    nested: (work) => tx.transaction((inner) => work(insideOf(inner))),
  })
  return {
    name: 'drizzle',
    transaction: (work, isolationLevel) =>
      db.transaction((tx) => work(insideOf(tx)), isolationLevel && { isolationLevel }),
    mistake: () => fromDrizzle(db as never),
    tellsStatus: true,
    close: () => pool.end(),
  }
}
