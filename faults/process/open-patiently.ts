import { isStintError, type JobQueue } from '@stint/core'
import { gap } from '../instant.ts'

const MOST_TRIES = 20
const PAUSE_MS = 250

/** As an application does at its start, when its database may be slow to come up. */
export async function openPatiently(jobs: JobQueue): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await jobs.open()
    } catch (error) {
      if (tries === MOST_TRIES || !isStintError(error, 'STORE_UNAVAILABLE')) throw error
    }
    await gap(PAUSE_MS)
  }
}
