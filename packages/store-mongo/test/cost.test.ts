import { conformance } from '@stint/store-mongo/conformance'
import { describe, inject } from 'vitest'
import { holdsToCostSheet, NONE, ONE, TWO } from '../../../scripts/store-tests/cost-sheet.js'
import { SERVERS } from './support/place.js'

for (const server of SERVERS) {
  describe.skipIf(inject(server) === null)(`on a server, ${server}`, () => {
    holdsToCostSheet('MongoDB', 'trips', () => conformance(inject(server) ?? ''), {
      // The clock is known by what the driver hears anyway.
      enqueue: { calls: ONE, commits: ONE },
      // All that the batch is judged on in one look; then the write.
      'settle + claim': { calls: TWO, commits: ONE },
      // The token is the whole guard.
      heartbeat: { calls: ONE, commits: ONE },
      'list by id': { calls: ONE, commits: NONE },
      // Which types there are is asked before: nobody named them.
      'list by claim': { calls: TWO, commits: NONE },
      'list by lease': { calls: ONE, commits: NONE },
      'list by finished': { calls: ONE, commits: NONE },
      // A page publishes what changed before, in eight, then it is read, and changed, in two; behind full pages there is an empty one.
      sweep: { calls: [11, 11, 20, 66], commits: [6, 6, 11, 35] },
    })
  })
}
