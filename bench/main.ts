/** `npm run bench -- STORE`: how fast a store is on this machine, and how much of that is the store. Nothing is asserted. */
import { writeFileSync } from 'node:fs'
import { readArguments, USAGE } from './arguments.ts'
import { bench } from './bench.ts'
import { thisMachine } from './machine.ts'
import { PLACES } from './places.ts'
import { headOf, type Report, tableOf } from './report.ts'

function argumentsOrEnd() {
  try {
    return readArguments(process.argv.slice(2))
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}

const { store, only, rounds, scale, sizes, steadyMs, json } = argumentsOrEnd()
// A server of ours ends with the process, and only an exit is noticed.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
// Before anything of ours runs.
const machine = thisMachine()
const place = await PLACES[store]?.()
if (!place) process.exit(1)
try {
  console.log(headOf(place, machine, rounds))
  const jobs = (count: number): number => Math.max(1, Math.round(count * scale))
  const context = { place, rounds, jobs, sizes, steadyMs, execArgv: process.execArgv }
  const figures = await bench(context, only, (some) =>
    console.error(`${some.map(({ name }) => name).join(', ')}: done`),
  )
  console.log(tableOf(figures))
  const report: Report = { engine: place.engine, facts: place.facts, machine, rounds, figures }
  if (json !== null) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`)
} finally {
  await place.stop()
}
