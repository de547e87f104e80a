/** The cost sheet: what each operation asks of the engine, counted by a wrapper around the driver that the store's package gives. */

import type { ConformanceOptions } from '../options.js'
import { within } from '../stage/deadline.js'
import { CASE_MS } from '../stage/run-case.js'
import { Stage } from '../stage/stage.js'
import { type Costs, type Counted, costsOf, countedBy } from './counters.js'
import { OPERATIONS, type Operation } from './operations.js'

export const BATCHES: readonly number[] = [1, 10, 100, 500]

export interface CostReport {
  /** The name in the options, else `store`. */
  readonly store: string
  /** What the store's package counts, in the order of the columns. Empty: it gives no counters, and there are no rows. */
  readonly counted: readonly Counted[]
  /** By operation in the order of the contract, then by batch. */
  readonly rows: readonly CostRow[]
}

export interface CostRow {
  readonly operation: string
  /** How many jobs the call is about; a sweep takes one of each a hundred. */
  readonly jobs: number
  /** Of the whole call. */
  readonly total: Costs
  readonly perJob: Costs
}

/** Each operation on a stage of its own. Rejects when the store does not do what is measured; runs nothing when there is nothing to count by. */
export async function measureCost(options: ConformanceOptions): Promise<CostReport> {
  const { name: store = 'store', engine, caseMs = CASE_MS } = options
  const counted = countedBy(engine)
  const rows: CostRow[] = []
  for (const operation of counted.length > 0 ? OPERATIONS : []) {
    const stage = new Stage(options)
    const waitedFor = (): string => stage.transcript.waiting().join(', and ') || 'no call of the store'
    try {
      const what = `the cost of '${operation.name}'`
      rows.push(...(await within(caseMs, what, measured(operation, stage), waitedFor)))
    } finally {
      await within(caseMs, 'closing the stores', stage.strike(), waitedFor)
    }
  }
  return { store, counted, rows }
}

async function measured({ name, prepare }: Operation, stage: Stage): Promise<CostRow[]> {
  await stage.set()
  // Once before: what an engine prepares at its first call of a kind is no cost of the operation.
  await (await prepare(stage.a, 2, stage.clock))()
  const rows: CostRow[] = []
  for (const jobs of BATCHES) {
    const call = await prepare(stage.a, jobs, stage.clock)
    const total = await costsOf(stage.options.engine, call)
    rows.push({ operation: name, jobs, total, perJob: each(total, (value) => value / jobs) })
  }
  return rows
}

const each = (costs: Costs, of: (value: number) => number): Costs =>
  Object.fromEntries(Object.entries(costs).map(([name, value]) => [name, of(value)]))
