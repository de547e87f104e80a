/** What may be asked of the engine under a store, and which clauses each hook opens. */
import '../with-sources.mjs'
import { readFileSync } from 'node:fs'
import { root } from '../root.ts'
import { groupedClauses } from './clauses.ts'

const { CHAPTERS } = await import('../../packages/core/src/conformance/chapters.ts')
const { NO_CAPABILITIES } = await import('../../packages/core/src/capabilities.ts')

const SOURCE = 'packages/core/src/conformance/options.ts'

export function hookRows(): string {
  const text = readFileSync(`${root}${SOURCE}`, 'utf8')
  const body = /export interface EngineHooks \{\n([\s\S]*?)\n\}/.exec(text)?.[1] ?? ''
  const hooks = [...body.matchAll(/\/\*\* (.*?) \*\/\n {2}readonly (\w+)\?/g)]
  if (hooks.length === 0) throw new Error(`${SOURCE} has no EngineHooks with a comment each`)
  const rows = hooks.map(([, asked = '', name = '']) => `| \`${name}\` | ${asked} | ${opened(name)} |`)
  return ['| hook | what it is asked for | opens cases of |', '|---|---|---|', ...rows].join('\n')
}

/** The sheet of costs is made from these. */
const COUNTERS = ['trips', 'statements', 'commits']

/** Without any hook a case tells which one it lacks. */
function opened(hook: string): string {
  const needing = CHAPTERS.flatMap(({ cases }) => cases).filter(({ needs }) =>
    needs.some((need) => need(NO_CAPABILITIES, { store: () => Promise.reject() })?.includes(`\`engine.${hook}\``)),
  )
  const clauses = needing.length === 0 ? [] : [groupedClauses(needing)]
  return [...(COUNTERS.includes(hook) ? ['`--cost`'] : []), ...clauses].join(', ') || '–'
}
