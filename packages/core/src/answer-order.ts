import { byClaimOrder } from './kit.js'
import type { JobRecord } from './record.js'
import type { ClaimFrom } from './store.js'

const isOf = (from: ClaimFrom, job: JobRecord): boolean =>
  'ids' in from ? from.ids.includes(job.id) : from.queue === job.queue && (from.types?.includes(job.type) ?? true)

/**
 * The order in which a claim answers: entry by entry; ids as they were asked for, a queue's jobs in claim order. `entryOf`: by which entry a job was
 * taken. Default, for a repeat, which cannot know: the first that it fits.
 */
export function byAnswerOrder(
  from: readonly ClaimFrom[],
  entryOf = (job: JobRecord): number => from.findIndex((entry) => isOf(entry, job)),
): (a: JobRecord, b: JobRecord) => number {
  return (a, b) => {
    const [of, other] = [entryOf(a), entryOf(b)]
    if (of !== other) return of - other
    const entry = from[of]
    return entry && 'ids' in entry ? entry.ids.indexOf(a.id) - entry.ids.indexOf(b.id) : byClaimOrder(a, b)
  }
}
