/** Does everything that could keep a process alive, closes, and says no more: it has to end by itself. */
import { newJob } from '../../../core/test/table-store/build.js'
import { sqliteStore } from '../../src/index.js'

const [path = '', how = ''] = process.argv.slice(2)
const store = sqliteStore({ path })
await store.open()
store.subscribe(() => {})
await store.exchange({ inserts: [newJob('a')] })
if (how === 'close') await Promise.all([store.close(), store.close()])
process.send?.(process.getActiveResourcesInfo().filter((one) => /FSEvent|Timeout/.test(one)))
process.disconnect()
