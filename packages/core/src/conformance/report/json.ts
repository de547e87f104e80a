import type { CaseReport, ConformanceReport } from '../suite.js'
import { byClause, type ClauseReport } from './by-clause.js'
import type { Stray } from './stray.js'

/**
 * What `--json` writes: the report of `runConformance`, with each clause's outcome. Fields may be added under the same `format`; when one
 * changes or goes, the number rises.
 */
export interface JsonReport extends ConformanceReport {
  readonly format: 1
  /** Wall time of the run. */
  readonly ms: number
  /** In the order of the contract, those that a case was about. */
  readonly clauses: readonly ClauseReport[]
  /** Errors that came up outside every call, each with the case that ran then. No part of the counts; the program ends with 1. */
  readonly strays: readonly Stray[]
}

export function jsonText(report: ConformanceReport, ms: number, strays: readonly Stray[]): string {
  const { cases, ...rest } = report
  const whole: JsonReport = { format: 1, ...rest, ms, clauses: byClause(cases), strays, cases: cases.map(ordered) }
  return `${JSON.stringify(whole, null, 2)}\n`
}

/** A failure last: it is long. */
const ordered = ({ failure, ...rest }: CaseReport): CaseReport => ({ ...rest, failure })
