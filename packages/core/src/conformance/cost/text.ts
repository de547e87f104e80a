import type { Counted } from './counters.js'
import type { CostReport, CostRow } from './measure.js'

const TITLES: Readonly<Record<Counted, string>> = { trips: 'round trips', statements: 'statements', commits: 'commits' }

const LEGEND: Readonly<Record<Counted, string>> = {
  trips: 'round trips: requests that were awaited, over the wire',
  statements: 'statements: calls into an engine inside this process; there are no round trips',
  commits: 'commits: writes made durable; reads have none',
}

/** The report as a table for people: what each call costs as a whole, and per job. */
export function costText({ store, counted, rows }: CostReport): string {
  if (counted.length === 0) {
    return `cost of ${store}: not counted. Its options give none of \`engine.trips\`, \`engine.statements\` and \`engine.commits\`; a wrapper around the driver can count them.\n`
  }
  const head = ['operation', 'jobs', ...counted.flatMap((name) => [TITLES[name], 'per job'])]
  const lines = rows.map((row, n) => [
    rows[n - 1]?.operation === row.operation ? '' : row.operation,
    String(row.jobs),
    ...counted.flatMap((name) => cells(row, name)),
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)))
  const lineOf = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return `${[`cost of ${store}`, ...counted.map((name) => `  ${LEGEND[name]}`), '', ...[head, ...lines].map(lineOf)].join('\n')}\n`
}

const cells = ({ total, perJob }: CostRow, name: Counted): readonly string[] => [
  String(total[name] ?? 0),
  short(perJob[name] ?? 0),
]

/** Three digits that count. */
const short = (value: number): string => String(Number(value.toPrecision(3)))
