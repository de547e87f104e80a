import type { Job, JobQueue, ListOptions } from '@stint/core'

/** The process is in the name, so that the next run can see whether it is still there. */
export const workerName = `checksum-folder-${process.pid}`

export interface Holder {
  readonly pid: number
  readonly isAlive: boolean
  jobs: number
}

/** Whoever has jobs of this lane in hand: another run that works right now, or one that was killed. */
export async function holdersOf(jobs: JobQueue, queue: string): Promise<readonly Holder[]> {
  const { leased, running } = await jobs.stats(queue)
  if (leased + running === 0) return []
  const holders = new Map<string, Holder>()
  for await (const { lease } of every(jobs, { queue, state: ['leased', 'running'] })) {
    if (lease === null) continue
    const pid = Number(lease.workerId.split('-').at(-1))
    const holder = holders.get(lease.workerId) ?? { pid, isAlive: isAlive(pid), jobs: 0 }
    holder.jobs++
    holders.set(lease.workerId, holder)
  }
  return [...holders.values()]
}

/** All jobs that match, page by page. */
export async function* every(jobs: JobQueue, options: ListOptions): AsyncGenerator<Job> {
  let cursor: string | undefined
  do {
    const page = await jobs.list({ ...options, limit: 1000, cursor })
    yield* page.jobs
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
}

/** In a container a restarted program may well have the number of the killed one: that is nobody else. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
