import { defineJob, isStintError, JobQueue, memoryStore, unchecked } from '@stint/core'

const upload = defineJob({
  type: 'file_processing',
  payload: unchecked<{ file: string }>(),
  result: unchecked<{ documentId: string }>(),
  queue: 'tracking',
})
export const jobs = new JobQueue({ store: memoryStore(), queues: { tracking: { retention: '5m' } } })

export const job = jobs.track(upload, { file: 'contract.pdf' }) // synchronous: job.jobId exists now
job.progress({ percent: 0, message: 'Upload queued' }) // calls on one job are committed in the order they were made
job.start()
job.progress({ percent: 50, message: 'Analysing…' })
job.succeed({ documentId: 'doc_123' })
await job.written // the first write is durable; each call's own promise says it for that call

const later = jobs.tracked(job.jobId) // by id, in any process
await later.fail(new Error('too late')).catch((error: unknown) => {
  if (isStintError(error)) console.log(error.code) // WRONG_STATE: it is over
})
