/** What a store says that it did, done to the model: the model has to do it as well, and to come to the same record. */
import type { Beat, Change, ChangeResult, InsertResult, NewJob } from '../../store.js'
import { guardClause, type Mismatch, mismatch, recordMismatch } from './mismatch.js'
import type { Follow } from './step.js'

export const inserted =
  (given: NewJob, told: InsertResult): Follow =>
  (model, now) => {
    const clause = model.get(given.id) ? 'IDEM-1' : 'UNIQ-1'
    const { isNew, job } = model.insert(given, now)
    return isNew
      ? recordMismatch(`the new job ${given.id}`, job, told.job, given.id)
      : mismatch(clause, `the insert of ${given.id} was taken for new`, job, told.job, job.id)
  }

/** `move`: the command of the table that it is. */
export const changed =
  (given: Change, told: ChangeResult, move: string): Follow =>
  (model, now) =>
    appliedAs(given, model.change(given, now), told, guardClause(given.guard), move)

export const beaten =
  (given: Beat, told: ChangeResult): Follow =>
  (model, now) =>
    appliedAs(given, model.beat(given, now), told, 'FENCE-1', 'beat')

function appliedAs(
  { id, returning }: Change | Beat,
  model: ChangeResult,
  told: ChangeResult,
  clause: string,
  what: string,
): Mismatch | null {
  if (model.ok) return returning ? recordMismatch(`${id} as it became by ‘${what}’`, model.job, told.job, id) : null
  const of = model.why === 'key' ? 'UNIQ-3' : model.why === 'missing' ? 'GUARD-4' : clause
  return mismatch(of, `‘${what}’ of ${id} was applied; it had to be refused (${model.why})`, model, told, id)
}
