/** Reads a state of the file for a while, again and again, two readers in turns, so that there is never none. */
import Database from 'better-sqlite3'

const [path = '', ms = ''] = process.argv.slice(2)
const readers = [new Database(path, { readonly: true }), new Database(path, { readonly: true })]
let ended = false

async function read(db: Database.Database): Promise<void> {
  while (!ended) {
    db.exec('begin')
    db.prepare('select count(*) from stint_count').get()
    await new Promise((resolve) => setTimeout(resolve, Number(ms)))
    db.exec('commit')
  }
  db.close()
}

process.once('message', () => (ended = true))
setTimeout(() => void read(readers[1] as Database.Database), Number(ms) / 2)
process.send?.('reading')
await read(readers[0] as Database.Database)
process.disconnect()
