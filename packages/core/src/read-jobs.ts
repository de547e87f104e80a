import type { AuditEvent } from './audit-event.js'
import { parseBody } from './checked-json.js'
import type { AnyJobDefinition } from './define.js'
import type { Job, LogLine } from './job.js'
import { checkName, checkText, isId } from './names.js'
import { parsed, toAuditEvent, toJob, toLogLines } from './present.js'
import type { EventRecord, JobRecord, State } from './record.js'
import type { Runtime } from './runtime.js'
import { jobNotFound } from './settle.js'
import { STATES } from './transitions.js'

/** Jobs in each state now, of one lane or of all. */
export type QueueStats = { readonly [S in State]: number }

const EVENTS_PAGE = 500

/** By id, or the live job that has a key. What cannot be an id is the id of no job. */
export async function get(
  rt: Runtime,
  ref: string | { readonly queue: string; readonly uniqueKey: string },
  as?: AnyJobDefinition,
): Promise<Job | undefined> {
  if (typeof ref === 'string' && !isId(ref)) return undefined
  const found =
    typeof ref === 'string' ? ref : { queue: checkName(ref.queue, 'queue'), key: checkText(ref.uniqueKey, 'uniqueKey') }
  const [record] = await rt.door.call((store) => store.get([found]))
  if (!record || (as && record.type !== as.type)) return undefined
  return jobAs(rt, record, as)
}

/** The job, its result as the definition's schema gives it out: each reader parses. */
export async function jobAs(rt: Runtime, record: JobRecord, as: AnyJobDefinition | undefined): Promise<Job> {
  const job = toJob(record)
  if (record.state !== 'succeeded' || !as) return job
  const definition = rt.known.meet(as)
  const result = await parseBody(parsedResult(record), definition.result, 'RESULT_INVALID', record.type)
  return Object.freeze({ ...job, result: result ?? null })
}

/** `undefined` where the handler returned nothing. */
export const parsedResult = (record: JobRecord) =>
  record.result === null ? undefined : (parsed(record.result) as never)

export async function stats(rt: Runtime, queue?: string): Promise<QueueStats> {
  if (queue !== undefined) checkName(queue, 'queue')
  const sums = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<State, number>
  for (const one of await rt.door.call((store) => store.stats()))
    if (queue === undefined || one.queue === queue) sums[one.state] += one.count
  return Object.freeze(sums)
}

/** One job's trail, `seq` 1 first. */
export async function audit(rt: Runtime, jobId: string): Promise<readonly AuditEvent[]> {
  if (!isId(jobId)) throw jobNotFound(String(jobId))
  const trail: EventRecord[] = []
  for (;;) {
    const page = await rt.door.call((store) =>
      store.events(jobId, { afterSeq: trail.at(-1)?.seq ?? 0, limit: EVENTS_PAGE }),
    )
    trail.push(...page)
    if (page.length < EVENTS_PAGE) break
  }
  // Every job has the event of its enqueue.
  if (trail.length === 0) throw jobNotFound(jobId)
  return Object.freeze(trail.map(toAuditEvent))
}

export async function logs(rt: Runtime, jobId: string): Promise<readonly LogLine[]> {
  const [record] = isId(jobId) ? await rt.door.call((store) => store.get([jobId])) : []
  if (!record) throw jobNotFound(String(jobId))
  return toLogLines(record.log)
}
