import { setImmediate } from 'node:timers/promises'
import { defineJob, handle, JobQueue, memoryStore, unchecked } from '@stint/core'

export const imported: number[] = []
async function importRow(row: number): Promise<void> {
  imported.push(row)
  await setImmediate()
}

export const importFile = defineJob({ type: 'import', payload: unchecked<{ rows: number }>(), timeout: '6h' })
export const onImport = handle(
  importFile,
  async ({ payload, checkpoint, saveCheckpoint, progress, log, signal }): Promise<void> => {
    for (let row = typeof checkpoint === 'number' ? checkpoint : 0; row < payload.rows; row++) {
      if (signal.aborted) {
        // JOB_CANCELLED, LEASE_LOST, JOB_TIMEOUT or WORKER_STOPPING
        if (signal.reason.code === 'WORKER_STOPPING') await saveCheckpoint(row) // still ours for two seconds, then given back
        return // after an abort a return is no success
      }
      await importRow(row)
      if (row % 1000 === 0) {
        await saveCheckpoint(row + 1)
        void progress({ done: row, of: payload.rows })
      }
    }
    await log('all rows imported')
  },
)
export const jobs = new JobQueue({ store: memoryStore() })
export const worker = jobs.work(onImport, { lease: '30s' }) // prolonged while it runs: six hours of work, half a minute to notice a crash
export const job = await jobs.enqueue(importFile, { rows: 1e6 })
await jobs.cancel(job.id, { actor: 'ada', reason: 'wrong file' }) // from any process
