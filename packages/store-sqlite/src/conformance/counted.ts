import type Database from 'better-sqlite3'
import { type OpenDatabase, openDatabase } from '../connection.js'

/** What the connections of a driver did since it was made: figures that no machine noise disturbs. */
export interface Counts {
  statements: number
  /** That the statements gave. */
  rows: number
  /** Of writes; the end of a read makes nothing durable. */
  commits: number
}

/** The driver with a tally of all that its connections are asked. A user's own handle is not among them. */
export function countedDriver(): { readonly counts: Readonly<Counts>; readonly open: OpenDatabase } {
  const counts: Counts = { statements: 0, rows: 0, commits: 0 }
  return { counts, open: (file, options) => counted(openDatabase(file, options), counts) }
}

function counted(db: Database.Database, counts: Counts): Database.Database {
  const { exec, prepare } = db
  let isWriting = false
  db.exec = (sql) => {
    counts.statements++
    return exec.call(db, sql)
  }
  db.prepare = ((sql: string) => {
    const statement = prepare.call(db, sql) as Database.Statement<unknown[]>
    const { run, get, all } = statement
    statement.run = (...values) => {
      counts.statements++
      const answer = run.apply(statement, values)
      if (sql === 'commit' && isWriting) counts.commits++
      if (sql.startsWith('begin')) isWriting = sql === 'begin immediate'
      return answer
    }
    statement.get = (...values) => {
      counts.statements++
      const row = get.apply(statement, values)
      if (row !== undefined) counts.rows++
      return row
    }
    statement.all = (...values) => {
      counts.statements++
      const rows = all.apply(statement, values)
      counts.rows += rows.length
      return rows
    }
    return statement
  }) as typeof prepare
  return db
}
