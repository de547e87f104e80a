import { storeConformance } from '@stint/core/conformance'
import Database from 'better-sqlite3'
import { describe, it, vi } from 'vitest'
import { sqliteStore } from '../src/index.js'
import { counted } from './support/counted.js'
import { destroy, fileOf } from './support/place.js'

storeConformance(
  { describe, it },
  {
    name: 'sqlite',
    store: (space, options) => sqliteStore({ ...options, path: fileOf(space) }),
    destroy: (space) => destroy(fileOf(space)),
    engine: {
      // Statements and the rows that they gave; that none of them scans is shown by their plans (plans.test.ts).
      work: () => counted.statements + counted.rows,
      trips: () => counted.commits,
      size(space) {
        const db = new Database(fileOf(space))
        const [pages, free, bytes] = ['page_count', 'freelist_count', 'page_size'].map((name) =>
          Number(db.pragma(name, { simple: true })),
        ) as [number, number, number]
        db.close()
        return (pages - free) * bytes
      },
      begin(space) {
        const tx = new Database(fileOf(space))
        tx.exec('begin immediate')
        return {
          tx,
          commit: () => void tx.exec('commit'),
          rollback: () => void tx.exec('rollback'),
          close: () => void tx.close(),
        }
      },
      makeNewer(space) {
        const db = new Database(fileOf(space))
        db.exec("update stint_meta set value = 99 where name = 'schema'")
        db.close()
      },
      makeUnsafe(space) {
        const path = fileOf(space)
        const { pragma } = Database.prototype
        // A build whose level falls to NORMAL at the first write in WAL mode, as better-sqlite3's does when nobody sets it.
        const spy = vi.spyOn(Database.prototype, 'pragma').mockImplementation(function (
          this: Database.Database,
          text,
          how,
        ) {
          return this.name === path && text.startsWith('synchronous') ? [] : pragma.call(this, text, how)
        })
        const store = sqliteStore({ path })
        const open = store.open.bind(store)
        store.open = () => open().finally(() => spy.mockRestore())
        return store
      },
      makeOverGiven(space, options) {
        const db = new Database(fileOf(space))
        return {
          store: sqliteStore({ ...options, db }),
          async begin() {
            db.exec('begin')
            return { rollback: () => void db.exec('rollback') }
          },
          isUsable: () => db.open && db.prepare('select 1 as one').get() !== undefined,
          dispose: () => void db.close(),
        }
      },
      async block(space) {
        const db = new Database(fileOf(space))
        db.exec('begin immediate')
        return () => {
          db.exec('rollback')
          db.close()
        }
      },
    },
  },
)
