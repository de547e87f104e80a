import { JobQueue, openStore } from '@stint/core'
import { sendMail } from './definitions.js'

await using jobs = new JobQueue({ store: openStore(process.env.STORE_URL ?? 'sqlite:jobs.db') })
const job = await jobs.enqueue(sendMail, {
  to: 'ada@example.org',
  subject: 'Welcome',
  at: '2030-01-01T06:00:00Z', // what the schema takes in
})
console.log(job.id)
