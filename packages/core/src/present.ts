/** From what stores keep to what users see. The lease token, the checkpoint, the log and the nonces stay behind. */
import type { AuditEvent, AuditEventType } from './audit-event.js'
import { readDetail } from './detail.js'
import { readExt } from './ext.js'
import { type FailureRecord, readFailure } from './failure.js'
import type { Job, LogLine } from './job.js'
import type { Json } from './json.js'
import { readLog } from './log-text.js'
import type { EventRecord, JobRecord, JsonText, Ms } from './record.js'

export function toJob(record: JobRecord): Job {
  return Object.freeze({
    id: record.id,
    type: record.type,
    queue: record.queue,
    state: record.state,
    payload: parsed(record.payload) ?? undefinedOr(record.payload),
    priority: record.priority,
    attempt: record.attempt,
    maxAttempts: record.maxAttempts,
    runAt: new Date(record.runAt),
    createdAt: new Date(record.createdAt),
    updatedAt: new Date(record.updatedAt),
    startedAt: date(record.startedAt),
    finishedAt: date(record.finishedAt),
    lease: record.lease && Object.freeze({ workerId: record.lease.workerId, expiresAt: new Date(record.lease.until) }),
    progress: parsed(record.progress),
    result: parsed(record.result),
    error: record.error === null ? null : readFailure(JSON.parse(record.error) as FailureRecord),
    uniqueKey: record.key,
    tags: Object.freeze([...record.tags]),
    meta: Object.freeze(readExt(record.ext).meta),
    version: record.version,
  })
}

/** Events of a holder are the worker's own doing unless another actor was named. */
const BY_HOLDER: ReadonlySet<string> = new Set([
  'leased',
  'started',
  'heartbeat',
  'progressed',
  'succeeded',
  'failed',
  'snoozed',
  'released',
])

export function toAuditEvent(event: EventRecord): AuditEvent {
  const { error, reason, op: _op, ...more } = readDetail(event.detail)
  return Object.freeze({
    jobId: event.jobId,
    queue: event.queue,
    seq: event.seq,
    type: event.type as AuditEventType,
    at: new Date(event.at),
    from: event.from,
    to: event.to,
    attempt: event.attempt,
    fence: event.fence,
    workerId: event.workerId,
    actor: event.actor ?? (BY_HOLDER.has(event.type) ? event.workerId : null),
    reason: reason ?? null,
    error: error ? readFailure(error) : null,
    detail: Object.keys(more).length > 0 ? Object.freeze(more as { [key: string]: Json }) : null,
  })
}

export function toLogLines(text: JsonText | null): readonly LogLine[] {
  const { dropped, lines } = readLog(text)
  const shown = lines.map(([at, attempt, message]): LogLine => Object.freeze({ at: new Date(at), attempt, message }))
  const first = shown[0]
  if (dropped > 0 && first) {
    shown.unshift(
      Object.freeze({
        at: first.at,
        attempt: first.attempt,
        message: `[${dropped} older ${dropped === 1 ? 'line' : 'lines'} dropped]`,
      }),
    )
  }
  return Object.freeze(shown)
}

export const parsed = (text: JsonText | null): Json | null => (text === null ? null : (JSON.parse(text) as Json))

/** No text is `undefined`; the text `null` is null. */
const undefinedOr = (text: JsonText | null): null | undefined => (text === null ? undefined : null)

const date = (at: Ms | null): Date | null => (at === null ? null : new Date(at))
