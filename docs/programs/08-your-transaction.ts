import { defineJob, handle, JobQueue, unchecked } from '@stint/core'
import { sqliteStore } from '@stint/store-sqlite'
import Database from 'better-sqlite3'

export const receipt = defineJob({ type: 'receipt', payload: unchecked<{ order: number }>() })

export const db = new Database('app.db') // better-sqlite3: synchronous, so it throws and rolls back like any statement
db.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY); CREATE TABLE receipts (id INTEGER PRIMARY KEY)')

export const jobs = new JobQueue({ store: sqliteStore({ db }) })
await jobs.open() // once: a synchronous call cannot wait for it

const buy = db.transaction((order: number, isPaid: boolean) => {
  db.prepare('INSERT INTO orders VALUES (?)').run(order)
  jobs.withTx(db).enqueue(receipt, { order })
  if (!isPaid) throw new Error('not paid') // neither the order nor the job
})
/** `immediate`: the transaction waits for its turn at its beginning, and need not be run again. */
export const order = buy.immediate

// Completion with your own writes: both or neither.
export const onReceipt = handle(receipt, (held) =>
  db
    .transaction(() => {
      db.prepare('INSERT INTO receipts VALUES (?)').run(held.payload.order)
      return jobs.withTx(db).succeed(held, undefined)
    })
    .immediate(),
)
