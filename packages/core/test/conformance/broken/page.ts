/** docs/broken-stores.md, from what each case told of each broken store. */
import { CLAUSES } from '../../../src/conformance/clauses.js'
import type { BrokenStore } from './broken-store.js'
import type { Failures } from './matrix.js'

export interface Row extends Failures {
  readonly store: BrokenStore
}

/** A row begins so: what the page cannot go stale in without being noticed. */
export const rowOf = ({ name, how, clauses }: BrokenStore): string =>
  `| ${cell(name)} | ${cell(how)} | ${clauses.map((clause) => `**${clause}**`).join(' ')}`

const cell = (text: string): string => text.replaceAll('|', '\\|')

export function pageOf(rows: readonly Row[]): string {
  const own = (id: string): number => rows.filter(({ store }) => store.clauses.includes(id)).length
  const all = (id: string): number => rows.filter(({ blamed }) => blamed.has(id)).length
  const none = CLAUSES.filter(({ id }) => all(id) === 0).map(({ id }) => id)
  return `# Broken stores

The conformance suite is itself tested: by ${rows.length} stores, each whole but for one defect that competent people build into stores.
Each must fail a case that names the clause it breaks, for that reason and not by an accident; the three whole stores under them pass everything.
They are not published; they live in \`packages/core/test/conformance/broken/\`, and \`broken.test.ts\` beside it holds them to what stands in bold here.

Made by \`node scripts/broken-stores-doc.ts\`, which runs every case of the suite, but for the model's, against every broken store, and each that fails once
more: races do not end the same way each time, so only what failed both times is listed. An invariant that fails counts for its own clause, not for those of
its case; after a fault it counts for ATOM-1 and FAULT-3 as well.

## What each of them fails

| What it does wrong | How people come to build it | Must fail | Fails as well | Cases |
|---|---|---|---|---|
${rows.map(lineOf).join('\n')}

## What each clause catches

How many broken stores it is there for, and how many fail a case of it in all.

| Clause | Its own | In all |
|---|---|---|
${CLAUSES.filter(({ id }) => all(id) > 0)
  .map(({ id }) => `| ${id} | ${own(id)} | ${all(id)} |`)
  .join('\n')}

${none.length === 0 ? 'Every clause catches at least one.' : `No broken store fails a case of: ${none.join(', ')}. Those speak of engines, files, servers or transactions that a table in memory does not have; each store's own tests try them.`}
`
}

function lineOf({ store, blamed, cases }: Row): string {
  const others = CLAUSES.map(({ id }) => id).filter((id) => blamed.has(id) && !store.clauses.includes(id))
  return `${rowOf(store)} | ${others.join(' ') || '–'} | ${cases} |`
}
