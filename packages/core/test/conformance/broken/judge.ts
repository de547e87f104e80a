/** Whether a case failed of the defect: it blames the clause, and nothing in the broken store itself fell over. */
import type { StoreCase } from '../../../src/conformance/case.js'

/** A slow machine is no defect. */
const isLate = (message: string): boolean => /was not over within/.test(message)

/** What is broken when an invariant does not hold after a fault, whichever it is. */
const AFTER_A_FAULT = ['ATOM-1', 'FAULT-3']

/** An invariant names its clause first, and is about that one; any other failure is about what the case says that it proves. */
export function blamed(one: StoreCase, message: string): readonly string[] {
  if (isLate(message)) return []
  const named = /^([A-Z]+-\d+)\b/.exec(message)?.[1]
  if (named === undefined) return one.clauses
  const isAfterAFault = AFTER_A_FAULT.every((clause) => one.clauses.includes(clause))
  return isAfterAFault ? [...new Set([named, ...AFTER_A_FAULT])] : [named]
}

const ACCIDENTS = [TypeError, ReferenceError, RangeError, SyntaxError]

/** The programming mistake at the bottom of a failure, if there is one: thrown by it, caused it, or compared by it. */
export function accidentIn(error: unknown, depth = 0): Error | null {
  if (!(error instanceof Error) || depth > 8) return null
  if (ACCIDENTS.some((accident) => error instanceof accident)) return error
  const inside = [
    error.cause,
    'actual' in error ? error.actual : null,
    ...(error instanceof AggregateError ? error.errors : []),
  ]
  return inside.map((one) => accidentIn(one, depth + 1)).find((one) => one !== null) ?? null
}
