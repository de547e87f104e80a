import type { Figure } from './figures.ts'
import { type Machine, warningOf } from './machine.ts'
import type { Place } from './place.ts'

export interface Report {
  readonly engine: string
  readonly facts: Readonly<Record<string, string>>
  readonly machine: Machine
  readonly rounds: number
  readonly figures: readonly Figure[]
}

/** What a reader has to know before the first figure. */
export function headOf({ engine, facts }: Pick<Place, 'engine' | 'facts'>, machine: Machine, rounds: number): string {
  const { cores, cpu, memoryGb, node, loadBefore } = machine
  const warning = warningOf(machine)
  return [
    `${engine}: ${Object.entries(facts)
      .map(([name, value]) => `${name} ${value}`)
      .join(' · ')}`,
    `machine: ${cores} cores (${cpu}), ${memoryGb} GB, node ${node}, load before ${loadBefore.toFixed(2)}; server and client share it`,
    `each figure: the median of ${rounds} rounds behind one that warms up, least–most; CPU a job over all rounds`,
    ...(warning === null ? [] : [`WARNING: ${warning}`]),
    '',
  ].join('\n')
}

const HEAD = [
  '',
  'rate',
  'least–most',
  'client µs',
  'server µs',
  'bare',
  'client',
  'server',
  'time ÷ bare',
  'CPU ÷ bare',
  '',
]

/** A table for people: one line a figure. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [HEAD, ...figures.map(rowOf)]
  const widths = HEAD.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, at) =>
          at === 0 || at === HEAD.length - 1 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function rowOf({ name, unit, value, spread, clientUs, serverUs, raw, ratio, note }: Figure): string[] {
  const number = unit === 'ms' ? asMs : asCount
  return [
    name,
    `${number(value)}${unit === 'jobs/s' ? '/s' : unit === 'ms' ? ' ms' : ' B'}`,
    spread === undefined ? '' : `${number(spread[0])}–${number(spread[1])}`,
    ...[
      asCpu(clientUs),
      asCpu(serverUs),
      raw === undefined ? '' : `${asCount(raw.value)}/s`,
      asCpu(raw?.clientUs),
      asCpu(raw?.serverUs),
    ],
    ratio === undefined ? '' : `${ratio.time.toFixed(2)} (${ratio.spread.map((one) => one.toFixed(2)).join('–')})`,
    ratio === undefined ? '' : ratio.cpu === null ? 'not known' : ratio.cpu.toFixed(2),
    note ?? '',
  ]
}

const asMs = (value: number): string => value.toFixed(2)
/** undefined: it does not belong here. null: it is not known. */
const asCpu = (us: number | null | undefined): string =>
  us === undefined ? '' : us === null ? 'not known' : us < 10 ? us.toFixed(1) : us.toFixed(0)
const asCount = (value: number): string => (value >= 10_000 ? `${(value / 1000).toFixed(1)}K` : value.toFixed(0))
