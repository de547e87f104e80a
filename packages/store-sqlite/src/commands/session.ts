import type { SqliteDatabase } from '../options.js'

export type Value = string | number | null

/** What is used of better-sqlite3's Statement. */
interface Statement {
  run(...values: Value[]): { changes: number; lastInsertRowid: number }
  get(...values: Value[]): unknown
  all(...values: Value[]): unknown[]
}

/**
 * A handle with its prepared statements. The texts name the tables by the default prefix; another one is put in when they are prepared, and
 * since they are constants, no value of a user ever stands in them.
 */
export class Session {
  readonly db: SqliteDatabase
  readonly #prefix: string
  readonly #prepared = new Map<string, Statement>()

  constructor(db: SqliteDatabase, prefix: string) {
    this.db = db
    this.#prefix = prefix
  }

  run(sql: string, ...values: Value[]): { changes: number; lastInsertRowid: number } {
    return this.#statement(sql).run(...values)
  }

  get<Row>(sql: string, ...values: Value[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined
  }

  all<Row>(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values) as Row[]
  }

  /** The only column of the first row. */
  value<T extends Value>(sql: string, ...values: Value[]): T | undefined {
    const row = this.get<Record<string, T>>(sql, ...values)
    return row === undefined ? undefined : Object.values(row)[0]
  }

  /** Statements that run once: never kept. */
  exec(sql: string): void {
    this.db.exec(this.#named(sql))
  }

  #statement(sql: string): Statement {
    let statement = this.#prepared.get(sql)
    if (statement === undefined) {
      // A user's handle may give out BigInt by default; instants, counts and positions stay far below 2^53.
      statement = this.db.prepare(this.#named(sql)).safeIntegers(false) as Statement
      this.#prepared.set(sql, statement)
    }
    return statement
  }

  #named(sql: string): string {
    return this.#prefix === 'stint_' ? sql : sql.replaceAll('stint_', this.#prefix)
  }
}
