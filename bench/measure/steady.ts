import { handle, JobQueue, openStore } from '@stint/core'
import { type Context, freshName } from '../context.ts'
import { type Figure, rateOf } from '../figures.ts'
import { mail, mails } from '../mail-job.ts'
import { Stretches, type Taken } from '../meter.ts'

const CONCURRENCY = 100
const BATCH = 250
/** Jobs that wait at most: the producer pauses above. */
const BACKLOG = 2000
/** Finished jobs stay, so a fast store in memory must not be let fill the machine. */
const MOST_JOBS = 2_000_000
/** The first and the last such share of the time stand beside each other: ten seconds of a minute. */
const WINDOWS = 6

/**
 * Producing and working at once, as fast as it goes, history kept. Bursts do not show what grows: dead rows, logs, what is published later. So the
 * end is compared with the beginning, in rate and in CPU a job.
 */
export async function steady(context: Context): Promise<Figure[]> {
  const { place, steadyMs } = context
  await using jobs = new JobQueue({ store: openStore(place.url(freshName())) })
  await jobs.open()
  let open = 0
  let total = 0
  let wake: (() => void) | null = null
  const windows = new Stretches(place.pid, () => total)
  const worker = jobs.work(
    handle(mail, () => {
      open--
      total++
      wake?.()
    }),
    { concurrency: CONCURRENCY },
  )
  const begun = performance.now()
  for (let window = 1; window <= WINDOWS && total < MOST_JOBS; window++) {
    while (performance.now() - begun < (steadyMs * window) / WINDOWS && total < MOST_JOBS) {
      if (open < BACKLOG) {
        open += BATCH
        await jobs.enqueueMany(mails(BATCH))
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        wake = null
      }
    }
    windows.cut()
  }
  await worker.stop()
  return figuresOf(steadyMs, windows.all)
}

function figuresOf(steadyMs: number, windows: readonly Taken[]): Figure[] {
  const [first, last] = [windows[0], windows.at(-1)]
  if (first === undefined || last === undefined) return []
  const seconds = `${(steadyMs / WINDOWS / 1000).toFixed(1)} s`
  const all = rateOf(`steady ${Math.round(steadyMs / 1000)} s: enqueue and work`, windows)
  const rates = windows.map(({ jobs, wallMs }) => `${(jobs / wallMs).toFixed(1)}K`)
  const end = rateOf(`steady: last ${seconds}`, [last])
  const begin = rateOf(`steady: first ${seconds}`, [first])
  return [
    {
      ...all,
      note: `each ${seconds}: ${rates.join(', ')}${windows.length < WINDOWS ? `; ended after ${MOST_JOBS} jobs` : ''}`,
    },
    begin,
    {
      ...end,
      note: begin.value > 0 ? `${(end.value / begin.value).toFixed(2)} of the first` : 'nothing was done in the first',
    },
  ]
}
