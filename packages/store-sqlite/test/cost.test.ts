import { type CostReport, measureCost } from '@stint/core/conformance'
import { conformance } from '@stint/store-sqlite/conformance'
import { beforeAll, describe, expect, test } from 'vitest'

/** Statements of a call about 1, 10, 100 and 500 jobs, and its commits. A figure that grows is a slower store: say why where you change it. */
const SHEET: Readonly<Record<string, readonly (readonly number[])[]>> = {
  enqueue: [
    [5, 23, 203, 1003],
    [1, 1, 1, 1],
  ],
  'settle + claim': [
    [16, 70, 610, 3010],
    [1, 1, 1, 1],
  ],
  heartbeat: [
    [3, 12, 102, 502],
    [1, 1, 1, 1],
  ],
  sweep: [
    [11, 38, 311, 1539],
    [1, 1, 1, 5],
  ],
  'list by id': [
    [3, 3, 3, 3],
    [0, 0, 0, 0],
  ],
  'list by claim': [
    [8, 17, 107, 507],
    [0, 0, 0, 0],
  ],
  'list by lease': [
    [3, 3, 3, 3],
    [0, 0, 0, 0],
  ],
  'list by finished': [
    [3, 3, 3, 3],
    [0, 0, 0, 0],
  ],
}

describe('the cost sheet of SQLite [BATCH-3]', () => {
  let report: CostReport
  beforeAll(async () => {
    report = await measureCost(conformance())
  })

  test('counts statements and commits: there are no round trips', () => {
    expect(report.counted).toEqual(['statements', 'commits'])
    expect([...new Set(report.rows.map(({ operation }) => operation))]).toEqual(Object.keys(SHEET))
  })

  for (const [operation, [statements, commits]] of Object.entries(SHEET)) {
    test(`${operation} › of 1, 10, 100 and 500 jobs`, () => {
      const rows = report.rows.filter((row) => row.operation === operation)
      expect(rows.map(({ jobs }) => jobs)).toEqual([1, 10, 100, 500])
      expect(rows.map(({ total }) => total.statements)).toEqual(statements)
      expect(rows.map(({ total }) => total.commits)).toEqual(commits)
    })
  }
})
