import { defineJob, handle, JobError, JobQueue, memoryStore, unchecked } from '@stint/core'

export const charge = defineJob({
  type: 'card.charge',
  payload: unchecked<{ order: string; cents: number }>(),
  maxAttempts: 8,
  backoff: { kind: 'exponential', base: '2s', max: '15m' },
  timeout: '1m',
})
export const jobs = new JobQueue({ store: memoryStore() })

jobs.work(
  handle(charge, async ({ payload, signal }) => {
    const body = JSON.stringify(payload)
    const answer = await fetch(`${process.env.PSP_URL}/charges`, { method: 'POST', body, signal })
    if (answer.status === 402) throw new JobError('card refused', { retry: false, code: 'CARD_REFUSED' }) // → failed
    if (answer.status === 429) throw new JobError('slow down', { retry: '30s' }) // → queued, in 30 s
    if (!answer.ok) throw new Error(`PSP answered ${answer.status}`) // → queued after the backoff; dead after the eighth time
  }),
)
jobs.on('failed', ({ job, event }) => console.warn(job.payload, 'is now', job.state, event.error?.message))

export async function afterTheOutage(): Promise<void> {
  const { jobs: over } = await jobs.list({ type: 'card.charge', state: ['failed', 'dead'] })
  for (const job of over) console.log(job.state, job.error?.code)
  const count = await jobs.redrive({ type: 'card.charge' }, { actor: 'ada', reason: 'PSP is back' })
  console.log(`${count} dead jobs queued again`)
}
