import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Duration } from '@stint/core'
import { CannotStart } from './trouble.js'

export interface Options {
  readonly folder: string
  /** Null: a file of this program's own choice. */
  readonly store: string | null
  readonly concurrency: number
  readonly lease: Duration
  readonly slowMs: number
  readonly fresh: boolean
  readonly plain: boolean
  readonly json: boolean
}

/** The repository that this example stands in; this module runs from `dist/`. */
export const repository = fileURLToPath(new URL('../../..', import.meta.url))

export const USAGE = `Usage: npm start -- [folder] [options]

  folder             what to work on (default: this repository)
  --store URL        memory: or sqlite:jobs.db or postgres://… or … (default: a file for each folder under .stint/)
  --concurrency N    handler calls at once (default 8)
  --lease TIME       how long a killed process goes on holding its jobs (default 5s)
  --slow TIME        makes each job take so much longer (default 0ms)
  --fresh            forget the runs before
  --plain            lines instead of a bar
  --json             the summary as JSON in the last line
  --help`

/** Null: only help was asked for. */
export function readOptions(args: readonly string[]): Options | null {
  const { values, positionals } = parsed(args)
  if (values.help) return null
  if (positionals.length > 1)
    throw new CannotStart(`One folder at a time, got ${positionals.length}: ${positionals.join(', ')}.`)
  const lease = timeOf(values.lease, '--lease')
  if (lease.ms < 500)
    throw new CannotStart(
      `--lease: at least 500ms, or work would be taken for lost while it runs; got ${values.lease}.`,
    )
  return {
    folder: positionals[0] ?? repository,
    store: values.store ?? null,
    concurrency: countOf(values.concurrency),
    lease: lease.text,
    slowMs: timeOf(values.slow, '--slow').ms,
    fresh: values.fresh,
    plain: values.plain,
    json: values.json,
  }
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        store: text,
        concurrency: { ...text, default: '8' },
        lease: { ...text, default: '5s' },
        slow: { ...text, default: '0ms' },
        fresh: flag,
        plain: flag,
        json: flag,
        help: flag,
      },
    })
  } catch (error) {
    throw new CannotStart(`${(error as Error).message}\n--help shows what there is.`)
  }
}

function countOf(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= 1000) return count
  throw new CannotStart(`--concurrency: expected a whole number from 1 to 1000, got ${text}.`)
}

const UNITS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

function timeOf(text: string, option: string): { text: Duration; ms: number } {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  if (number === undefined || unit === undefined)
    throw new CannotStart(`${option}: expected a time such as 250ms, 5s or 1.5m, got ${text}.`)
  return { text: text as Duration, ms: Number(number) * (UNITS[unit] as number) }
}
