import { defineJob, JobQueue, memoryStore, unchecked } from '@stint/core'

export const report = defineJob({ type: 'report', payload: unchecked<{ user: string }>() })
export const index = defineJob({ type: 'search.index', payload: unchecked<{ doc: string; rev: number }>() })
export const jobs = new JobQueue({ store: memoryStore() })

await jobs.enqueue(report, { user: 'ada' }, { delay: '2h' })
await jobs.enqueue(report, { user: 'bob' }, { runAt: new Date('2030-01-01T06:00:00Z'), priority: 90 })

const one = await jobs.enqueue(report, { user: 'eve' }, { uniqueKey: 'report:eve' })
const same = await jobs.enqueue(report, { user: 'eve' }, { uniqueKey: 'report:eve' })
console.log(same.id === one.id, same.isNew) // true false

// Debounce: each edit moves the job five seconds on and replaces its payload; an edit during the run makes one more run.
export const edited = (rev: number) =>
  jobs.enqueue(
    index,
    { doc: '42', rev },
    { uniqueKey: 'doc:42', uniqueUntil: 'claimed', ifExists: 'replace', delay: '5s' },
  )
await edited(7)

// A thousand at once: one write for each 500. Promise.all over enqueue() costs one commit too, with an answer for each.
await jobs.enqueueMany(['a', 'b', 'c'].map((user) => ({ job: report, payload: { user } })))
