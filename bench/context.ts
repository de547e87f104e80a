import type { Place } from './place.ts'

/** What a measurement is given. */
export interface Context {
  readonly place: Place
  /** Counted rounds, behind one that warms up. */
  readonly rounds: number
  /** How many jobs where 1 would be the measurement's own number: tests take tiny ones. Never below one. */
  jobs(count: number): number
  /** Batch sizes of the exchange. */
  readonly sizes: readonly number[]
  /** How long the steady load lasts. */
  readonly steadyMs: number
  /** For processes that a measurement starts: what lets them run as this one does. */
  readonly execArgv: readonly string[]
}

let stores = 0
/** A name for a store that nobody has used in this run. */
export const freshName = (): string => `bench${process.pid}n${stores++}`
