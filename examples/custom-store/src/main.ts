/**
 * `npm start`: this process enqueues, another one works, and LMDB is all they share.
 *
 * npm start                    a file in the temporary folder, which is removed at the end
 * npm start -- jobs.mdb        a file of yours, which stays
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { JobQueue } from '@stint/core'
import { countWords } from './definitions.js'
import { LmdbStore } from './lmdb-store.js'

const TEXTS = ['one job', 'two processes share it', 'and one file is all there is between them']

const own = process.argv[2]
const folder = own === undefined ? mkdtempSync(join(tmpdir(), 'stint-lmdb-')) : null
const path = own ?? join(`${folder}`, 'jobs.mdb')

const worker = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [path])
const gone = once(worker, 'exit')
try {
  await using jobs = new JobQueue({ store: new LmdbStore({ path }) })
  console.log(`process ${process.pid} enqueues, process ${worker.pid} works`)
  const enqueued = await jobs.enqueueMany(TEXTS.map((text) => ({ job: countWords, payload: { text } })))
  for (const [n, job] of enqueued.entries()) {
    const { words, pid } = await jobs.result(job, { as: countWords, timeout: '20s' })
    console.log(`"${TEXTS[n]}": ${words} words, counted by process ${pid}`)
  }
} finally {
  if (worker.connected) worker.disconnect() // tells it to end
  await gone
  if (folder !== null) rmSync(folder, { recursive: true })
}
