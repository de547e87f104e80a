import { parseArgs } from 'node:util'
import { MEASUREMENTS } from './measurements.ts'
import { PLACES } from './places.ts'

export interface Arguments {
  readonly store: string
  readonly only: readonly string[]
  readonly rounds: number
  readonly scale: number
  readonly sizes: readonly number[]
  readonly steadyMs: number
  readonly json: string | null
}

export const USAGE = `npm run bench -- STORE [options]
  STORE            ${Object.keys(PLACES).join(', ')}
  --only A,B       of ${Object.keys(MEASUREMENTS).join(', ')}
  --rounds N       counted rounds of each, behind one that warms up (default 5)
  --scale X        so many times the jobs of a round (default 1)
  --sizes A,B      batch sizes of the exchange (default 1,10,100,500)
  --minute         the steady load for a minute instead of 12 seconds
  --json FILE      the figures as JSON too
A server is started for the run, private; POSTGRES_URL, REDIS_URL or MONGODB_URI names one that is there, whose CPU is then not known.`

/** Throws a TypeError that says what was expected. */
export function readArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      scale: { type: 'string', default: '1' },
      sizes: { type: 'string', default: '1,10,100,500' },
      minute: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  })
  const [store = '', ...more] = positionals
  if (!Object.hasOwn(PLACES, store) || more.length > 0)
    throw new TypeError(`expected one of ${Object.keys(PLACES).join(', ')}, got '${positionals.join(' ')}'`)
  const only = values.only === undefined ? Object.keys(MEASUREMENTS) : values.only.split(',')
  const unknown = only.filter((name) => !Object.hasOwn(MEASUREMENTS, name))
  if (unknown.length > 0)
    throw new TypeError(`--only: expected some of ${Object.keys(MEASUREMENTS).join(', ')}, got '${unknown.join(',')}'`)
  return {
    store,
    only,
    rounds: whole('rounds', values.rounds, 1000),
    scale: above('scale', Number(values.scale)),
    sizes: values.sizes.split(',').map((size) => whole('sizes', size, 500)),
    steadyMs: values.minute ? 60_000 : 12_000,
    json: values.json ?? null,
  }
}

function whole(name: string, text: string, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new TypeError(`--${name}: expected a whole number from 1 to ${most}, got '${text}'`)
  return value
}

function above(name: string, value: number): number {
  if (!(value > 0) || value > 1000)
    throw new TypeError(`--${name}: expected a number above 0 and at most 1000, got '${value}'`)
  return value
}
