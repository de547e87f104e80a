import { handle, JobQueue, openStore } from '@stint/core'
import { sendMail } from './definitions.js'

export const onSendMail = handle(sendMail, async ({ payload, signal, log }) => {
  await log(`to ${payload.to}, scheduled ${payload.at?.getUTCFullYear()}`) // what the schema gives out: a Date
  const answer = await fetch(`${process.env.MAIL_URL}/send`, { method: 'POST', body: JSON.stringify(payload), signal })
  return { messageId: await answer.text() } // checked against `result`
})

const jobs = new JobQueue({ store: openStore(process.env.STORE_URL ?? 'sqlite:jobs.db') })
jobs.work(onSendMail, { concurrency: 20 })
process.once('SIGTERM', () => void jobs.close({ grace: '20s' }))
