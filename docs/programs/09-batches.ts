import { defineJob, handleBatch, JobQueue, memoryStore, unchecked } from '@stint/core'

/** Stands for a database that takes many rows in one statement. */
export const calls: number[] = []
async function bulkInsert(rows: readonly string[]): Promise<{ refused: Set<number> }> {
  calls.push(rows.length)
  if (rows.includes('poison')) throw new Error('the whole statement failed')
  return { refused: new Set(rows.flatMap((row, i) => (row.startsWith('bad') ? [i] : []))) }
}

export const row = defineJob({ type: 'row', payload: unchecked<string>(), maxAttempts: 1 })
export const jobs = new JobQueue({ store: memoryStore() })
jobs.work(
  handleBatch(
    row,
    async (batch) => {
      const { refused } = await bulkInsert(batch.map((one) => one.payload)) // throws: all of them fail and are retried
      await Promise.all(batch.filter((_, i) => refused.has(i)).map((one) => one.fail('refused', { retry: false })))
    }, // the rest succeeds
    { size: 500, wait: '50ms' },
  ),
)
