import { parseArgs } from 'node:util'
import { BREAKS } from './broken/broken.ts'
import { ENGINES } from './engines/table.ts'
import { SCENARIOS } from './scenarios/table.ts'

export interface Arguments {
  readonly stores: readonly string[]
  readonly only: readonly string[]
  readonly seed: number
  readonly seconds: number
  readonly isShort: boolean
  readonly isList: boolean
  readonly breakBy: string | null
}

const SECONDS = 5
const SHORT_SECONDS = 1.5

export const USAGE = `npm run faults -- STORE... [options]
  STORE            ${Object.keys(ENGINES).join(', ')}, or all
  --only NAME      only that scenario; may be given more than once
  --seed N         where the plan's chance begins (default: drawn, and printed)
  --seconds N      how long each fault lasts, about (default ${SECONDS})
  --short          the shorter run of CI: faults of ${SHORT_SECONDS} s, all stores at once
  --list           what there is
  --break NAME     breaks the store on purpose: the run must fail. ${Object.keys(BREAKS).join(', ')}
Ends with 0 when all is well, 1 when something is not, 2 when it could not be tried.`

/** What was asked for cannot be done: said in a line, exit code 2. */
export class Misuse extends Error {}

export function readArguments(given: readonly string[]): Arguments {
  const { values, positionals } = parsed(given)
  const stores = positionals.includes('all') ? Object.keys(ENGINES) : [...new Set(positionals)]
  mustBeKnown('store', stores, Object.keys(ENGINES))
  const only = values.only ?? []
  mustBeKnown(
    'scenario',
    only,
    SCENARIOS.map(({ name }) => name),
  )
  if (values.break !== undefined) mustBeKnown('break', [values.break], Object.keys(BREAKS))
  const isList = values.list ?? false
  if (stores.length === 0 && !isList) throw new Misuse('expected a store')
  return {
    stores,
    only,
    seed: values.seed === undefined ? Math.floor(Math.random() * 1e9) : whole('seed', values.seed),
    seconds: values.seconds === undefined ? (values.short ? SHORT_SECONDS : SECONDS) : positive(values.seconds),
    isShort: values.short ?? false,
    isList,
    breakBy: values.break ?? null,
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        only: { type: 'string', multiple: true },
        seed: { type: 'string' },
        seconds: { type: 'string' },
        short: { type: 'boolean' },
        list: { type: 'boolean' },
        break: { type: 'string' },
      },
    })
  } catch (error) {
    throw new Misuse(error instanceof Error ? error.message : String(error))
  }
}

function mustBeKnown(what: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Misuse(`there is no ${what} ${unknown.join(', ')}; there are ${known.join(', ')}`)
}

function whole(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Misuse(`--${name}: expected a whole number, got '${text}'`)
  return Number(text)
}

function positive(text: string): number {
  const seconds = Number(text)
  if (!(seconds > 0 && seconds <= 3600)) throw new Misuse(`--seconds: expected a number up to 3600, got '${text}'`)
  return seconds
}
