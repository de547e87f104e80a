import type { InsertResult, JobRecord, NewJob } from '@stint/core'
import { admit } from '@stint/core/store'
import { codeOf, tagsOf } from '../record.js'
import { byId, byKey } from './read.js'
import type { Session } from './session.js'
import type { Step } from './step.js'

// "do nothing" meets both conflicts, the id's and the key's, so the usual case asks nothing beforehand.
const INSERT = `insert into stint_job(id, queue, type, state, version, priority, run_at, attempt, max_attempts, key, key_until, grp, tags,
    created_at, updated_at, ext, payload)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`

export function insert(step: Step, given: NewJob): InsertResult {
  const { job, event } = admit(given, step.now)
  step.point('record')
  const { changes, lastInsertRowid } = step.session.run(
    INSERT,
    job.id,
    job.queue,
    job.type,
    codeOf(job.state),
    job.version,
    job.priority,
    job.runAt,
    job.attempt,
    job.maxAttempts,
    job.key,
    job.keyUntil === 'claimed' ? 1 : 0,
    job.group,
    tagsOf(job),
    job.createdAt,
    job.updatedAt,
    job.ext,
    job.payload,
  )
  if (changes === 0) return { isNew: false, job: present(step.session, given) }
  step.tell(lastInsertRowid, event)
  // As it will be read: SQLite knows no -0 (DATA-4).
  return { isNew: true, job: { ...job, priority: job.priority + 0, runAt: job.runAt + 0 } }
}

/** The job that was there already: an existing id goes before a key (UNIQ-1). */
function present(session: Session, given: NewJob): JobRecord {
  const job = byId(session, given.id) ?? (given.key === null ? null : byKey(session, given.queue, given.key))
  if (job === null) throw new Error(`neither id nor key of job ${given.id} is taken, and yet it could not be inserted`)
  return job
}
