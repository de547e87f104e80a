import type { Restored } from '@stint/core'
import { COLUMNS } from '../record.js'
import type { Step } from './step.js'

const INSERT = `insert into stint_job(${COLUMNS.map(([column]) => column).join(', ')})
  values (${COLUMNS.map(() => '?').join(', ')}) on conflict do nothing`

/** As given, but for the places in the feed, which are new. A job whose id is here already, or whose unique key a live one has, stays out. */
export function restore(step: Step, jobs: readonly Restored[]): boolean[] {
  return jobs.map(({ job, events }) => {
    step.point('record')
    const { changes, lastInsertRowid } = step.session.run(INSERT, ...COLUMNS.map(([, read]) => read(job)))
    if (changes === 0) return false
    step.point('event')
    for (const event of events) step.write(lastInsertRowid, event)
    step.move(job.queue, null, job.state)
    if (job.state === 'queued') step.wake(job.queue)
    return true
  })
}
