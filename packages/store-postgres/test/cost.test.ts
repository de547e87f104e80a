import { conformance } from '@stint/store-postgres/conformance'
import { describe, inject } from 'vitest'
import { holdsToCostSheet, ONE_TRIP } from '../../../scripts/store-tests/cost-sheet.js'

const url = inject('postgresUrl')

describe.skipIf(url === null)('on a server', () => {
  holdsToCostSheet('Postgres', 'trips', () => conformance(url ?? ''), {
    ...ONE_TRIP,
    // Upkeep, the page and its change; five pages of a hundred. Once a second the counts are folded besides.
    sweep: { calls: [3, 3, 3, 15], commits: [2, 2, 2, 10], spare: 2 },
  })
})
