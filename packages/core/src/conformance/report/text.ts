/** The report as people read it on a terminal: clauses, what was not tried and why, failures in full, totals. */
import type { Capabilities } from '../../capabilities.js'
import type { CaseOutcome, CaseReport, ConformanceReport } from '../suite.js'
import { byClause, type ClauseReport } from './by-clause.js'
import type { Colour, Paint } from './colours.js'
import { failuresText } from './failures-text.js'
import { type Stray, strayText } from './stray.js'

const WORDS: Readonly<Record<CaseOutcome, { readonly word: string; readonly colour: Colour }>> = {
  passed: { word: 'pass', colour: 'green' },
  failed: { word: 'FAIL', colour: 'red' },
  skipped: { word: 'skip', colour: 'dim' },
  'not exercised': { word: 'not exercised', colour: 'yellow' },
}
export const WORDS_WIDTH = 'not exercised'.length

export interface Wishes {
  readonly paint: Paint
  readonly isVerbose: boolean
  readonly isQuiet: boolean
  /** Not all cases were run: a clause is judged by those that were. */
  readonly isPart: boolean
}

export const outcomeWord = (outcome: CaseOutcome, paint: Paint): string => {
  const { word, colour } = WORDS[outcome]
  return paint(colour, word.padEnd(WORDS_WIDTH))
}

/** `12 passed, 1 skipped`; nothing of what is none. */
export const countsText = (counts: Omit<ClauseReport, 'id' | 'outcome'>): string =>
  [
    counts.failed > 0 ? `${counts.failed} failed` : '',
    counts.passed > 0 ? `${counts.passed} passed` : '',
    counts.skipped > 0 ? `${counts.skipped} skipped` : '',
    counts.notExercised > 0 ? `${counts.notExercised} not exercised` : '',
  ]
    .filter((text) => text !== '')
    .join(', ')

export function reportText(report: ConformanceReport, ms: number, strays: readonly Stray[], wishes: Wishes): string {
  const { paint, isQuiet } = wishes
  const parts = isQuiet
    ? []
    : [
        clausesText(report.cases, wishes),
        untriedText(report.cases, 'skipped'),
        untriedText(report.cases, 'not exercised'),
      ]
  const all = [
    ...parts,
    failuresText(report.cases, wishes.paint, wishes.isVerbose),
    ...strays.map(strayText),
    totalsText(report, ms, paint),
  ]
  return `${all.filter((text) => text !== '').join('\n\n')}\n`
}

function clausesText(cases: readonly CaseReport[], { paint, isPart }: Wishes): string {
  const lines = byClause(cases).map(
    (clause) => `  ${clause.id.padEnd(10)} ${outcomeWord(clause.outcome, paint)}  ${paint('dim', countsText(clause))}`,
  )
  return [paint('bold', isPart ? 'Clauses, by the cases that were run' : 'Clauses'), ...lines].join('\n')
}

/** By their reasons: a store that cannot do one thing is told so once. */
function untriedText(cases: readonly CaseReport[], outcome: 'skipped' | 'not exercised'): string {
  const untried = cases.filter((one) => one.outcome === outcome)
  if (untried.length === 0) return ''
  const byReason = Map.groupBy(untried, ({ reason }) => reason ?? '')
  const lines = [...byReason].flatMap(([reason, those]) => {
    if (outcome === 'not exercised') return those.map(({ name }) => `  ${name}\n    ${reason}`)
    const clauses = [...new Set(those.flatMap((one) => one.clauses))]
    return [`  ${reason}: ${those.length} ${those.length === 1 ? 'case' : 'cases'} (${clauses.join(', ')})`]
  })
  const title =
    outcome === 'skipped' ? 'Skipped' : 'Not exercised: these cases ran and could not bring about what they are about'
  return [title, ...lines].join('\n')
}

// ---- totals ---------------------------------------------------------------------------------------------------------

function totalsText(report: ConformanceReport, ms: number, paint: Paint): string {
  const { passed, failed, skipped, notExercised } = report
  const total = `${passed} passed, ${failed} failed, ${skipped} skipped, ${notExercised} not exercised`
  return [
    `${report.store} declares: ${abilitiesText(report.capabilities)}`,
    ...(report.cases.some(({ chapter }) => chapter === 'model') ? [`the model's seed: ${report.seed}`] : []),
    `${paint(failed > 0 ? 'red' : 'green', total)}  ${paint('dim', `${(ms / 1000).toFixed(1)} s`)}`,
  ].join('\n')
}

const abilitiesText = (capabilities: Capabilities): string =>
  Object.entries(capabilities)
    .map(([name, value]) => `${name} ${typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)}`)
    .join(', ')
