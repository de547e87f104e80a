import { Attempt } from '../attempt.js'
import { claimJobs } from '../claim-jobs.js'
import { type AnyJobHandler, type BoundHandler, boundOf } from '../handler.js'
import type { Job } from '../job.js'
import { DEFAULT_LEASE_MS } from '../lease.js'
import { DEFAULT_QUEUE } from '../policy.js'
import { toJob } from '../present.js'
import type { JobQueue } from '../queue.js'
import type { JobRecord } from '../record.js'
import { runAttempts } from '../run-attempt.js'
import { type Runtime, runtimeIn } from '../runtime.js'
import { isTerminal } from '../transitions.js'

const WORKER = 'drain'

/**
 * Works every due job of these handlers, and those they enqueue, until nothing is due; one call at a time, in claim order, as a worker would
 * run them. Answers what ended, in order. Looks at every lane.
 */
// biome-ignore lint/suspicious/noExplicitAny: any queue, whatever transactions its store offers
export async function drain(queue: JobQueue<any, any>, handlers: readonly AnyJobHandler[]): Promise<readonly Job[]> {
  const rt = runtimeIn(queue)
  await rt.door.open()
  const byType = new Map(handlers.map(boundOf).map((handler) => [rt.known.meet(handler.job).type, handler]))
  const ended: Job[] = []
  for (;;) {
    const taken = await takeNext(rt, byType)
    if (!taken) return ended
    const { handler, records } = taken
    const attempts = records.map((record) => new Attempt(rt, record, handler))
    const finish = await runAttempts(rt, WORKER, handler, attempts)
    await finish()
    const after = await rt.door.call((store) => store.get(records.map((record) => record.id)))
    for (const record of after) if (record && isTerminal(record.state)) ended.push(toJob(record))
  }
}

async function takeNext(
  rt: Runtime,
  byType: ReadonlyMap<string, BoundHandler>,
): Promise<{ handler: BoundHandler; records: readonly JobRecord[] } | null> {
  const lanes = await lanesOf(rt, byType)
  for (const handlers of groupsOf(byType)) {
    const types = handlers.map((handler) => handler.job.type)
    const max = handlers[0]?.batch?.size ?? 1
    const from = lanes.map((queue) => ({ queue, types, limit: max }))
    const { jobs } = await claimJobs(rt, () => ({
      workerId: WORKER,
      leaseMs: DEFAULT_LEASE_MS,
      to: 'running',
      max,
      from,
    }))
    const handler = jobs[0] && byType.get(jobs[0].type)
    if (handler) return { handler, records: jobs }
  }
  return null
}

/** Single handlers together, so that they run in claim order; each batch handler by itself. */
function groupsOf(byType: ReadonlyMap<string, BoundHandler>): BoundHandler[][] {
  const all = [...byType.values()]
  const singles = all.filter((handler) => handler.batch === null)
  return [
    ...(singles.length > 0 ? [singles] : []),
    ...all.filter((handler) => handler.batch !== null).map((handler) => [handler]),
  ]
}

async function lanesOf(rt: Runtime, byType: ReadonlyMap<string, BoundHandler>): Promise<string[]> {
  const counts = await rt.door.call((store) => store.stats())
  const own = [...byType.values()].map((handler) => handler.job.queue ?? rt.defaults?.queue ?? DEFAULT_QUEUE)
  return [...new Set([...own, ...counts.map((one) => one.queue)])].sort()
}
