/** The smallest complete arguments of the contract, with what a test cares about on top. */
import type { Change, Claim, EventDraft, NewJob } from '../../src/store.js'

export const draft = (type: string): EventDraft => ({ type, actor: null, detail: null })

export const newJob = (id: string, given: Partial<NewJob> = {}): NewJob => ({
  id,
  queue: 'mail',
  type: 'send',
  payload: null,
  priority: 50,
  run: { inMs: 0 },
  maxAttempts: 5,
  key: null,
  keyUntil: 'finished',
  group: null,
  tags: [],
  ext: null,
  state: 'queued',
  event: draft('enqueued'),
  ...given,
})

export const claimOf = (token: string, given: Partial<Claim> = {}): Claim => ({
  token,
  workerId: 'worker-1',
  leaseMs: 30_000,
  to: 'running',
  max: 500,
  event: draft('leased'),
  from: [{ queue: 'mail', limit: 500 }],
  ...given,
})

export const cancelOf = (id: string): Change => ({
  id,
  guard: { states: ['waiting', 'queued', 'leased', 'running'] },
  set: { state: 'cancelled' },
  event: draft('cancelled'),
  returning: true,
})
