import { conformance } from '@stint/store-sqlite/conformance'
import { holdsToCostSheet, NONE, ONE } from '../../../scripts/store-tests/cost-sheet.js'

// Statements: there are no round trips.
holdsToCostSheet('SQLite', 'statements', conformance, {
  enqueue: { calls: [5, 23, 203, 1003], commits: ONE },
  'settle + claim': { calls: [16, 70, 610, 3010], commits: ONE },
  heartbeat: { calls: [3, 12, 102, 502], commits: ONE },
  sweep: { calls: [11, 38, 311, 1539], commits: [1, 1, 1, 5] },
  'list by id': { calls: [3, 3, 3, 3], commits: NONE },
  'list by claim': { calls: [8, 17, 107, 507], commits: NONE },
  'list by lease': { calls: [3, 3, 3, 3], commits: NONE },
  'list by finished': { calls: [3, 3, 3, 3], commits: NONE },
})
