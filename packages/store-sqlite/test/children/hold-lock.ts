/** Holds the write lock of a file until it is told to let go. */
import Database from 'better-sqlite3'

const db = new Database(process.argv[2])
db.exec('begin immediate')
process.send?.('held')
process.once('message', () => {
  db.exec('rollback')
  db.close()
  process.send?.('released')
  process.disconnect()
})
