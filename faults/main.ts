/** `npm run faults -- STORE`: real servers, real processes, a wire that breaks; and whether every promise still holds behind it. */
import { writeFileSync } from 'node:fs'
import { type Arguments, Misuse, readArguments, USAGE } from './arguments.ts'
import { BREAKS } from './broken/broken.ts'
import { isPlayed, type Outcome } from './run-scenario.ts'
import { runStore } from './run-store.ts'
import { SCENARIOS } from './scenarios/table.ts'

async function main(given: readonly string[]): Promise<number> {
  if (given.includes('--help')) return say(USAGE) ?? 0
  try {
    const args = readArguments(given)
    if (args.isList) return list()
    return await run(args)
  } catch (error) {
    if (!(error instanceof Misuse)) throw error
    console.error(`${error.message}\n${USAGE}`)
    return 2
  }
}

/** Scenarios wait most of their time, so in a short run the stores need not wait for each other. */
async function run(args: Arguments): Promise<number> {
  const { stores, isShort } = args
  const prefix = (name: string): string => (stores.length > 1 && isShort ? `${name.padEnd(9)} ` : '')
  const on = (name: string): Promise<Outcome[]> => runStore(name, args, (line) => say(prefix(name) + line))
  const outcomes: Outcome[] = []
  if (isShort) outcomes.push(...(await Promise.all(stores.map(on))).flat())
  else for (const name of stores) outcomes.push(...(await on(name)))
  const played = outcomes.filter(isPlayed)
  const failed = played.filter(({ problems }) => problems.length > 0).length
  if (process.env.FAULTS_REPORT)
    writeFileSync(process.env.FAULTS_REPORT, JSON.stringify({ passed: played.length - failed, failed }))
  if (played.length === 0) {
    console.error('nothing was tried: every scenario was skipped')
    return 2
  }
  return failed > 0 ? 1 : 0
}

function list(): number {
  for (const { name, says, isShort } of SCENARIOS)
    say(`${name.padEnd(18)} ${says}${isShort ? '' : ' (not in --short)'}`)
  for (const [name, { says }] of Object.entries(BREAKS)) say(`--break ${name}: ${says}`)
  return 0
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))
process.exitCode = await main(process.argv.slice(2))
