/** What a store says that it refused, and the record that it shows: a reading, which has to fit at some moment of the call. */
import { holds } from '../../kit.js'
import type { Beat, Change, ChangeResult, InsertResult, NewJob } from '../../store.js'
import { mismatch, recordMismatch } from './mismatch.js'
import type { MakeStep, Step } from './step.js'

type Refused = Exclude<ChangeResult, { ok: true }>

/** The id or the key was taken at one moment; the record may have been read at a later one. */
export function notNew(given: NewJob, told: InsertResult | undefined, step: MakeStep): Step[] {
  const conflict = step(`insert ${given.id}: not new`, true, (model, now) => {
    const { isNew, job } = model.insert(given, now)
    if (!isNew && job.id === told?.job.id) return null
    return isNew
      ? mismatch(
          told?.job.id === given.id ? 'IDEM-1' : 'UNIQ-2',
          `the insert of ${given.id} was not taken for new; nothing stood in its way`,
          { isNew, job },
          told,
          given.id,
        )
      : mismatch('UNIQ-1', `the insert of ${given.id} was answered with another job`, job, told?.job, job.id)
  })
  const shown = step(
    `insert ${given.id}: the job shown`,
    true,
    (model) => (told ? recordMismatch(`the job that was there`, model.get(told.job.id), told.job, told.job.id) : null),
    [conflict],
  )
  return [conflict, shown]
}

export function refusal(given: Change | Beat, told: Refused | undefined, label: string, step: MakeStep): Step[] {
  const guard = 'guard' in given ? given.guard : { token: given.token }
  if (told?.why === 'key') {
    const conflict = step(`${label}: key refused`, true, (model, now) => {
      const result = 'guard' in given ? model.change(given, now) : model.beat(given, now)
      if (!result.ok && result.why === 'key' && result.holder === told.holder) return null
      return mismatch('UNIQ-3', `‘${label}’ was refused for its key`, result, told, given.id)
    })
    const what = `${given.id} as its refusal shows it`
    const shown = step(
      `${label}: the job shown`,
      true,
      (model) => recordMismatch(what, model.get(given.id), told.job, given.id),
      [conflict],
    )
    return [conflict, shown]
  }
  return [
    step(`${label}: refused`, true, (model, now) => {
      const job = model.get(given.id)
      if (!job)
        return told?.why === 'missing'
          ? null
          : mismatch('GUARD-4', `${given.id} is not there`, { why: 'missing' }, told, given.id)
      if (holds(guard, job, now)) {
        const isLate = guard.token !== undefined && job.lease !== null && job.lease.until <= now
        return mismatch(isLate ? 'FENCE-4' : 'GUARD-1', `‘${label}’ was refused; its guard holds`, job, told, given.id)
      }
      if (told?.why !== 'guard')
        return mismatch('GUARD-2', `‘${label}’ was told that there is no such job`, job, told, given.id)
      return recordMismatch(`${given.id} as its refusal shows it`, job, told.job, given.id)
    }),
  ]
}
