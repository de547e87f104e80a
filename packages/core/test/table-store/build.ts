/** The smallest complete arguments of the contract, with what a test cares about on top. */
import { claim as aClaim, newJob as aJob, draft } from '../../src/conformance/stage/fixtures.js'
import type { Change, Claim, NewJob } from '../../src/store.js'

export { draft }

export const newJob = (id: string, given: Partial<NewJob> = {}): NewJob =>
  aJob({ id, queue: 'mail', type: 'send', payload: null, ...given })

export const claimOf = (token: string, given: Partial<Claim> = {}): Claim =>
  aClaim({ token, max: 500, from: [{ queue: 'mail', limit: 500 }], ...given })

export const cancelOf = (id: string): Change => ({
  id,
  guard: { states: ['waiting', 'queued', 'leased', 'running'] },
  set: { state: 'cancelled' },
  event: draft('cancelled'),
  returning: true,
})
