import type { Beat, Change, ChangeResult, JobRecord } from '@stint/core'
import { apply, holds, isTerminal } from '@stint/core/store'
import { jobOf } from '../record.js'
import { put } from './put.js'
import { byId, headRow, holderOf } from './read.js'
import type { Step } from './step.js'

/** Judging and writing are one step because the write lock is ours since before the record was read (GUARD-1). */
export function change(step: Step, given: Change): ChangeResult {
  const { session, now } = step
  const row = headRow(session, given.id)
  if (row === undefined) return { ok: false, why: 'missing', job: null }
  const before = jobOf(row)
  if (!holds(given.guard, before, now)) return { ok: false, why: 'guard', job: byId(session, given.id) as JobRecord }
  const { job, event } = apply(given, before, now)
  const revives = isTerminal(before.state) && !isTerminal(job.state)
  const holder = revives && job.key !== null ? holderOf(session, job.queue, job.key) : undefined
  if (holder !== undefined) return { ok: false, why: 'key', job: byId(session, given.id) as JobRecord, holder }
  step.point('record')
  put(step, row.n, before, job, given.set)
  step.tell(row.n, event)
  return { ok: true, job: given.returning ? byId(session, given.id) : null }
}

// The kit's `beat`, as one statement.
const BEAT = `update stint_job set updated_at = max(?, updated_at), lease_until = coalesce(?, lease_until), progress = coalesce(?, progress),
    checkpoint = coalesce(?, checkpoint), log = coalesce(?, log)
  where id = ? and token = ?`

export function beat(step: Step, given: Beat): ChangeResult {
  const { session, now } = step
  step.point('beat')
  const until = given.leaseMs === undefined ? null : now + given.leaseMs
  const { changes } = session.run(
    BEAT,
    now,
    until,
    given.progress ?? null,
    given.checkpoint ?? null,
    given.log ?? null,
    given.id,
    given.token,
  )
  if (changes === 1) return { ok: true, job: given.returning ? byId(session, given.id) : null }
  const job = byId(session, given.id)
  return job === null ? { ok: false, why: 'missing', job } : { ok: false, why: 'guard', job }
}
