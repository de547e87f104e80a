/**
 * Writes the generated parts of docs/store-contract.md and docs/conformance.md, and docs/conformance-cases.md whole, from what the code itself goes by: the types, the
 * kit, the outcomes of core, the clauses and the cases. `node scripts/store-contract-doc.ts` writes them; with --check it only fails when a page
 * is not what it would write.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { root } from './root.ts'
import { casesByClause, clausesByGroup, figures, untied } from './store-contract/clauses.ts'
import { commandRows } from './store-contract/commands.ts'
import { hookRows } from './store-contract/hooks.ts'
import { declarations, from } from './store-contract/quote.ts'

const STORE = 'packages/core/src/store.ts'
const RECORD = 'packages/core/src/record.ts'

type Parts = Readonly<Record<string, () => string>>

/** By page, and by the name in it: `<!-- generated: NAME -->` … `<!-- end -->`. */
const PAGES: Readonly<Record<string, Parts>> = {
  'docs/store-contract.md': {
    record: () => declarations(RECORD, 'JsonText Ms Cursor Live Terminal State When LeaseRecord JobRecord EventRecord'),
    store: () => declarations(STORE, 'Store StoreOptions'),
    clock: () => declarations('packages/core/src/clock.ts', 'Clock'),
    writes: () => declarations(STORE, 'Batch EventDraft NewJob Guard Patch Change Beat Claim ClaimFrom CallOptions'),
    answers: () => declarations(STORE, 'BatchResult InsertResult ChangeResult ClaimResult'),
    reads: () =>
      declarations(
        STORE,
        'JobRef ListCommon IdWalk ClaimWalk LeaseWalk FinishedWalk ListQuery ListPage EventsQuery FeedQuery FeedPage Count',
      ),
    others: () => declarations(STORE, 'Setting SettingWrite SettingResult Removal Restored Hint'),
    commands: commandRows,
    kit: () => from('packages/core/src/kit.ts', 'const instant'),
    table: () => declarations('packages/core/src/table.ts', 'Place Positioned Table'),
    figures,
    clauses: clausesByGroup,
    capabilities: () => declarations('packages/core/src/capabilities.ts', 'Capabilities'),
  },
  'docs/conformance.md': {
    options: () => declarations('packages/core/src/conformance/options.ts', 'ConformanceOptions'),
    hooks: hookRows,
  },
}

const MARKED = /(<!-- generated: ([a-z]+) -->\n)[\s\S]*?(\n?<!-- end -->)/g

function filled(path: string, parts: Parts): string {
  const there = new Set<string>()
  const page = read(path).replace(MARKED, (_, start: string, name: string) => {
    const part = parts[name]
    if (!part) throw new Error(`${path} asks for '${name}'; there are: ${Object.keys(parts).join(', ')}`)
    there.add(name)
    return `${start}\n${part()}\n\n<!-- end -->`
  })
  const missing = Object.keys(parts).filter((name) => !there.has(name))
  if (missing.length > 0) throw new Error(`${path} has no place for: ${missing.join(', ')}`)
  return page
}

function read(path: string): string {
  try {
    return readFileSync(`${root}${path}`, 'utf8')
  } catch {
    return ''
  }
}

for (const problem of untied()) {
  console.error(problem)
  process.exitCode = 1
}
const written = Object.entries(PAGES).map(([path, parts]) => [path, filled(path, parts)] as const)
for (const [path, page] of [...written, ['docs/conformance-cases.md', casesByClause()] as const]) {
  if (read(path) === page) console.log(`${path} is what the code says`)
  else if (process.argv.includes('--check')) {
    console.error(
      `${path} is stale: types, kit, outcomes, clauses or cases say otherwise. Run: node scripts/store-contract-doc.ts (by \`npx\`, so that it is this repository's Node)`,
    )
    process.exitCode = 1
  } else {
    writeFileSync(`${root}${path}`, page)
    console.log(`wrote ${path}`)
  }
}
