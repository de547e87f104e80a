/** Which cases `only` asks for. */
import type { Chapter, StoreCase } from './case.js'
import { CHAPTERS } from './chapters.js'
import { CLAUSES } from './clauses.js'
import type { ConformanceOptions } from './options.js'

const groupOf = (clause: string): string => clause.replace(/-\d+$/, '')

/** The words that `only` knows: chapters, groups of clauses, clauses. */
export const WORDS = {
  chapters: CHAPTERS.map(({ title }) => title),
  groups: [...new Set(CLAUSES.map(({ id }) => groupOf(id)))],
  clauses: CLAUSES.map(({ id }) => id),
} as const

/** The chapters with the cases that any of the words names. A word that nothing knows is a `TypeError`: it would choose nothing, and nothing passes. */
export function chosen({ only }: Pick<ConformanceOptions, 'only'>): readonly Chapter[] {
  if (!only) return CHAPTERS
  const wanted = new Set(only.map(known))
  const isChosen = (title: string, { clauses }: StoreCase): boolean =>
    wanted.has(title) || clauses.some((clause) => isNamed(clause, wanted))
  return CHAPTERS.map(({ title, cases }) => ({ title, cases: cases.filter((one) => isChosen(title, one)) })).filter(
    ({ cases }) => cases.length > 0,
  )
}

/** Whether one of the words names that clause, itself or its group. */
export const namesClause = (clause: string, only: readonly string[] | undefined): boolean =>
  !only || isNamed(clause, new Set(only.map(known)))

const isNamed = (clause: string, wanted: ReadonlySet<string>): boolean =>
  wanted.has(clause) || wanted.has(groupOf(clause))

function known(word: string): string {
  const { chapters, groups, clauses } = WORDS
  const found = [...chapters, ...groups, ...clauses].find((one) => one.toLowerCase() === word.trim().toLowerCase())
  if (found !== undefined) return found
  throw new TypeError(
    [
      `only: expected chapters, groups of clauses or clauses, got '${word}'.`,
      `  chapters: ${chapters.join(', ')}`,
      `  groups: ${groups.join(', ')}`,
      `  clauses: one of a group, such as ${clauses[0]}`,
    ].join('\n'),
  )
}
