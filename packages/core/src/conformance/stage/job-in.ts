/** A job in each state of the table, brought there by the commands that lead there. */
import type { JobRecord, State } from '../../record.js'
import type { NewJob, Store } from '../../store.js'
import { isTerminal } from '../../transitions.js'
import { end, trackStart } from './commands.js'
import { insertOne, must, only, read, takeIds, tokenOf } from './fixtures.js'

export interface JobIn {
  readonly job: JobRecord
  /** The token that is in force, or that was the last one; a token of nobody's when there was none. */
  readonly token: string
}

export async function jobIn(store: Store, state: State, over: Partial<NewJob> = {}): Promise<JobIn> {
  const made = await insertOne(store, state === 'waiting' ? { ...over, state } : over)
  if (state === 'waiting' || state === 'queued') return { job: made, token: 'token-of-nobody' }
  const leased = only(await takeIds(store, [made.id], { to: state === 'leased' ? 'leased' : 'running' }))
  const token = tokenOf(leased)
  if (!isTerminal(state)) return { job: leased, token }
  await must(store, end(state, leased))
  return { job: await read(store, made.id), token }
}

/** Tracked: running, and nobody holds a lease. */
export const trackedRunning = async (store: Store): Promise<JobRecord> =>
  must(store, trackStart(await insertOne(store, { state: 'waiting' })))
