/**
 * Writes docs/broken-stores.md: every case of the suite, but for the model's, against every broken store. `node scripts/broken-stores-doc.ts`
 * takes some minutes; packages/core/test/conformance/broken.test.ts fails when the page has other rows than there are broken stores.
 */
import { writeFileSync } from 'node:fs'
import { root } from './root.ts'

// Sources say './x.js' where './x.ts' stands; what is imported after this finds it.
await import(new URL('with-sources.mjs', import.meta.url).href)
const { BROKEN_STORES, optionsOf } = await import('../packages/core/test/conformance/broken/index.ts')
const { failuresOf } = await import('../packages/core/test/conformance/broken/matrix.ts')
const { pageOf } = await import('../packages/core/test/conformance/broken/page.ts')

const PAGE = 'docs/broken-stores.md'

const rows = []
for (const store of BROKEN_STORES) {
  // Short, so that a case which waits for what never comes is soon over; still far longer than any case takes.
  const options = { ...optionsOf(store), caseMs: 8000, crowd: 1000 }
  const { cases, blamed } = await failuresOf(options)
  rows.push({ store, blamed, cases })
  const missed = store.clauses.filter((clause) => !blamed.has(clause))
  console.log(`${store.name}: ${cases} cases${missed.length > 0 ? `, NONE of ${missed.join(', ')}` : ''}`)
  if (missed.length > 0) process.exitCode = 1
}
writeFileSync(`${root}${PAGE}`, pageOf(rows))
// Some broken stores leave timers and calls behind that nobody will ever end.
process.exit()
