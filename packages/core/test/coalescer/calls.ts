import type { Beat, Change, Claim, NewJob } from '@stint/core'

const event = (type: string, actor: string | null = null) => ({ type, actor, detail: null })

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
  event: event('enqueued'),
  ...given,
})

/** A settle by the holder of `token`. */
export const settle = (id: string, token: string, set: Change['set'] = {}): Change => ({
  id,
  guard: { token },
  set: { state: 'succeeded', ...set },
  event: event('succeeded'),
})

/** What an operator does to a job; `priority` tells one from another. */
export const edit = (id: string, priority = 50): Change => ({
  id,
  guard: { version: 1 },
  set: { priority },
  event: event('reprioritised'),
})

export const beat = (id: string, token: string, given: Partial<Beat> = {}): Beat => ({ id, token, ...given })

export const claim = (token: string, from: Claim['from'] = [{ queue: 'mail', limit: 1 }]): Claim => ({
  token,
  workerId: 'w',
  leaseMs: 30_000,
  to: 'running',
  max: 1,
  event: event('leased'),
  from,
})
