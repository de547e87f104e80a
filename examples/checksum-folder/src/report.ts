import type { AuditEvent } from '@stint/core'
import type { Enqueued } from './enqueue.js'
import type { Holder } from './holders.js'
import type { Failure, Summary } from './summary.js'
import type { Tally } from './tally.js'
import type { Skipped } from './walk.js'

const MOST_SHOWN = 10

export function skippedLines(skipped: readonly Skipped[]): string[] {
  return shorten(skipped.map(({ path, why }) => `skipped ${path}: ${why}`))
}

/** Jobs of the lane. */
export interface Counts {
  readonly total: number
  readonly over: number
  readonly open: number
}

/** What there is to do, and what became of an earlier run. */
export function startLines(
  enqueued: Enqueued,
  { total, over, open }: Counts,
  holders: readonly Holder[],
  isOwnStore: boolean,
): string[] {
  const { files, jobs } = enqueued
  const lines = [
    files === 0
      ? 'There are no files to work on.'
      : `enqueued ${count(jobs)} jobs for ${count(files)} files, ${count(enqueued.new)} of them new`,
  ]
  if (total > 0 && open === 0) {
    const again = isOwnStore ? '--fresh does it all again' : 'another --store does it all again'
    lines.push(`Everything was done already; ${again}.`)
  } else if (over > 0) lines.push(`going on: ${count(over)} of ${count(total)} jobs are done already`)
  for (const { pid, isAlive, jobs: held } of holders) {
    lines.push(
      isAlive
        ? `process ${pid} works on this folder at this moment: this run works beside it`
        : `process ${pid} has gone while it held ${count(held)} jobs: they come back when their leases end`,
    )
  }
  return lines
}

/** How to go on. */
export function stoppedLine({ jobs }: Summary, url: string): string {
  const next = url.startsWith('memory:')
    ? 'the memory store is gone with this process; without --store a run can be continued'
    : 'the same command goes on from here'
  return `Stopped: ${count(jobs.total - jobs.open)} of ${count(jobs.total)} jobs are over; ${next}.`
}

export function summaryLines(summary: Summary, tally: Tally, seconds: number): string[] {
  const { jobs, gone, unreadable, onPurpose, unexpected } = summary
  const { thisRun } = tally
  const open = jobs.open > 0 ? `, not over yet ${count(jobs.open)}` : ''
  return [
    '',
    'Summary',
    row('files', `${count(summary.files)}, ${size(summary.bytes)}, ${count(summary.lines)} lines`),
    row(
      'jobs',
      `${count(jobs.total)}: succeeded ${count(jobs.succeeded)}, failed ${count(jobs.failed)}, dead ${count(jobs.dead)}, cancelled ${count(jobs.cancelled)}${open}`,
    ),
    row('this run', thisRun.jobs === 0 ? 'no jobs' : speed(thisRun.jobs, summary.bytesOfThisRun, seconds)),
    row('retries', `${count(thisRun.retries)} in this run, ${count(tally.retries)} in all`),
    row('leases expired', `${count(thisRun.leasesExpired)} in this run, ${count(tally.leasesExpired)} in all`),
    row('completed twice', count(tally.completedTwice)),
    ...section('Files that went away meanwhile', [...gone]),
    ...section(
      'Files that could not be read',
      [...unreadable].map(([path, why]) => `${path}: ${why}`),
    ),
    ...section('Jobs that failed unexpectedly', unexpected.map(failureLine)),
    ...section('Failed for good, as this demo means some to', onPurpose.filter(isDead(false)).map(failureLine)),
    ...section(
      'Dead, as this demo means some to be: all attempts used up',
      onPurpose.filter(isDead(true)).map(failureLine),
    ),
  ]
}

function speed(jobs: number, bytes: number, seconds: number): string {
  const aSecond = (amount: number): number => amount / Math.max(seconds, 0.001)
  return `${count(jobs)} jobs in ${seconds.toFixed(1)} s: ${count(Math.round(aSecond(jobs)))} jobs/s, ${size(aSecond(bytes))}/s`
}

/** One job's whole life, as the store recorded it in the same step in which it happened. */
export function trailLines(title: string, trail: readonly AuditEvent[]): string[] {
  const start = trail[0]?.at.getTime() ?? 0
  const rows = trail.map((event) => [
    String(event.seq),
    `+${((event.at.getTime() - start) / 1000).toFixed(3)} s`,
    event.type,
    `${event.from ?? '–'} → ${event.to}`,
    String(event.attempt),
    event.actor ?? '',
    event.error?.message ?? event.reason ?? '',
  ])
  return ['', `Audit trail of ${title}`, ...table([['#', 'after', 'event', 'state', 'attempt', 'by', 'why'], ...rows])]
}

const isDead =
  (wanted: boolean) =>
  ({ state }: Failure): boolean =>
    (state === 'dead') === wanted

const failureLine = ({ state, type, path, code, message, attempt }: Failure): string =>
  `${state}  ${type}  ${path}: ${message} (${code ?? 'no code'}, attempt ${attempt})`

const row = (name: string, value: string): string => `  ${name.padEnd(16)}${value}`

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', `${title} (${count(lines.length)})`, ...shorten(lines).map((line) => `  ${line}`)]

function shorten(lines: readonly string[]): string[] {
  const more = lines.length - MOST_SHOWN
  return more > 0 ? [...lines.slice(0, MOST_SHOWN), `… and ${count(more)} more`] : [...lines]
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))
  return rows.map((cells) => `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}

const count = (amount: number): string => amount.toLocaleString('en')

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB']

function size(bytes: number): string {
  const power = Math.min(Math.max(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 0), UNITS.length - 1)
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`
}
