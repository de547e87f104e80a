import { type CostReport, measureCost } from '@stint/core/conformance'
import { conformance } from '@stint/store-postgres/conformance'
import { beforeAll, describe, expect, inject, test } from 'vitest'

/** Round trips of a call about 1, 10, 100 and 500 jobs, and its commits. A figure that grows is a slower store: say why where you change it. */
const ONE: readonly number[] = [1, 1, 1, 1]
const NONE: readonly number[] = [0, 0, 0, 0]
const SHEET: Readonly<Record<string, readonly (readonly number[])[]>> = {
  enqueue: [ONE, ONE],
  'settle + claim': [ONE, ONE],
  heartbeat: [ONE, ONE],
  'list by id': [ONE, NONE],
  'list by claim': [ONE, NONE],
  'list by lease': [ONE, NONE],
  'list by finished': [ONE, NONE],
}
/** Upkeep, the page and its change; five pages of a hundred. Once a second the counts are folded besides, in two more. */
const SWEEP = [
  [3, 3, 3, 15],
  [2, 2, 2, 10],
] as const

const url = inject('postgresUrl')

describe.skipIf(url === null)('the cost sheet of Postgres [BATCH-3]', () => {
  let report: CostReport
  beforeAll(async () => {
    report = await measureCost(conformance(url ?? ''))
  }, 60_000)

  test('counts round trips and commits', () => {
    expect(report.counted).toEqual(['trips', 'commits'])
    expect([...new Set(report.rows.map(({ operation }) => operation))].sort()).toEqual(
      [...Object.keys(SHEET), 'sweep'].sort(),
    )
  })

  for (const [operation, [trips, commits]] of Object.entries(SHEET)) {
    test(`${operation} › of 1, 10, 100 and 500 jobs`, () => {
      const rows = report.rows.filter((row) => row.operation === operation)
      expect(rows.map(({ jobs }) => jobs)).toEqual([1, 10, 100, 500])
      expect(rows.map(({ total }) => total.trips)).toEqual(trips)
      expect(rows.map(({ total }) => total.commits)).toEqual(commits)
    })
  }

  test('sweep › of 1, 10, 100 and 500 jobs', () => {
    for (const [n, { total }] of report.rows.filter(({ operation }) => operation === 'sweep').entries()) {
      expect(total.trips).toBeLessThanOrEqual((SWEEP[0][n] ?? 0) + 2)
      expect(total.commits).toBeLessThanOrEqual((SWEEP[1][n] ?? 0) + 2)
    }
  })
})
