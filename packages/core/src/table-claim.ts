/** A claim over a table: entries in the order given, jobs of each in claim order, and when to come again. */
import { byAnswerOrder } from './answer-order.js'
import type { JobRecord } from './record.js'
import { copyJob } from './record-copy.js'
import type { Claim, ClaimFrom, ClaimResult, ClaimWalk } from './store.js'
import type { TableCall } from './table-call.js'
import { matches } from './table-list.js'

export function claimJobs(call: TableCall, claim: Claim): ClaimResult {
  const held = claim.again ? stillHeld(call, claim) : []
  if (held.length > 0) return { jobs: held.map(copyJob), nextDueInMs: 0 }
  const { table, now } = call
  const isPaused = pauses(call)
  const taken: JobRecord[] = []
  let next = Number.POSITIVE_INFINITY
  for (const from of claim.from) {
    if ('ids' in from) {
      for (const id of from.ids) {
        const job = table.job(id)
        if (job?.state !== 'queued' || isPaused(job.queue)) continue
        if (job.runAt <= now && taken.length < claim.max) taken.push(call.take(claim, job))
        else next = Math.min(next, job.runAt)
      }
    } else if (!isPaused(from.queue)) {
      const room = Math.min(from.limit, claim.max - taken.length)
      const due = firstDue(call, from, room)
      for (const job of due) taken.push(call.take(claim, job))
      // With the bound reached nobody has looked whether there is more; below it nothing due is left.
      next = Math.min(next, due.length === room ? now : (table.nextDue(from.queue, from.types) ?? next))
    }
  }
  return { jobs: taken.map(copyJob), nextDueInMs: next === Number.POSITIVE_INFINITY ? null : Math.max(0, next - now) }
}

/** Found first and taken afterwards: a table is not changed while it is walked. */
function firstDue({ table, now }: TableCall, from: Exclude<ClaimFrom, { ids: unknown }>, room: number): JobRecord[] {
  const query: ClaimWalk = { ...from, walk: 'claim', dueOnly: true, limit: room }
  const due: JobRecord[] = []
  if (room === 0) return due
  for (const job of table.walk(query, null, now)) {
    if (matches(query, job, now)) due.push(job)
    if (due.length === room) break
  }
  return due
}

/** What an earlier call with this token took, in the order in which that call answered. */
function stillHeld({ table, now }: TableCall, claim: Claim): JobRecord[] {
  const held: JobRecord[] = []
  for (const job of table.walk({ walk: 'lease', limit: claim.max }, null, now)) {
    if (job.lease?.token === claim.token) held.push(job)
  }
  return held.sort(byAnswerOrder(claim.from))
}

/** Each queue's pause is read once a claim. */
function pauses({ table }: TableCall): (queue: string) => boolean {
  const known = new Map<string, boolean>()
  return (queue) => {
    const paused = known.get(queue) ?? table.setting('paused', queue) !== null
    known.set(queue, paused)
    return paused
  }
}
