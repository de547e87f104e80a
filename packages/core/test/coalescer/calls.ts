import type { Beat, Change, Claim } from '@stint/core'

const event = (type: string, actor: string | null = null) => ({ type, actor, detail: null })

export { newJob } from '../table-store/build.js'

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
