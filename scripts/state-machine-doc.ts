/** Writes docs/state-machine.md from the transition table; `--check` fails when the page is not what the table says. */
import { readFileSync, writeFileSync } from 'node:fs'
import { TRANSITIONS, type Transition } from '../packages/core/src/transitions.ts'
import { root } from './root.ts'

const page = `${root}docs/state-machine.md`
const steps = Object.entries<Transition>(TRANSITIONS)
const states = (list: readonly string[]): string => (list.length === 0 ? '–' : list.join(', '))

const rows = steps.map(([command, { by, from, to, event }]) => `| ${command} | ${by} | ${states(from)} | ${states(to)} | ${event ?? '–'} |`)
const arrows = steps.flatMap(([command, { from, to }]) =>
  (from.length === 0 ? ['[*]'] : from).flatMap((a) => to.filter((b) => b !== 'same').map((b) => `  ${a} --> ${b}: ${command}`)),
)
const text = `# State machine

Made from \`TRANSITIONS\` in \`packages/core/src/transitions.ts\` by \`node scripts/state-machine-doc.ts\`; the per-state tests come from the same table.

| command | who | from | to | audit event |
|---|---|---|---|---|
${rows.join('\n')}

\`same\`: the state stays; heartbeat and progress leave an event only where the lane asks for one. An in-process worker claims straight into running: one
event \`leased\`. Terminal states are final except by retry. The token is the only judge of a lease: one that is over may still be settled by its
holder until somebody expires it.

\`\`\`mermaid
stateDiagram-v2
${arrows.join('\n')}
\`\`\`
`

if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== text) {
    console.error('docs/state-machine.md is not what the transition table says: run `node scripts/state-machine-doc.ts`')
    process.exitCode = 1
  }
} else writeFileSync(page, text)
