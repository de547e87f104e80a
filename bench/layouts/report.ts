import { median, spreadOf } from '../figures.ts'
import type { Taken } from '../meter.ts'
import type { Beats } from './beats.ts'
import type { Run } from './bed.ts'
import type { Side } from './burst.ts'
import type { FeedCost } from './feed.ts'
import type { Minute } from './steady.ts'

const rate = ({ jobs, wallMs }: Taken): number => (jobs * 1000) / wallMs
const serverUs = ({ jobs, serverMs }: Taken): number => ((serverMs ?? Number.NaN) * 1000) / jobs
const clientUs = ({ jobs, clientMs }: Taken): number => (clientMs * 1000) / jobs
const cpu = (run: Taken): number => serverUs(run) + clientUs(run)
const thousands = (value: number): string => `${(value / 1000).toFixed(1)}K`
const share = (value: number | null): string => (value === null ? '–' : value.toFixed(2))
const us = (value: number): string => (Number.isNaN(value) ? 'not known' : value.toFixed(1))

/** A Markdown table, as it stands in the ADR. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line), ''].join('\n')
}

/** Round by round against the first: what else the machine does hits both. */
const ratio = (of: readonly Run[], first: readonly Run[]): string => {
  const pairs = of.map((run, at) => cpu(run) / cpu(first[at] as Run))
  if (pairs.some(Number.isNaN)) return 'not known'
  const [least, most] = spreadOf(pairs)
  return `${median(pairs).toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`
}

const cells = (runs: readonly Run[], first: readonly Run[]): string[] => [
  thousands(median(runs.map(rate))),
  us(median(runs.map(serverUs))),
  us(median(runs.map(clientUs))),
  ratio(runs, first),
  median(runs.map(({ jobs, walBytes }) => walBytes / jobs)).toFixed(0),
]

export function burstTable(title: string, sides: readonly Side[]): string {
  const [first] = sides
  if (first === undefined) return ''
  const head = ['jobs/s', 'server µs', 'client µs', 'CPU ÷ first', 'WAL B']
  return `${title}\n\n${table(
    ['', ...head.map((one) => `in: ${one}`), ...head.map((one) => `exchange: ${one}`), 'HOT', 'B a finished job'],
    sides.map(({ name, inserts, exchanges, hot, bytesAJob }) => [
      name,
      ...cells(inserts, first.inserts),
      ...cells(exchanges, first.exchanges),
      share(hot),
      bytesAJob.toFixed(0),
    ]),
  )}`
}

export const beatsTable = (all: readonly Beats[]): string =>
  `Beats\n\n${table(
    ['', 'beats/s', 'server µs', 'client µs', 'CPU ÷ first', 'WAL B', 'HOT'],
    all.map(({ name, runs, hot }) => [name, ...cells(runs, all[0]?.runs ?? []), share(hot)]),
  )}`

export function steadyTable(minutes: readonly Minute[]): string {
  const count = minutes[0]?.windows.length ?? 0
  const head = [
    '',
    ...Array.from({ length: count }, (_, at) => `${at + 1}`),
    'last ÷ first: CPU',
    'WAL B',
    'HOT',
    'B a finished job',
  ]
  return `Steady: K jobs/s in each window (server + client µs a life)\n\n${table(
    head,
    minutes.map(({ name, windows, walBytes, hot, bytesAJob }) => [
      name,
      ...windows.map((one) => `${thousands(rate(one))} (${us(serverUs(one))}+${us(clientUs(one))})`),
      (cpu(windows.at(-1) as Taken) / cpu(windows[0] as Taken)).toFixed(2),
      walBytes.toFixed(0),
      share(hot),
      bytesAJob.toFixed(0),
    ]),
  )}`
}

export const feedTable = (costs: readonly FeedCost[]): string =>
  `Pages that a page of the feed reads\n\n${table(
    ['', 'fresh', 'after purge and refill', 'index bytes'],
    costs.map(({ name, fresh, afterPurge, indexBytes }) => [name, `${fresh}`, `${afterPurge}`, `${indexBytes}`]),
  )}`
