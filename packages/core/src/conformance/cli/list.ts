import { chosen, namesClause } from '../chosen.js'
import { CLAUSES } from '../clauses.js'

/** The clauses, each with the names of its cases. A chapter lists its own cases under every clause that they prove. */
export function listText(only: readonly string[] | undefined): string {
  const chapters = chosen({ only })
  const titles = new Set(only?.map((word) => word.trim().toLowerCase()))
  return CLAUSES.flatMap(({ id, says }) => {
    const isNamed = namesClause(id, only)
    const cases = chapters
      .filter(({ title }) => isNamed || titles.has(title))
      .flatMap(({ title, cases }) =>
        cases.filter(({ clauses }) => clauses.includes(id)).map(({ name }) => `  ${title}: ${name}`),
      )
    return cases.length === 0 ? [] : [`${id}: ${says}`, ...cases, '']
  }).join('\n')
}
