/** Enqueues and works without an end, and tells which jobs were acknowledged. Somebody will kill it. */
import { JobQueue } from '@stint/core'
import { sqliteStore } from '../../src/index.js'
import { checksum, handleChecksum } from '../support/checksum.js'

const [path = '', from = ''] = process.argv.slice(2)
const jobs = new JobQueue({ store: sqliteStore({ path }), sweep: '50ms' })
await jobs.open()
jobs.work(handleChecksum, { concurrency: 8, lease: '150ms', poll: '20ms' })
for (let n = Number(from); ; n += 4) {
  const items = [0, 1, 2, 3].map((i) => ({ job: checksum, payload: { n: n + i } }))
  const enqueued = await jobs.enqueueMany(items)
  process.send?.(enqueued.map(({ id }) => id))
  await new Promise((resolve) => setTimeout(resolve, 2))
}
