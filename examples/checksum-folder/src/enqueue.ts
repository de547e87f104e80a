import { join } from 'node:path'
import type { JobQueue } from '@stint/core'
import { jobsOf } from './definitions.js'
import { filesUnder, type Skipped } from './walk.js'

/** Files of one `enqueueMany`: with three jobs each, some 500 jobs, which is one write. */
const FILES_TOGETHER = 166

export interface Enqueued {
  readonly files: number
  readonly jobs: number
  /** The others were there already, from a run before or beside this one. */
  readonly new: number
  readonly skipped: readonly Skipped[]
  /** False: a signal came before the end of the folder. */
  readonly isWhole: boolean
}

/** The jobs of every file under the folder. A signal ends it early: what is written is written, and the next run writes the rest. */
export async function enqueueFolder(
  jobs: JobQueue,
  queue: string,
  folder: string,
  options: { readonly leaveOut: readonly string[]; readonly signal: AbortSignal },
): Promise<Enqueued> {
  const skipped: Skipped[] = []
  const sum = { files: 0, jobs: 0, new: 0 }
  let paths: string[] = []
  const write = async (): Promise<void> => {
    const answers = await jobs.enqueueMany(paths.flatMap((path) => jobsOf({ folder, path }, queue)))
    sum.files += paths.length
    sum.jobs += answers.length
    sum.new += answers.filter((job) => job.isNew).length
    paths = []
  }
  for await (const path of filesUnder(folder, (one) => skipped.push(one))) {
    if (options.signal.aborted) return { ...sum, skipped, isWhole: false }
    if (options.leaveOut.includes(join(folder, path))) continue
    paths.push(path)
    if (paths.length === FILES_TOGETHER) await write()
  }
  await write()
  return { ...sum, skipped, isWhole: true }
}
