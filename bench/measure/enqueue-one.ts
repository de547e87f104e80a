import { JobQueue, openStore } from '@stint/core'
import { type Context, freshName } from '../context.ts'
import { type Figure, rateOf } from '../figures.ts'
import { mail, payload } from '../mail-job.ts'
import { rounds } from '../rounds.ts'

const JOBS = 300

/** A lone producer: each job is durable before the next is asked for. */
export async function enqueueOne(context: Context): Promise<Figure[]> {
  await using jobs = new JobQueue({ store: openStore(context.place.url(freshName())) })
  const count = context.jobs(JOBS)
  const took = await rounds(context, async () => {
    for (let n = 0; n < count; n++) await jobs.enqueue(mail, payload)
    return count
  })
  return [rateOf('enqueue: one awaited', took)]
}
