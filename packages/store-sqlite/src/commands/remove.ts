import type { Removal } from '@stint/core'
import { stateOf } from '../record.js'
import type { Step } from './step.js'

// The job first: the trigger lets an event go only when its job is gone.
const JOB = 'delete from stint_job where id = ? and version = ? and state >= 4 returning n, queue, state'
const EVENTS = 'delete from stint_event indexed by stint_event_job where job = ?'

export function remove(step: Step, jobs: readonly Removal[]): boolean[] {
  return jobs.map(({ id, version }) => {
    step.point('record')
    const gone = step.session.get<{ n: number; queue: string; state: number }>(JOB, id, version)
    if (gone === undefined) return false
    step.point('event')
    step.session.run(EVENTS, gone.n)
    step.move(gone.queue, stateOf(gone.state), null)
    return true
  })
}
