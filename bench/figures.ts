import type { Taken } from './meter.ts'

/** One line of the report. */
export interface Figure {
  /** `enqueue: one awaited` */
  readonly name: string
  readonly unit: 'jobs/s' | 'ms' | 'bytes a job'
  readonly value: number
  /** Least and most of the rounds, or of what the note says. */
  readonly spread?: readonly [least: number, most: number]
  /** CPU a job; null: not known. */
  readonly clientUs?: number
  readonly serverUs?: number | null
  /** The bare statements in the same run. */
  readonly raw?: { readonly value: number; readonly clientUs: number; readonly serverUs: number | null }
  /** Time of the store over time of the bare statements. */
  readonly ratio?: { readonly time: number; readonly spread: readonly [number, number]; readonly cpu: number | null }
  readonly note?: string
}

/** 0 for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) / 2
  return ((sorted[Math.floor(at)] ?? 0) + (sorted[Math.ceil(at)] ?? 0)) / 2
}

export const spreadOf = (values: readonly number[]): readonly [number, number] => [
  Math.min(...values),
  Math.max(...values),
]

const perSecond = ({ jobs, wallMs }: Taken): number => (jobs * 1000) / wallMs

/** CPU a job over all rounds together: the grain of the server's is too coarse for one. */
function cpuOf(rounds: readonly Taken[]): { readonly clientUs: number; readonly serverUs: number | null } {
  const jobs = rounds.reduce((sum, round) => sum + round.jobs, 0)
  const client = rounds.reduce((sum, { clientMs }) => sum + clientMs, 0)
  const server = rounds.reduce<number | null>(
    (sum, { serverMs }) => (sum === null || serverMs === null ? null : sum + serverMs),
    0,
  )
  return { clientUs: (client * 1000) / jobs, serverUs: server === null ? null : (server * 1000) / jobs }
}

/** Of rounds of the same work. */
export function rateOf(name: string, rounds: readonly Taken[], note?: string): Figure {
  const rates = rounds.map(perSecond)
  return {
    name,
    unit: 'jobs/s',
    value: median(rates),
    spread: spreadOf(rates),
    ...cpuOf(rounds),
    ...(note !== undefined && { note }),
  }
}

/** Of rounds that took turns: round n of the store stands beside round n of the bare statements. */
export function rateBesideRaw(name: string, store: readonly Taken[], raw: readonly Taken[]): Figure {
  const own = rateOf(name, store)
  const bare = { value: median(raw.map(perSecond)), ...cpuOf(raw) }
  const pairs = store.map((round, at) => perSecond(raw[at] as Taken) / perSecond(round))
  const sum = (of: { clientUs?: number; serverUs?: number | null }): number => (of.clientUs ?? 0) + (of.serverUs ?? 0)
  return {
    ...own,
    raw: bare,
    ratio: { time: bare.value / own.value, spread: spreadOf(pairs), cpu: sum(bare) > 0 ? sum(own) / sum(bare) : null },
  }
}
