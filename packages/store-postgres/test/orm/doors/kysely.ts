import { CamelCasePlugin, type ControlledTransaction, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { fromKysely } from '../../../src/orm/kysely.js'
import type { Door, Inside, Place } from './door.js'

interface Database {
  readonly Order: { readonly id: number; readonly placedBy: string }
}
const INT8 = 20

/** A transaction that is ended by hand, since of the two forms of Kysely's only that one has savepoints; and whole numbers as bigint, as many set it. */
export function kyselyDoor({ url, schema, max }: Place): Door {
  const getTypeParser = (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? BigInt : pg.types.getTypeParser(oid, format as 'text')
  const pool = new pg.Pool({ connectionString: url, max, types: { getTypeParser } as never })
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ underscoreBeforeDigits: true })],
  })
  let savepoints = 0
  const insideOf = (tx: ControlledTransaction<Database, string[]>): Inside => ({
    tx: fromKysely(tx),
    async order(id) {
      // The plugin would write its name small.
      await tx
        .withoutPlugins()
        .withSchema(schema)
        .insertInto('Order')
        .values({ id, placed_by: 'ada' } as never)
        .execute()
    },
    async nested(work) {
      const name = `sp${++savepoints}`
      const inner = await tx.savepoint(name).execute()
      try {
        await work(insideOf(inner as never))
      } catch (error) {
        await inner.rollbackToSavepoint(name as never).execute()
        throw error
      }
      await inner.releaseSavepoint(name as never).execute()
    },
  })
  return {
    name: 'kysely',
    async transaction(work, isolation) {
      const begin = db.startTransaction()
      const tx = await (isolation ? begin.setIsolationLevel(isolation) : begin).execute()
      try {
        await work(insideOf(tx as never))
      } catch (error) {
        await tx.rollback().execute()
        throw error
      }
      await tx.commit().execute()
    },
    mistake: () => fromKysely(db as never),
    tellsStatus: false,
    close: () => db.destroy(),
  }
}

/** The other form, by a callback. */
export function kyselyCallbackDoor(place: Place): Door {
  const pool = new pg.Pool({ connectionString: place.url, max: place.max })
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  return {
    name: 'kysely, by a callback',
    async transaction(work, isolation) {
      const begin = db.transaction()
      await (isolation ? begin.setIsolationLevel(isolation) : begin).execute((tx) =>
        work({
          tx: fromKysely(tx),
          async order(id) {
            await tx
              .withSchema(place.schema)
              .insertInto('Order')
              .values({ id, placed_by: 'ada' } as never)
              .execute()
          },
          nested: null as never,
        }),
      )
    },
    mistake: () => fromKysely(db as never),
    tellsStatus: false,
    close: () => db.destroy(),
  }
}
