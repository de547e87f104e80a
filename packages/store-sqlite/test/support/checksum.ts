import { createHash } from 'node:crypto'
import { defineJob, handle, JobError, unchecked } from '@stint/core'

/** What the workers that are killed do: some jobs succeed at once, some at their second try, some are given up. */
export const checksum = defineJob({
  type: 'checksum',
  payload: unchecked<{ n: number }>(),
  result: unchecked<string>(),
  // Kills cost attempts; none of them may be what ends a job here.
  maxAttempts: 1000,
  backoff: { kind: 'fixed', base: '1ms' },
})

export const fate = (n: number): 'succeeds' | 'fails once' | 'is given up' =>
  n % 11 === 0 ? 'is given up' : n % 5 === 0 ? 'fails once' : 'succeeds'

export const checksumOf = (n: number): string => createHash('sha256').update(String(n)).digest('hex')

export const handleChecksum = handle(checksum, async ({ payload: { n }, attempt, saveCheckpoint }) => {
  if (n % 7 === 0) await saveCheckpoint(n)
  await new Promise((resolve) => setTimeout(resolve, n % 4))
  if (fate(n) === 'is given up') throw new JobError('no such file', { retry: false })
  if (fate(n) === 'fails once' && attempt === 1) throw new Error('flaky')
  return checksumOf(n)
})
