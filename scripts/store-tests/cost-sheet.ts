/** Holds what a store's calls cost to the sheet in its test: calls and commits, of 1, 10, 100 and 500 jobs. */
import { type ConformanceOptions, type CostReport, measureCost } from '@stint/core/conformance'
import { beforeAll, describe, expect, test } from 'vitest'

/** For 1, 10, 100 and 500 jobs. */
type Figures = readonly [number, number, number, number]

export const NONE: Figures = [0, 0, 0, 0]
export const ONE: Figures = [1, 1, 1, 1]
export const TWO: Figures = [2, 2, 2, 2]

export interface CostLine {
  /** Round trips; statements of an engine inside the process. */
  readonly calls: Figures
  readonly commits: Figures
  /** Upkeep whose moment the clock decides may add this many of each. Default 0. */
  readonly spare?: number
}

/** By operation, all of them. A figure that grows is a slower store: say why where you change it. */
export type CostSheet = Readonly<Record<string, CostLine>>

/** Where each call is one statement or script, whatever is in it. */
export const ONE_TRIP: CostSheet = {
  enqueue: { calls: ONE, commits: ONE },
  'settle + claim': { calls: ONE, commits: ONE },
  heartbeat: { calls: ONE, commits: ONE },
  'list by id': { calls: ONE, commits: NONE },
  'list by claim': { calls: ONE, commits: NONE },
  'list by lease': { calls: ONE, commits: NONE },
  'list by finished': { calls: ONE, commits: NONE },
}

const SIZES = [1, 10, 100, 500]
const MEASURE_MS = 120_000

export function holdsToCostSheet(
  name: string,
  calls: 'trips' | 'statements',
  options: () => ConformanceOptions,
  sheet: CostSheet,
): void {
  describe(`the cost sheet of ${name} [BATCH-3]`, () => {
    let report: CostReport
    beforeAll(async () => {
      report = await measureCost(options())
    }, MEASURE_MS)

    test(`counts ${calls} and commits of every operation`, () => {
      expect(report.counted).toEqual([calls, 'commits'])
      expect([...new Set(report.rows.map(({ operation }) => operation))].sort()).toEqual(Object.keys(sheet).sort())
    })

    for (const [operation, line] of Object.entries(sheet)) {
      test(`${operation} › of 1, 10, 100 and 500 jobs`, () => {
        const rows = report.rows.filter((row) => row.operation === operation)
        expect(rows.map(({ jobs }) => jobs)).toEqual(SIZES)
        const spare = line.spare ?? 0
        for (const [counter, figures] of [
          [calls, line.calls],
          ['commits', line.commits],
        ] as const) {
          const found = rows.map(({ total }) => total[counter] ?? Number.NaN)
          expect(
            found.map((n, at) => withoutUpkeep(n, figures[at] ?? 0, spare)),
            counter,
          ).toEqual(figures)
        }
      })
    }
  })
}

/** The figure of the sheet where what was found lies between it and what upkeep may add. */
const withoutUpkeep = (found: number, least: number, spare: number): number =>
  found >= least && found <= least + spare ? least : found
