import { defineJob, handle, JobQueue, memoryStore, unchecked } from '@stint/core'

export const mail = defineJob({ type: 'mail', payload: unchecked<{ to: string }>(), queue: 'mail' })
export const push = defineJob({ type: 'push', payload: unchecked<{ to: string }>(), queue: 'push' })
export const video = defineJob({ type: 'video', payload: unchecked<{ file: string }>(), queue: 'video' })
const onMail = handle(mail, ({ payload }) => `mailed ${payload.to}`)
const onPush = handle(push, ({ payload }) => `pushed ${payload.to}`)
const onVideo = handle(video, ({ payload }) => `cut ${payload.file}`)

export const jobs = new JobQueue({
  store: memoryStore(),
  defaults: { maxAttempts: 3 },
  queues: { video: { maxQueued: 500, retention: { succeeded: '1d', dead: '90d' } }, mail: { maxFinished: 1000 } },
})
jobs.work([onMail, onPush], { concurrency: 50 }) // lanes come from the definitions
jobs.work(onVideo, { concurrency: 1, lease: '2m' })
export const bulk = jobs.work(onMail, { queues: ['mail-bulk'], concurrency: 5 }) // the same handler on a slower lane

await jobs.pause('video', { actor: 'ada' })
console.log((await jobs.stats('mail')).queued)
