/** What the store asks of LMDB, counted: figures that no machine noise disturbs. */
import type { RootDatabase } from 'lmdb'
import type { Key } from './keys.js'

export const counts = {
  /** Calls: entries that were looked up, written or removed, and walks that were begun. */
  calls: 0,
  /** Entries that walks went over. */
  entries: 0,
  /** Transactions of the writer's kind that were committed. */
  commits: 0,
}

export function countedEngine(db: RootDatabase<unknown, Key>): RootDatabase<unknown, Key> {
  const get = db.get.bind(db)
  const put = db.putSync.bind(db) as (key: Key, value: unknown) => void
  const remove = db.removeSync.bind(db) as (key: Key) => boolean
  const range = db.getRange.bind(db)
  const transaction = db.transactionSync.bind(db)
  db.get = (key) => {
    counts.calls++
    return get(key)
  }
  db.putSync = (key: Key, value: unknown) => {
    counts.calls++
    put(key, value)
  }
  db.removeSync = (key: Key) => {
    counts.calls++
    return remove(key)
  }
  // It is under `getKeys` too.
  db.getRange = (options) => {
    counts.calls++
    return range(options).map((entry) => {
      counts.entries++
      return entry
    })
  }
  db.transactionSync = (work) => {
    const answer = transaction(work)
    counts.commits++
    return answer
  }
  return db
}
