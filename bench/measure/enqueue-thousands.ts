import { JobQueue, openStore } from '@stint/core'
import { type Context, freshName } from '../context.ts'
import { type Figure, rateOf } from '../figures.ts'
import { mail, mails, payload } from '../mail-job.ts'
import { rounds } from '../rounds.ts'

const JOBS = 10_000

/** Thousands asked for at once: by as many calls, and by one. */
export async function enqueueThousands(context: Context): Promise<Figure[]> {
  await using jobs = new JobQueue({ store: openStore(context.place.url(freshName())) })
  const count = context.jobs(JOBS)
  const calls = await rounds(context, async () => {
    await Promise.all(Array.from({ length: count }, () => jobs.enqueue(mail, payload)))
    return count
  })
  const many = await rounds(context, async () => {
    await jobs.enqueueMany(mails(count))
    return count
  })
  return [rateOf(`enqueue: ${count} calls at once`, calls), rateOf(`enqueue: ${count} by enqueueMany`, many)]
}
