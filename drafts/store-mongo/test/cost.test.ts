import { type CostReport, measureCost } from '@stint/core/conformance'
import { conformance } from '@stint/store-mongo/conformance'
import { beforeAll, describe, expect, inject, test } from 'vitest'

/** Round trips of a call about 1, 10, 100 and 500 jobs, and its commits. A figure that grows is a slower store: say why where you change it. */
const ONE: readonly number[] = [1, 1, 1, 1]
const TWO: readonly number[] = [2, 2, 2, 2]
const NONE: readonly number[] = [0, 0, 0, 0]
/** A page that is full asks for no more; every list reads the clock. */
const SHEET: Readonly<Record<string, readonly (readonly number[])[]>> = {
  // The clock, then the write.
  enqueue: [TWO, ONE],
  // The clock and the pauses, the jobs, the candidates, all at once; then the write.
  'settle + claim': [[4, 4, 4, 4], ONE],
  heartbeat: [TWO, ONE],
  'list by id': [TWO, NONE],
  'list by claim': [[3, 3, 3, 3], NONE],
  'list by lease': [TWO, NONE],
  'list by finished': [TWO, NONE],
}

for (const name of ['mongoUrl', 'mongoSetUrl'] as const) {
  const url = inject(name)
  describe.skipIf(url === null)(`the cost sheet of MongoDB, ${name} [BATCH-3]`, () => {
    let report: CostReport
    beforeAll(async () => {
      report = await measureCost(conformance(url ?? ''))
    }, 120_000)

    test('counts round trips and commits', () => {
      expect(report.counted).toEqual(['trips', 'commits'])
    })

    for (const [operation, [trips, commits]] of Object.entries(SHEET)) {
      test(`${operation} › of 1, 10, 100 and 500 jobs`, () => {
        const rows = report.rows.filter((row) => row.operation === operation)
        expect(rows.map(({ jobs }) => jobs)).toEqual([1, 10, 100, 500])
        expect(rows.map(({ total }) => total.trips)).toEqual(trips)
        expect(rows.map(({ total }) => total.commits)).toEqual(commits)
      })
    }
  })
}
