/** The other process of the pickup: enqueues when it is told to. Its one argument is the store's URL. */
import { JobQueue, openStore } from '@stint/core'
import { clockMs, stamped } from './pickup.ts'

const jobs = new JobQueue({ store: openStore(process.argv[2] ?? '') })
await jobs.open()
process.on('message', async (message) => {
  if (message === 'enqueue') await jobs.enqueue(stamped, { at: clockMs() })
  else {
    await jobs.close()
    process.disconnect()
  }
})
process.send?.('ready')
