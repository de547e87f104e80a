/** What the program is asked to do. */
import { parseArgs } from 'node:util'
import { Misuse } from './misuse.js'

export interface Arguments {
  readonly store: string | null
  readonly module: string | null
  /** Which export of the module. */
  readonly export: string
  readonly only: readonly string[] | undefined
  readonly runs: number | undefined
  readonly seed: number | undefined
  readonly crowd: number | undefined
  readonly caseMs: number | undefined
  /** Files to write. */
  readonly json: string | null
  readonly junit: string | null
  readonly bail: boolean
  readonly cost: boolean
  readonly list: boolean
  readonly help: boolean
  /** How much is told while it runs. */
  readonly loudness: 'quiet' | 'chapters' | 'cases'
}

export const HELP = `stint-conformance: does a store keep the contract of Stint?

  stint-conformance --store URL        a store by its URL: memory:, sqlite:jobs.db, …
  stint-conformance --module FILE      a store of your own: a file, or a package, that exports
                                       conformance: ConformanceOptions, or a function that gives one
Which
  --export NAME      the export of the module (default conformance)
  --only WORDS       chapters, groups of clauses or clauses: --only FENCE,CLAIM-2,"unique keys"
  --list             prints the clauses with their cases, and runs nothing
How
  --runs N           histories that the model plays (default 300)
  --seed N           where its chance begins (default: drawn, and printed with a failure)
  --crowd N          jobs that stand in the way where cost must not grow with them (default 20000)
  --case-ms N        longest time of a case in ms (default 30000)
  --bail             ends at the first case that fails
What is told
  --quiet            failures and totals only
  --verbose          each case as it ends, and every failure in full
  --json FILE        the whole report as JSON
  --junit FILE       the same for CI servers, as JUnit XML
  --cost             round trips and commits per job instead of the cases
  --help             this page

Ends with 0: no case failed; 1: a case failed, or something was left running; 2: wrong use, or no store could be made.
`

const OPTIONS = {
  store: { type: 'string' },
  module: { type: 'string' },
  export: { type: 'string' },
  only: { type: 'string', multiple: true },
  runs: { type: 'string' },
  seed: { type: 'string' },
  crowd: { type: 'string' },
  'case-ms': { type: 'string' },
  json: { type: 'string' },
  junit: { type: 'string' },
  bail: { type: 'boolean' },
  cost: { type: 'boolean' },
  list: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  quiet: { type: 'boolean' },
  verbose: { type: 'boolean' },
} as const

export function argumentsOf(args: readonly string[]): Arguments {
  const given = parsed(args)
  const told: Arguments = {
    store: given.store ?? null,
    module: given.module ?? null,
    export: given.export ?? 'conformance',
    only: given.only?.flatMap(wordsOf),
    runs: wholeNumber('--runs', given.runs, 1),
    seed: wholeNumber('--seed', given.seed, -(2 ** 31)),
    crowd: wholeNumber('--crowd', given.crowd, 1),
    caseMs: wholeNumber('--case-ms', given['case-ms'], 1),
    json: given.json ?? null,
    junit: given.junit ?? null,
    bail: given.bail ?? false,
    cost: given.cost ?? false,
    list: given.list ?? false,
    help: given.help ?? false,
    loudness: given.quiet ? 'quiet' : given.verbose ? 'cases' : 'chapters',
  }
  if (given.quiet && given.verbose) throw new Misuse('expected --quiet or --verbose, got both')
  if (told.help || told.list) return told
  if (told.store === null && told.module === null)
    throw new Misuse('expected --store URL or --module FILE, got neither')
  if (told.store !== null && told.module !== null) throw new Misuse('expected --store URL or --module FILE, got both')
  if (given.export !== undefined && told.module === null) throw new Misuse('--export belongs to --module FILE')
  if (told.cost && (told.only || told.json !== null || told.junit !== null))
    throw new Misuse('--cost runs no cases, so --only, --json and --junit do not go with it')
  return told
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new Misuse(error instanceof Error ? error.message : String(error))
  }
}

function wordsOf(text: string): string[] {
  const words = text.split(',').map((word) => word.trim())
  if (words.includes('')) throw new Misuse(`--only: expected words with commas between them, got '${text}'`)
  return words
}

function wholeNumber(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new Misuse(`${name}: expected a whole number of at least ${least}, got '${text}'`)
}
