/** A claim that looks first, and takes later what it has seen: alone it is as every other. */
import { take } from '../../../src/kit.js'
import type { MemoryTable } from '../../../src/memory/memory-table.js'
import type { JobRecord, Ms } from '../../../src/record.js'
import type { Claim } from '../../../src/store.js'

/** What the claim would take now. */
export function seenBy(claim: Claim, table: MemoryTable, now: Ms): readonly JobRecord[] {
  if (claim.again) return []
  const due = claim.from.flatMap((entry) => {
    if ('ids' in entry || table.setting('paused', entry.queue)) return []
    return [...table.walk({ walk: 'claim', ...entry, dueOnly: true }, null, now)]
      .filter(({ runAt, type }) => runAt <= now && (entry.types?.includes(type) ?? true))
      .slice(0, entry.limit)
  })
  return due.slice(0, claim.max)
}

/** Of what it had seen, it takes as well what others hold by now. */
export function takeStale(
  claim: Claim,
  seen: readonly JobRecord[],
  room: number,
  table: MemoryTable,
  now: Ms,
): JobRecord[] {
  const held = seen.flatMap(({ id }) => {
    const job = table.job(id)
    return job?.lease && job.lease.token !== claim.token ? [job] : []
  })
  return held.slice(0, room).map((before) => {
    const { job, event } = take(claim, before, now)
    table.put(job, before, event)
    return job
  })
}
