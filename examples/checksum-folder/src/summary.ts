import type { Job, JobQueue, JobState } from '@stint/core'
import { checksum, type FileRef, ON_PURPOSE } from './definitions.js'
import { every } from './holders.js'
import type { Tally } from './tally.js'
import type { Skipped } from './walk.js'

export interface Failure {
  readonly state: JobState
  readonly type: string
  readonly path: string
  readonly code: string | null
  readonly message: string
  readonly attempt: number
}

export interface Summary {
  readonly files: number
  readonly bytes: number
  readonly lines: number
  readonly skipped: readonly Skipped[]
  readonly jobs: { readonly [end in 'total' | 'succeeded' | 'failed' | 'dead' | 'cancelled' | 'open']: number }
  readonly bytesOfThisRun: number
  readonly gone: ReadonlySet<string>
  /** By path: why. */
  readonly unreadable: ReadonlyMap<string, string>
  readonly onPurpose: readonly Failure[]
  readonly unexpected: readonly Failure[]
}

/** Ends and results are in the store, also those of earlier runs. */
export async function summarise(
  jobs: JobQueue,
  queue: string,
  since: Date,
  skipped: readonly Skipped[],
): Promise<Summary> {
  const { succeeded, failed, dead, cancelled, ...rest } = await jobs.stats(queue)
  const open = Object.values(rest).reduce((sum, count) => sum + count, 0)
  const total = succeeded + failed + dead + cancelled + open
  const results = await readResults(jobs, queue, since)
  const failures = failed + dead === 0 ? noFailures() : await readFailures(jobs, queue)
  return { ...results, ...failures, skipped, jobs: { total, succeeded, failed, dead, cancelled, open } }
}

async function readResults(jobs: JobQueue, queue: string, since: Date) {
  const sum = { files: 0, bytes: 0, lines: 0, bytesOfThisRun: 0 }
  for await (const job of every(jobs, { queue, type: checksum.type })) {
    sum.files++
    if (job.state !== 'succeeded') continue
    const { bytes, lines } = job.result as { bytes: number; lines: number }
    sum.bytes += bytes
    sum.lines += lines
    if (job.finishedAt && job.finishedAt >= since) sum.bytesOfThisRun += bytes
  }
  return sum
}

const noFailures = () => ({
  gone: new Set<string>(),
  unreadable: new Map<string, string>(),
  onPurpose: [] as Failure[],
  unexpected: [] as Failure[],
})

async function readFailures(jobs: JobQueue, queue: string) {
  const found = noFailures()
  for await (const job of every(jobs, { queue, state: ['failed', 'dead'], order: 'oldest' })) {
    const failure = failureOf(job)
    if (failure.code === 'FILE_GONE') found.gone.add(failure.path)
    else if (failure.code === 'FILE_UNREADABLE') found.unreadable.set(failure.path, failure.message)
    else (ON_PURPOSE.has(failure.code) ? found.onPurpose : found.unexpected).push(failure)
  }
  return found
}

function failureOf({ state, type, payload, attempt, error }: Job): Failure {
  return {
    state,
    type,
    path: (payload as FileRef).path,
    code: error?.code ?? null,
    message: error?.message ?? 'no error was recorded',
    attempt,
  }
}

/** The exit code: what was owed and is missing. A file that has gone owes nothing, and the demo's own failures are meant. */
export const isAllWell = (summary: Summary): boolean =>
  summary.unexpected.length === 0 && summary.unreadable.size === 0 && !summary.skipped.some((one) => one.isTrouble)

/** One line for programs; described in the README. */
export function asJson(
  summary: Summary,
  tally: Tally,
  run: { folder: string; store: string; new: number; seconds: number; stopped: boolean; doneAlready: boolean },
): string {
  return JSON.stringify({
    folder: run.folder,
    store: run.store,
    files: summary.files,
    bytes: summary.bytes,
    lines: summary.lines,
    skipped: summary.skipped.length,
    jobs: summary.jobs,
    thisRun: {
      jobs: tally.thisRun.jobs,
      new: run.new,
      bytes: summary.bytesOfThisRun,
      seconds: Number(run.seconds.toFixed(3)),
      retries: tally.thisRun.retries,
      leasesExpired: tally.thisRun.leasesExpired,
    },
    retries: tally.retries,
    leasesExpired: tally.leasesExpired,
    completedTwice: tally.completedTwice,
    gone: summary.gone.size,
    unreadable: summary.unreadable.size,
    unexpected: summary.unexpected.length,
    stopped: run.stopped,
    doneAlready: run.doneAlready,
  })
}
