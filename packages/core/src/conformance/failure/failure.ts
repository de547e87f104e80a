/** What is told of a case that failed: the clause, the promise, where to look, both records, and who did what when. */
import { AssertionError } from 'node:assert/strict'
import { inspect } from 'node:util'
import type { StoreCase } from '../case.js'
import { clauseOf, PROMISES } from '../clauses.js'
import { Overdue } from '../stage/deadline.js'
import type { Stage } from '../stage/stage.js'
import { brief, sinceStart } from './brief.js'
import { differences } from './difference.js'
import { placesIn } from './places.js'
import { recordsOf } from './records-shown.js'
import { isError } from './thrown.js'

export interface Failure {
  readonly message: string
  /** Where the case compared two values; null: it says in its message what it wanted. */
  readonly expected: string | null
  readonly got: string | null
  /** Where they differ, place by place; empty: as a whole. */
  readonly differences: readonly string[]
  /** The lines of the case that asked, innermost first, as far as the code can be read. */
  readonly asked: readonly string[]
  /** The clauses that are broken, the likeliest first. */
  readonly clauses: readonly BrokenClause[]
  /** The jobs that the last writes were about, as the store shows them, each with its events. */
  readonly records: readonly string[]
  /** The calls before the failure, in the order of their moments. */
  readonly interleaving: readonly string[]
  readonly stack: string | null
  /** The case had said all it had to say: it is what it left behind that does not hold. */
  readonly isAfter: boolean
  /** What was thrown was no judgement of the suite: the store, or what it stands on, threw it. */
  readonly isThrown: boolean
}

export interface BrokenClause {
  readonly id: string
  readonly says: string
  readonly promise: string
  readonly look: string
}

export async function failureOf(one: StoreCase, error: unknown, stage: Stage): Promise<Failure> {
  const interleaving = stage.transcript.lines()
  const compared = comparedIn(error)
  const isThrown = !(error instanceof AssertionError || error instanceof Overdue)
  return {
    message: messageOf(error, compared),
    expected: compared && told(compared.expected),
    got: compared && told(compared.got),
    differences: compared ? differences(compared.expected, compared.got) : [],
    asked: !(error instanceof AssertionError) || namedIn(error) !== null ? [] : placesIn(error.stack),
    clauses: brokenBy(one, error, stage),
    records: await recordsOf(stage, error),
    interleaving,
    stack: rootOf(error)?.stack ?? null,
    isAfter: stage.transcript.isAfter,
    isThrown,
  }
}

/** What was thrown first. */
function rootOf(error: unknown): Error | null {
  if (!isError(error)) return null
  return rootOf(error.cause) ?? error
}

/**
 * The invariants begin their messages with the clause they are about. They are looked at when the case has said all it had to say, so it is that
 * clause which is broken and not those of the case.
 */
function brokenBy(one: StoreCase, error: unknown, stage: Stage): BrokenClause[] {
  const named = namedIn(error)
  const own = named === null ? one.clauses : [named]
  // A call that nobody answers is one thing, whatever it asked for.
  const ids = new Set(error instanceof Overdue && stage.transcript.waiting().length > 0 ? ['FAULT-2', ...own] : own)
  return [...ids].flatMap((id) => {
    const clause = clauseOf(id)
    if (!clause) return []
    const { says, promise, look } = clause
    return [{ id, says, promise: `${promise} (${PROMISES[promise]})`, look }]
  })
}

function namedIn(error: unknown): string | null {
  const named = /^([A-Z]+-\d+): /.exec(isError(error) ? error.message : '')?.[1]
  return named !== undefined && clauseOf(named) ? named : null
}

interface Compared {
  readonly expected: unknown
  readonly got: unknown
}

const COMPARING = ['strictEqual', 'deepStrictEqual', 'notStrictEqual', 'notDeepStrictEqual', 'match', 'doesNotMatch']

function comparedIn(error: unknown): Compared | null {
  if (!(error instanceof AssertionError) || !COMPARING.includes(error.operator)) return null
  return { expected: error.expected, got: error.actual }
}

/** Node's own words for a comparison repeat both values. They are told once, place by place. */
function messageOf(error: unknown, compared: Compared | null): string {
  if (!isError(error)) return `something was thrown that is no Error: ${inspect(error)}`
  if (error instanceof AssertionError) {
    const [said = ''] = error.message.split('\n\n')
    if (error.operator === '==' && error.generatedMessage) return `this does not hold: ${expressionIn(error)}`
    if (!error.generatedMessage || !compared) return said
    if (error.operator.startsWith('not')) return 'two values are equal and must not be'
    const { expected, got } = compared
    const [first, second] = differences(expected, got)
    if (first === undefined) return `expected ${brief(expected, 200)}, got ${brief(got, 200)}`
    return second === undefined ? first : `${first} (and more)`
  }
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : ''
  const because = isError(error.cause) ? error.cause.message : ''
  const cause = error.message.includes(because) ? '' : ` (cause: ${because})`
  return `${error.name === 'Error' ? '' : `${error.name}: `}${code}${error.message}${cause}`
}

/** Node reads it from the code, where it can. */
const expressionIn = ({ message, actual }: AssertionError): string =>
  message.split('\n\n')[1]?.trim() || `${brief(actual)} is true`

const told = (value: unknown): string =>
  sinceStart(inspect(value, { depth: 6, breakLength: 110, maxArrayLength: 20, maxStringLength: 200 }))
