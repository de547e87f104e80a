/** Records that nobody else holds: what a caller does to an answer, or to its own question later, reaches no store (READ-2). */
import type { JobRecord } from './record.js'

/** Adding 0 turns −0 into 0 (DATA-4). */
export const copyJob = (job: JobRecord): JobRecord => ({
  ...job,
  priority: job.priority + 0,
  runAt: job.runAt + 0,
  attempt: job.attempt + 0,
  tags: [...job.tags],
  lease: job.lease && { ...job.lease },
})

/** Without the four bodies: what lists show unless asked for more (LIST-5). */
export const copyHead = (job: JobRecord): JobRecord => ({
  ...copyJob(job),
  payload: null,
  result: null,
  checkpoint: null,
  log: null,
})
