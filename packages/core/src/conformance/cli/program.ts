/** The suite as a program: for whoever wrote a store, with no test runner at hand. */
import { chosen } from '../chosen.js'
import { type Arguments, argumentsOf, HELP } from './arguments.js'
import { endByItself } from './ending.js'
import { listText } from './list.js'
import { Misuse } from './misuse.js'
import { optionsOf } from './options-of.js'
import { tried } from './run.js'

/** Sets the exit code: 0 no case failed, 1 one did or something was left, 2 wrong use or no store. */
export async function main(args: readonly string[]): Promise<void> {
  void [process.stdout, process.stderr] // which are there from the first time they are asked for
  const before = process.getActiveResourcesInfo()
  // A promise that nothing will ever settle ends a process early, and well; so it is 2 until there is an end.
  process.exitCode = 2
  const early = (): void =>
    void process.stderr.write('The run ended in the middle: it waited for a promise that nothing settles.\n')
  process.once('exit', early)
  try {
    process.exitCode = await served(argumentsOf(args))
  } catch (error) {
    process.exitCode = 2
    process.stderr.write(`stint-conformance: ${Misuse.because('something is wrong here:', error).message}\n`)
  }
  process.off('exit', early)
  await endByItself(before)
}

async function served(given: Arguments): Promise<number> {
  if (given.help) return said(HELP)
  checkWords(given.only)
  if (given.list) return said(listText(given.only))
  const options = await optionsOf(given).catch((error: unknown) => {
    const where = error instanceof SyntaxError ? ` \`node ${given.module}\` shows the line.` : ''
    throw Misuse.because(`${given.module ?? given.store} could not be loaded.${where}`, error)
  })
  if (given.cost) {
    const { costText, measureCost } = await import('../cost/index.js')
    return said(costText(await measureCost(options)))
  }
  return tried(given, options)
}

function checkWords(only: readonly string[] | undefined): void {
  try {
    chosen({ only })
  } catch (error) {
    throw error instanceof TypeError ? new Misuse(`--${error.message}`) : error
  }
}

function said(text: string): number {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  return 0
}
