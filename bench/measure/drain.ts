import { handle, JobQueue, openStore } from '@stint/core'
import { type Context, freshName } from '../context.ts'
import { type Figure, rateOf } from '../figures.ts'
import { mail, mails } from '../mail-job.ts'
import { type Taken, taken } from '../meter.ts'

const JOBS: readonly (readonly [concurrency: number, jobs: number])[] = [
  [10, 3000],
  [100, 10_000],
]

/** A worker with handlers that do nothing, until a full lane is empty and every success is durable. */
export async function drain(context: Context): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const [concurrency, jobs] of JOBS) {
    const took: Taken[] = []
    for (let round = 0; round <= context.rounds; round++)
      took.push(await drainOnce(context, concurrency, context.jobs(jobs)))
    figures.push(rateOf(`drain: concurrency ${concurrency}`, took.slice(1)))
  }
  return figures
}

async function drainOnce({ place }: Context, concurrency: number, count: number): Promise<Taken> {
  await using jobs = new JobQueue({ store: openStore(place.url(freshName())) })
  await jobs.enqueueMany(mails(count))
  let handled = 0
  const { promise: isEmpty, resolve } = Promise.withResolvers<void>()
  const onMail = handle(mail, () => {
    if (++handled === count) resolve()
  })
  const took = await taken(place.pid, async () => {
    const worker = jobs.work(onMail, { concurrency })
    await isEmpty
    // Handlers return before their success is durable; a worker that has stopped has settled everything.
    await worker.stop()
    return count
  })
  const succeeded = await jobs.count({ state: 'succeeded' })
  if (succeeded !== count) throw new Error(`${succeeded} jobs succeeded of ${count}`)
  return took
}
