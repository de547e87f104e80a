/** What became of each clause: a clause is as good as the worst of its cases. */
import { CLAUSES } from '../clauses.js'
import type { CaseOutcome, CaseReport } from '../suite.js'

export interface ClauseReport {
  readonly id: string
  readonly outcome: CaseOutcome
  /** How many of its cases did. */
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly notExercised: number
}

/** In the order of the contract; those that no case was about are left out. */
export function byClause(cases: readonly CaseReport[]): ClauseReport[] {
  return CLAUSES.flatMap(({ id }) => {
    const outcomes = cases.flatMap((one) => outcomesFor(id, one))
    if (outcomes.length === 0) return []
    const number = (outcome: CaseOutcome): number => outcomes.filter((one) => one === outcome).length
    const [passed, failed, skipped, notExercised] = [
      number('passed'),
      number('failed'),
      number('skipped'),
      number('not exercised'),
    ]
    const outcome =
      failed > 0 ? 'failed' : notExercised > 0 ? 'not exercised' : passed > 0 ? 'passed' : ('skipped' as const)
    return [{ id, outcome, passed, failed, skipped, notExercised }]
  })
}

/**
 * A case that failed by an invariant, after it had said all it had to say: its own clauses held, and the one of the invariant did not, whether
 * the case is about it or not. A case that failed by one of its clauses says nothing of the others.
 */
function outcomesFor(id: string, { clauses, outcome, failure }: CaseReport): CaseOutcome[] {
  if (failure?.clauses.some((one) => one.id === id)) return ['failed']
  if (!clauses.includes(id)) return []
  if (!failure) return [outcome]
  return failure.isAfter ? ['passed'] : []
}
