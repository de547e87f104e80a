import { JobQueue, openStore } from '@stint/core'
import { type Context, freshName } from '../context.ts'
import { type Figure, rateOf } from '../figures.ts'
import { mail, payload } from '../mail-job.ts'
import { rounds } from '../rounds.ts'

const JOBS = 5000
const PRODUCERS = 100

/** A hundred producers, each of which awaits its own job before it asks for the next. */
export async function enqueueCrowd(context: Context): Promise<Figure[]> {
  await using jobs = new JobQueue({ store: openStore(context.place.url(freshName())) })
  const count = context.jobs(JOBS)
  const took = await rounds(context, async () => {
    let left = count
    const produce = async (): Promise<void> => {
      while (left-- > 0) await jobs.enqueue(mail, payload)
    }
    await Promise.all(Array.from({ length: PRODUCERS }, produce))
    return count
  })
  return [rateOf(`enqueue: ${PRODUCERS} in flight`, took)]
}
