import { conformance } from '@stint/store-postgres/conformance'
import { describe, inject } from 'vitest'
import { holdsToCostSheet, NONE, ONE } from '../../../scripts/store-tests/cost-sheet.js'

const url = inject('postgresUrl')

describe.skipIf(url === null)('on a server', () => {
  holdsToCostSheet('Postgres', 'trips', () => conformance(url ?? ''), {
    enqueue: { calls: ONE, commits: ONE },
    'settle + claim': { calls: ONE, commits: ONE },
    heartbeat: { calls: ONE, commits: ONE },
    'list by id': { calls: ONE, commits: NONE },
    'list by claim': { calls: ONE, commits: NONE },
    'list by lease': { calls: ONE, commits: NONE },
    'list by finished': { calls: ONE, commits: NONE },
    // Upkeep, the page and its change; five pages of a hundred. Once a second the counts are folded besides.
    sweep: { calls: [3, 3, 3, 15], commits: [2, 2, 2, 10], spare: 2 },
  })
})
