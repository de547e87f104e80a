import { defineJob, handle, JobQueue, unchecked } from '@stint/core'
import { sqliteStore } from '@stint/store-sqlite' // or memoryStore() from core

const greet = defineJob({ type: 'greet', payload: unchecked<{ name: string }>() })

await using jobs = new JobQueue({ store: sqliteStore({ path: 'jobs.db' }) })
jobs.work(handle(greet, async ({ payload }) => console.log(`hello ${payload.name}`)))

const job = await jobs.enqueue(greet, { name: 'Ada' })
await jobs.wait(job, { timeout: '5s' })
