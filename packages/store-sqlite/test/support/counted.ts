import Database from 'better-sqlite3'

/** What all statements of this process did since the start: no machine noise is in these figures. */
export const counted = { statements: 0, rows: 0, commits: 0 }

interface Statement {
  readonly source: string
  run(...values: unknown[]): unknown
  get(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[]
}

const probe = new Database(':memory:')
const statement = Object.getPrototypeOf(probe.prepare('select 1')) as Statement
probe.close()
const { run, get, all } = statement

statement.run = function (this: Statement, ...values) {
  counted.statements++
  if (this.source === 'commit') counted.commits++
  return run.apply(this, values)
}
statement.get = function (this: Statement, ...values) {
  counted.statements++
  counted.rows++
  return get.apply(this, values)
}
statement.all = function (this: Statement, ...values) {
  counted.statements++
  const rows = all.apply(this, values)
  counted.rows += rows.length
  return rows
}
