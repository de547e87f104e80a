/** The clauses with their cases, for the contract's page and for the list of cases. */
import '../with-sources.mjs'
import type { StoreCase } from '../../packages/core/src/conformance/case.ts'
import { folded } from './fold-names.ts'

const { CHAPTERS } = await import('../../packages/core/src/conformance/chapters.ts')
const { CLAUSES, CLAUSE_GROUPS } = await import('../../packages/core/src/conformance/clauses.ts')
const { NO_CAPABILITIES } = await import('../../packages/core/src/capabilities.ts')

const all = CHAPTERS.flatMap(({ cases }) => cases)
const casesOf = (id: string): readonly StoreCase[] => all.filter(({ clauses }) => clauses.includes(id))
const anchorOf = (id: string): string => id.toLowerCase()
const counted = (count: number): string => `${count} ${count === 1 ? 'case' : 'cases'}`

/** A clause without a case is a wish, a case without a clause a surprise. */
export const untied = (): string[] => [
  ...CLAUSES.filter(({ id }) => casesOf(id).length === 0).map(({ id }) => `the clause ${id} has no case`),
  ...all
    .filter(({ clauses }) => clauses.length === 0 || !clauses.every((id) => CLAUSES.some((clause) => clause.id === id)))
    .map(({ name }) => `the case “${name}” names no clause, or one that the contract does not have`),
]

export const figures = (): string =>
  `There are ${CLAUSES.length} clauses and ${all.length} cases in ${CHAPTERS.length} chapters; each case names the clauses that it proves.`

export function clausesByGroup(): string {
  return CLAUSE_GROUPS.map(({ title, clauses }) =>
    [
      `### ${title}`,
      ...clauses.map(
        ({ id, promise, says, why, look }) =>
          `<a id="${anchorOf(id)}"></a>**${id}** ${says} *${why}*\n<br>Look at: ${look} (Promise ${promise} · [${counted(casesOf(id).length)}](conformance-cases.md#${anchorOf(id)}))`,
      ),
    ].join('\n\n'),
  ).join('\n\n')
}

/** Which clauses some cases are about, in the order of the contract, as links. */
export const groupedClauses = (cases: readonly StoreCase[]): string =>
  CLAUSES.filter(({ id }) => cases.some(({ clauses }) => clauses.includes(id)))
    .map(({ id }) => `[${id}](store-contract.md#${anchorOf(id)})`)
    .join(', ')

// ---- the list of cases ----------------------------------------------------------------------------------------------

export function casesByClause(): string {
  const groups = CLAUSE_GROUPS.map(({ title, clauses }) =>
    [
      `## ${title}`,
      ...clauses.map(({ id, says }) =>
        [`### ${id}`, `${says} ([contract](store-contract.md#${anchorOf(id)}))`, ...[linesOf(id).join('\n')]].join(
          '\n\n',
        ),
      ),
    ].join('\n\n'),
  )
  return `<!-- Written by scripts/store-contract-doc.ts from packages/core/src/conformance. Change those, then run: node scripts/store-contract-doc.ts -->

# Cases of the conformance suite

Every case of [\`@stint/core/conformance\`](conformance.md), under each clause of the [store contract](store-contract.md) that it proves. A line is
a case as reports name it: its chapter, then \`subject › circumstance › what holds\`. Cases that differ in one part stand on one line. What a
store cannot do, or the suite was not given, is skipped with the reason in brackets.

${groups.join('\n\n')}
`
}

function linesOf(clause: string): string[] {
  return CHAPTERS.flatMap(({ title, cases }) => {
    const those = cases.filter(({ clauses }) => clauses.includes(clause))
    const alike = Map.groupBy(those, skippedWhere)
    return [...alike].flatMap(([skipped, some]) =>
      folded(some.map(({ name }) => name.replace(/ \[[^\]]+\]$/, ''))).map((name) => `- ${title}: ${name}${skipped}`),
    )
  })
}

function skippedWhere({ needs }: StoreCase): string {
  const reasons = needs.flatMap((need) => need(NO_CAPABILITIES, { store: () => Promise.reject() }) ?? [])
  return reasons.length === 0 ? '' : ` *(skipped where ${reasons.join(', or ')})*`
}
