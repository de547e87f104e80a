import type { Batch, BatchResult } from '@stint/core'
import { beats, change, lock } from './change.js'
import { claim } from './claim.js'
import { insert } from './insert.js'
import type { Step } from './step.js'

/** Any batch, inside a transaction: locks, judges by the kit, writes. A constant number of statements, whatever the batch holds. */
export async function exchange(step: Step, batch: Batch): Promise<BatchResult> {
  const { inserts = [], changes = [], beats: given = [], claims = [] } = batch
  const jobs = await lock(
    step,
    [...changes, ...given].map(({ id }) => id),
  )
  return {
    inserts: await insert(step, inserts),
    changes: await change(step, changes, jobs),
    beats: await beats(step, given, jobs),
    claims: await claim(step, claims),
  }
}

/**
 * Whether a part of the batch makes work. Of two such batches at once, neither claim sees what the other batch puts in, and both would say that nothing is
 * to come: the answer is then that there may be more (CLAIM-6).
 */
export const putsInLine = ({ inserts = [], changes = [] }: Batch): boolean =>
  inserts.some(({ state }) => state === 'queued') ||
  changes.some(({ guard, set }) => set.state === 'queued' || (set.state === undefined && guard.token === undefined))
