/** The other process: works until the one that started it lets go of it. */
import { once } from 'node:events'
import { handle, JobQueue } from '@stint/core'
import { countWords } from './definitions.js'
import { LmdbStore } from './lmdb-store.js'

const [path] = process.argv.slice(2)
if (path === undefined) throw new TypeError('expected the path of the file, got nothing')

const jobs = new JobQueue({ store: new LmdbStore({ path }) })
jobs.work(handle(countWords, async ({ payload }) => ({ words: payload.text.split(' ').length, pid: process.pid })))
await once(process, 'disconnect')
await jobs.close()
