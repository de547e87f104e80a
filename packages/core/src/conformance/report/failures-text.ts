/** The failures, those first that say most: a store that breaks one thing may fail in hundreds of cases. */

import { textOf } from '../failure/failure-text.js'
import type { CaseReport } from '../suite.js'
import { byClause } from './by-clause.js'
import type { Paint } from './colours.js'

/** As many are told in full unless all are asked for. */
const IN_FULL = 6

interface Failed {
  readonly one: CaseReport
  /** The clause that it breaks first of all. */
  readonly clause: string
  readonly weight: number
}

export function failuresText(cases: readonly CaseReport[], paint: Paint, isVerbose: boolean): string {
  const groups = [...Map.groupBy(ranked(cases), ({ clause }) => clause).values()]
  const full = isVerbose ? groups.flat() : groups.slice(0, IN_FULL).flatMap(([first]) => first ?? [])
  const blocks = full.map(({ one }, n) => failureText(one, n + 1, paint))
  const brief = isVerbose ? [] : groups.flatMap((group, n) => restText(group, n < IN_FULL))
  if (brief.length > 0) {
    const title = `${paint('red', 'Failed too')}, likely for the same reasons; in full by --verbose, or by --only CLAUSE:`
    blocks.push([title, ...brief].join('\n'))
  }
  return blocks.join('\n\n')
}

/**
 * A defect fails most cases of its own clause and a few of many others, so the clause that fails most of its cases comes first, as
 * if four more had passed: one of one says less than nine of ten.
 */
function ranked(cases: readonly CaseReport[]): Failed[] {
  const weights = new Map(byClause(cases).map(({ id, failed, passed }) => [id, failed / (failed + passed + 4)]))
  const weigh = (one: CaseReport): Failed[] => {
    if (one.outcome !== 'failed') return []
    const clauses = (one.failure?.clauses ?? []).map(({ id }) => ({ clause: id, weight: weights.get(id) ?? 0 }))
    const [first] = clauses.sort((a, b) => b.weight - a.weight)
    return [{ one, ...(first ?? { clause: one.chapter, weight: 0 }) }]
  }
  return cases.flatMap(weigh).sort((a, b) => b.weight - a.weight)
}

function failureText({ name, failure, ms }: CaseReport, n: number, paint: Paint): string {
  const text = (failure ? textOf(failure) : '').replace(/^(?=.)/gm, '  ')
  return `${paint('red', `Failure ${n}`)}  ${paint('bold', name)}  ${paint('dim', `${ms} ms`)}\n\n${text}`
}

/** How many of one clause are left, and which is the first of them. */
function restText(group: readonly Failed[], isFirstTold: boolean): string[] {
  const rest = group.slice(isFirstTold ? 1 : 0)
  const [first] = rest
  if (!first) return []
  const others = rest.length === 1 ? '' : `, and ${rest.length - 1} more`
  return [`  ${first.clause.padEnd(10)} ${first.one.name}${others}`, `  ${''.padEnd(10)} ${first.one.reason ?? ''}`]
}
