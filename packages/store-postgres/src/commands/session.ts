import type { Ms } from '@stint/core'
import type { PostgresTx } from '../options.js'

export type Value = string | number | boolean | null | readonly (string | number | boolean | null)[]

/** What every write carries. */
export interface Stamp {
  /** The test clock's reading; null: the engine's own clock. */
  readonly now: Ms | null
  /** By the engine's clock: a write that ends later undoes itself. null: inside the user's transaction, which ends when they say. */
  readonly notAfter: Ms | null
  /** Whose own sleep does not count. */
  readonly sleeper: string
}

/**
 * Runs statements. The texts name the tables by the default schema; another one is put in before they are sent, and since they are constants,
 * no value of a user ever stands in them.
 */
export class Session {
  readonly #tx: PostgresTx
  readonly #quoted: string
  readonly stamp: Stamp

  constructor(tx: PostgresTx, schema: string, stamp: Stamp) {
    this.#tx = tx
    this.#quoted = quoted(schema)
    this.stamp = stamp
  }

  async rows<Row>(sql: string, ...values: Value[]): Promise<Row[]> {
    return (await this.#tx.query(named(sql, this.#quoted), values as Value[])).rows as Row[]
  }

  async run(sql: string, ...values: Value[]): Promise<void> {
    await this.#tx.query(named(sql, this.#quoted), values)
  }

  /** A statement whose text was made for this call: never kept prepared. */
  async once<Row>(sql: string, ...values: Value[]): Promise<Row[]> {
    return (await this.#tx.query(inSchema(sql, this.#quoted), values as Value[])).rows as Row[]
  }

  /** Several statements without values, that run once. */
  async exec(sql: string): Promise<void> {
    await this.#tx.query(inSchema(sql, this.#quoted), [])
  }

  /** The only column of the first row. */
  async value<T>(sql: string, ...values: Value[]): Promise<T | undefined> {
    const [row] = await this.rows<Record<string, T>>(sql, ...values)
    return row === undefined ? undefined : Object.values(row)[0]
  }

  /** A statement that begins with `STAMPED` (step.ts): its first values are those of the stamp. */
  stamped<Row>(sql: string, ...values: Value[]): Promise<Row[]> {
    const { now, notAfter, sleeper } = this.stamp
    return this.rows<Row>(sql, now, notAfter, sleeper, ...values)
  }
}

/** Double quotes stand for a name whatever is in it; the option allows none inside (options.ts). */
export const quoted = (schema: string): string => `"${schema}".`

/** By a function: in a text that replaces, `$$` would become `$`. */
export const inSchema = (sql: string, quotedSchema: string): string => sql.replaceAll('stint.', () => quotedSchema)

const texts = new Map<string, Map<string, string>>()
const names = new Map<string, string>()

/** By which a constant text is kept prepared on a connection. */
export const nameOfText = (text: string): string | undefined => names.get(text)

/** Of some dozens of constant texts, so each is made once for a schema. */
function named(sql: string, schema: string): string {
  let own = texts.get(schema)
  if (own === undefined) texts.set(schema, (own = new Map()))
  let text = own.get(sql)
  if (text === undefined) {
    own.set(sql, (text = inSchema(sql, schema)))
    if (!names.has(text)) names.set(text, `stint_${names.size}`)
  }
  return text
}
