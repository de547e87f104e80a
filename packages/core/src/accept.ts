import type { AuditEventType } from './audit-event.js'
import { eventOf } from './kit.js'
import { toAuditEvent, toJob } from './present.js'
import type { EventRecord, JobRecord, State } from './record.js'
import type { Runtime } from './runtime.js'
import type { EventDraft } from './store.js'
import { isTerminal } from './transitions.js'

/** The job as it was before a change, as far as its event tells it. */
export type Before = Pick<JobRecord, 'state' | 'lease' | 'attempt'> & { readonly queue?: string }

/** Whether the change should answer with the job: somebody listens to its kind. */
export const isWanted = (rt: Runtime, event: string): boolean => rt.events.wants(event as AuditEventType)

/**
 * After an accepted change of our own: counts it, keeps the lane's history in bounds, tells who listens. `before` null: there was no job;
 * undefined: nobody knows, the event is read.
 */
export function accepted(
  rt: Runtime,
  id: string,
  draft: EventDraft,
  to: State,
  after: JobRecord | null,
  before: Before | null | undefined,
): void {
  rt.metrics.count(draft.type, to)
  const queue = after?.queue ?? before?.queue
  if (queue !== undefined && isTerminal(to)) rt.late().retention.finished(queue)
  if (!isWanted(rt, draft.type)) return
  if (after && before !== undefined) return tell(rt, after, eventOf(after, before, draft))
  readAndTell(rt, id, draft, after).catch((error: unknown) =>
    rt.events.trouble(error, 'reading an event for its listeners'),
  )
}

function tell(rt: Runtime, job: JobRecord, event: EventRecord): void {
  rt.events.tell(event.type as AuditEventType, { event: toAuditEvent(event), job: toJob(job) })
}

async function readAndTell(rt: Runtime, id: string, draft: EventDraft, after: JobRecord | null): Promise<void> {
  const job = after ?? (await rt.door.call((store) => store.get([id])))[0]
  if (!job) return
  const events = await rt.door.call((store) => store.events(id, { afterSeq: Math.max(0, job.version - 3), limit: 3 }))
  const event = events.findLast((one) => one.type === draft.type && one.seq <= job.version)
  if (event) tell(rt, job, event)
}
