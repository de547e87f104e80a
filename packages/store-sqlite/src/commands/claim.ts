import type { Claim, ClaimFrom, ClaimResult, JobRecord } from '@stint/core'
import { byAnswerOrder, take } from '@stint/core/store'
import { codeOf, type JobRow, jobOf, WHOLE } from '../record.js'
import { nextDue, places } from './line.js'
import { put } from './put.js'
import { headRow, isPaused } from './read.js'
import type { Step } from './step.js'

const BY_N = `select ${WHOLE} from stint_job where n = ?`
const HELD_BY = `select ${WHOLE} from stint_job indexed by stint_job_lease where token is not null and token = ?`

export function claim(step: Step, given: Claim): ClaimResult {
  const held = given.again ? stillHeld(step, given) : []
  if (held.length > 0) return { jobs: held, nextDueInMs: 0 }
  const jobs: JobRecord[] = []
  let soonest: number | null = null
  for (const from of given.from) {
    const dueInMs = 'ids' in from ? takeIds(step, given, from.ids, jobs) : takeFirst(step, given, from, jobs)
    if (dueInMs !== null && (soonest === null || dueInMs < soonest)) soonest = dueInMs
  }
  return { jobs, nextDueInMs: soonest }
}

type OfQueue = Extract<ClaimFrom, { queue: string }>

/** Answers in how many ms more may be due: 0 when a bound was reached, so nobody looked further. */
function takeFirst(step: Step, given: Claim, from: OfQueue, jobs: JobRecord[]): number | null {
  if (isPaused(step.session, from.queue)) return null
  const limit = Math.min(from.limit, given.max - jobs.length)
  const due = places(step.session, from, { until: step.now, limit })
  for (const { n } of due) jobs.push(takeOne(step, given, n))
  if (due.length === limit) return 0
  const at = nextDue(step.session, from, step.now)
  return at === null ? null : at - step.now
}

/** Each id was looked at, so 0 only when one that is due had to stay. */
function takeIds(step: Step, given: Claim, ids: readonly string[], jobs: JobRecord[]): number | null {
  let soonest: number | null = null
  for (const id of ids) {
    const row = headRow(step.session, id)
    if (row === undefined || row.state !== codeOf('queued') || isPaused(step.session, row.queue)) continue
    if (row.run_at <= step.now && jobs.length < given.max) jobs.push(takeOne(step, given, row.n))
    else soonest = Math.min(soonest ?? Number.POSITIVE_INFINITY, Math.max(0, row.run_at - step.now))
  }
  return soonest
}

function takeOne(step: Step, given: Claim, n: number): JobRecord {
  const before = jobOf(step.session.get<JobRow>(BY_N, n) as JobRow)
  const { job, event } = take(given, before, step.now)
  step.point('record')
  put(step, n, before, job)
  step.tell(n, event)
  return job
}

/** What an earlier call with this token took, in the order in which that call answered. Looks through the live leases, which are few. */
function stillHeld({ session }: Step, { token, from }: Claim): JobRecord[] {
  return session.all<JobRow>(HELD_BY, token).map(jobOf).sort(byAnswerOrder(from))
}
