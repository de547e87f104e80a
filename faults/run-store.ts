/** All scenarios on one store, one after another. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '../scripts/servers/scratch.ts'
import { type Arguments, Misuse } from './arguments.ts'
import { Crew } from './crew.ts'
import { ENGINES } from './engines/table.ts'
import { linesOf, summaryOf } from './report.ts'
import { type Outcome, runScenario } from './run-scenario.ts'
import { SCENARIOS } from './scenarios/table.ts'

/** Answers what became of each; says so as it goes. */
export async function runStore(name: string, args: Arguments, say: (line: string) => void): Promise<Outcome[]> {
  const engine = ENGINES[name]
  if (!engine) throw new Misuse(`there is no store ${name}`)
  const { only, seed, seconds, isShort, breakBy } = args
  const scenarios = SCENARIOS.filter((one) => (only.length > 0 ? only.includes(one.name) : !isShort || one.isShort))
  const folder = mkdtempSync(join(scratchFolder(isShort ? 'memory' : 'disk'), `stint-faults-${name}-`))
  chmodSync(folder, 0o755) // A server that is another user has to come to its data.
  const crew = new Crew()
  try {
    const place = await engine.start({ folder })
    if (typeof place === 'string') throw new Misuse(`${name}: there is no server for the faults here. ${place}`)
    try {
      say(`faults on ${name} (${place.source}), seed ${seed}, ${seconds} s each; ${engine.durability}`)
      if (breakBy) say(`the store is broken on purpose: ${breakBy}`)
      const outcomes: Outcome[] = []
      for (const scenario of scenarios) {
        const outcome = await runScenario(scenario, { engine, place, crew, folder, seed, seconds, breakBy })
        outcomes.push(outcome)
        for (const line of linesOf(outcome)) say(line)
      }
      for (const line of summaryOf(name, outcomes, args)) say(line)
      return outcomes
    } finally {
      await crew.end()
      await place.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
