import { defineJob, unchecked } from '@stint/core'

const backoff = { kind: 'exponential', base: '400ms', max: '5s' } as const

/** Told apart by lane, policy and handler; what a run does is drawn when it begins. */
export const plain = defineJob({ type: 'plain', payload: unchecked<unknown>(), maxAttempts: 3, backoff })
export const slow = defineJob({ type: 'slow', payload: unchecked<unknown>(), maxAttempts: 4, timeout: '4s', backoff })
export const mail = defineJob({ type: 'mail', payload: unchecked<unknown>(), queue: 'mail', maxAttempts: 3, backoff })
export const batched = defineJob({
  type: 'batched',
  payload: unchecked<unknown>(),
  queue: 'bulk',
  maxAttempts: 3,
  backoff,
})
export const pulled = defineJob({
  type: 'pulled',
  payload: unchecked<unknown>(),
  queue: 'pull',
  maxAttempts: 6,
  backoff,
  timeout: '20s',
})
export const upload = defineJob({ type: 'upload', payload: unchecked<unknown>(), queue: 'uploads' })

export const jobs = [plain, slow, mail, batched, pulled, upload]
export const worked = [plain, slow, mail, batched] as const
export const LANES = ['default', 'mail', 'bulk', 'pull', 'uploads'] as const
