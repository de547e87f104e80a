/**
 * The layout: one ordered map. LMDB keeps keys in the order of their bytes, and the bytes of a tuple of strings and numbers sort as one would
 * sort them by hand. So the first part of a key says what the entry is, and the rest puts it where its walk looks for it:
 *
 *     ['job', id]                                          → the record
 *     ['event', jobId, seq]                                → the event, with its position in the feed
 *     ['count', queue, state]                              → how many
 *     ['setting', kind, name]                              → the setting
 *     ['end']                                              → the last position ever given: no removal lowers it (FEED-3)
 *     ['schema']                                           → the version of this layout
 *
 * and what leads to those:
 *
 *     ['feed', position]                                   → the key of the event
 *     ['holder', queue, key]                               → the id of the live job that has the unique key
 *     ['ready', queue, type, 100 - priority, runAt, id]    → the id; claim order, and the type stands before it (CLAIM-7)
 *     ['lease', until, id]                                 → the id
 *     ['finished', state, finishedAt, id]                  → the id
 */
import type { JobRecord, State } from '@stint/core'
import { type Place, placeOf } from '@stint/core/store'

export type Key = (string | number | Uint8Array)[]

/** Sorts behind every string and number: `[...prefix, LAST]` is the end of all keys that begin with the prefix. */
export const LAST = Uint8Array.of(0xff)

/** Bytes sort upwards only: the highest priority, 100, becomes the lowest number. */
export function readyKey(queue: string, type: string, { priority, at, id }: Place): Key {
  return ['ready', queue, type, 100 - priority, at, id]
}

export const leaseKey = ({ at, id }: Place): Key => ['lease', at, id]

export const finishedKey = (state: State, { at, id }: Place): Key => ['finished', state, at, id]

/** Under which keys a job is found besides its own. */
export function indexKeys(job: JobRecord): Key[] {
  const found: Key[] = []
  if (job.state === 'queued') found.push(readyKey(job.queue, job.type, placeOf('claim', job)))
  if (job.lease !== null) found.push(leaseKey(placeOf('lease', job)))
  if (job.finishedAt !== null) found.push(finishedKey(job.state, placeOf('finished', job)))
  else if (job.key !== null) found.push(['holder', job.queue, job.key])
  return found
}
