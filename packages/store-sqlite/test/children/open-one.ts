/** Opens the store at the same moment as others do, writes one job, and ends. With `nobody`: as a user who may not do everything. */
import { isStintError } from '@stint/core'
import Database from 'better-sqlite3'
import { newJob } from '../../../core/test/table-store/build.js'
import { sqliteStore } from '../../src/index.js'

const [path = '', id = '', who = ''] = process.argv.slice(2)
if (who === 'nobody' && process.getuid?.() === 0) {
  new Database(':memory:').close() // loads the driver while its folder may still be read
  process.setgid?.(65_534)
  process.setuid?.(65_534)
}
process.send?.('ready')
process.once('message', async () => {
  const store = sqliteStore({ path })
  try {
    await store.open()
    const { inserts } = await store.exchange({ inserts: [newJob(id)] })
    await store.close()
    process.send?.(inserts[0]?.isNew ? 'new' : 'there already')
  } catch (error) {
    process.send?.(isStintError(error) ? `${error.code}: ${error.message}` : String(error))
  }
  process.disconnect()
})
