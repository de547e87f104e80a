import type { EngineHooks } from '@stint/core/conformance'
import Database from 'better-sqlite3'
import { type OpenDatabase, openDatabase } from '../connection.js'
import { SqliteStore } from '../store.js'
import type { Counts } from './counted.js'
import type { Place } from './place.js'

/** What can be counted, wherever the database lives. SQLite is called, not asked over a wire, so there are no round trips. */
export const counters = (counts: Readonly<Counts>): EngineHooks => ({
  // That no statement scans, and so hides work behind a row, is shown by their plans (plans.test.ts).
  work: () => counts.statements + counts.rows,
  statements: () => counts.statements,
  commits: () => counts.commits,
})

type HooksOfFiles = Pick<EngineHooks, 'size' | 'begin' | 'makeNewer' | 'makeUnsafe' | 'makeOverGiven' | 'block'>

/**
 * What another handle on the file can do to it. A database in memory has no other handle. Connections cannot be cut: there is nothing between
 * the engine and us.
 */
export function hooksOfFiles({ pathOf, optionsOf, tablePrefix }: Place, open: OpenDatabase): HooksOfFiles {
  const handle = (space: string): Database.Database => new Database(pathOf(space))
  return {
    size(space) {
      const db = handle(space)
      const [pages, free, bytes] = ['page_count', 'freelist_count', 'page_size'].map((name) =>
        Number(db.pragma(name, { simple: true })),
      ) as [number, number, number]
      db.close()
      return (pages - free) * bytes
    },
    begin(space) {
      const tx = handle(space)
      tx.exec('begin immediate')
      return {
        tx,
        commit: () => void tx.exec('commit'),
        rollback: () => void tx.exec('rollback'),
        close: () => void tx.close(),
      }
    },
    makeNewer(space) {
      const db = handle(space)
      db.exec(`update ${tablePrefix}meta set value = 99 where name = 'schema'`)
      db.close()
    },
    makeUnsafe: (space) => new SqliteStore({ ...optionsOf({}), synchronous: 'FULL', path: pathOf(space) }, forgetful),
    makeOverGiven(space, options) {
      const db = handle(space)
      return {
        store: new SqliteStore({ ...optionsOf(options), db }, open),
        async begin() {
          db.exec('begin')
          return { rollback: () => void db.exec('rollback') }
        },
        isUsable: () => db.open && db.prepare('select 1 as one').get() !== undefined,
        dispose: () => void db.close(),
      }
    },
    async block(space) {
      const db = handle(space)
      db.exec('begin immediate')
      return () => {
        db.exec('rollback')
        db.close()
      }
    },
  }
}

/** A build whose level falls to NORMAL at the first write in WAL mode, as better-sqlite3's does when nobody sets it. */
const forgetful: OpenDatabase = (file, options) => {
  const db = openDatabase(file, options)
  const { pragma } = db
  db.pragma = (text, how) => (text.startsWith('synchronous') ? [] : pragma.call(db, text, how))
  return db
}
