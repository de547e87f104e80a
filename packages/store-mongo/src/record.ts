/** A job's document <-> its record. The fields are named as in the record; what is null is not there, so that partial indexes can go by presence. */
import type { EventRecord, JobRecord, LeaseRecord, Ms, State } from '@stint/core'
import { isTerminal } from '@stint/core/store'

/** An event as the document of its job holds it, until it is published. */
export type TrailEntry = Omit<EventRecord, 'jobId' | 'queue'>

/** What only the store knows of a job. */
export interface Marks {
  /** Names one life of the id: a job that is inserted anew after a removal has another. */
  readonly birth: number
  /** How often the document was written, beats included: every write is judged on the one before. */
  readonly writes: number
  /** The nonces of the last writes, newest last: whose they were can be told although the server answers totals only. */
  readonly ops: readonly number[]
}

export interface JobDocument extends Marks {
  readonly _id: string
  readonly queue: string
  readonly type: string
  readonly state: State
  readonly version: number
  readonly priority: number
  readonly runAt: Ms
  readonly attempt: number
  readonly maxAttempts: number
  readonly key?: string
  readonly keyUntil: 'claimed' | 'finished'
  readonly group?: string
  readonly tags: readonly string[]
  readonly createdAt: Ms
  readonly updatedAt: Ms
  readonly startedAt?: Ms
  readonly finishedAt?: Ms
  readonly lease?: LeaseRecord
  readonly progress?: string
  readonly error?: string
  readonly ext?: string
  readonly payload?: string
  readonly result?: string
  readonly checkpoint?: string
  readonly log?: string
  /** `queue` while the job is queued: the line. */
  readonly lane?: string
  /** `key` while the job is live: the unique index. */
  readonly live?: string
  /** Something of it is not published yet: since when, or 0 when there is much of it. */
  readonly dirty?: Ms
  /** The state under which it is counted; absent: not counted. */
  readonly counted?: State
  /** The last plan of the publisher that was carried out on it. */
  readonly plan?: number
  /** Events that are not published yet. */
  readonly trail: readonly TrailEntry[]
  /** Written by who was refused for its key, so as to wait for a transaction that may free it; never read. */
  readonly met?: number
  /** Removed, and on its way out: nobody sees it. */
  readonly gone?: true
}

export const BODIES = ['payload', 'result', 'checkpoint', 'log'] as const

/** Everything of a record that is stored as it is; null is absence. */
export const FIELDS = [
  ...[
    'queue',
    'type',
    'state',
    'version',
    'priority',
    'runAt',
    'attempt',
    'maxAttempts',
    'key',
    'keyUntil',
    'group',
    'tags',
  ],
  ...['createdAt', 'updatedAt', 'startedAt', 'finishedAt', 'lease', 'progress', 'error', 'ext', ...BODIES],
] as readonly (keyof JobRecord)[]

/** The record of a document; the bodies null where they were not read. */
export function jobOf(doc: JobDocument): JobRecord {
  return {
    id: doc._id,
    queue: doc.queue,
    type: doc.type,
    state: doc.state,
    version: doc.version,
    priority: doc.priority,
    runAt: doc.runAt,
    attempt: doc.attempt,
    maxAttempts: doc.maxAttempts,
    key: doc.key ?? null,
    keyUntil: doc.keyUntil,
    group: doc.group ?? null,
    tags: doc.tags,
    createdAt: doc.createdAt,
    updatedAt: doc.updatedAt,
    startedAt: doc.startedAt ?? null,
    finishedAt: doc.finishedAt ?? null,
    lease: doc.lease ?? null,
    progress: doc.progress ?? null,
    error: doc.error ?? null,
    ext: doc.ext ?? null,
    payload: doc.payload ?? null,
    result: doc.result ?? null,
    checkpoint: doc.checkpoint ?? null,
    log: doc.log ?? null,
  } as JobRecord
}

/** What nobody else holds (READ-2), with −0 as it is stored. */
export const copyOf = (job: JobRecord): JobRecord => ({
  ...job,
  priority: job.priority + 0,
  runAt: job.runAt + 0,
  attempt: job.attempt + 0,
  tags: [...job.tags],
  lease: job.lease && { ...job.lease },
})

export const laneOf = (job: JobRecord): string | null => (job.state === 'queued' ? job.queue : null)
export const liveOf = (job: JobRecord): string | null => (isTerminal(job.state) ? null : job.key)

export const entryOf = ({ jobId: _, queue: __, ...entry }: EventRecord): TrailEntry => entry

/** What a driver would keep as it is: −0, which is no number of a record (DATA-4). */
export const plain = (value: unknown): unknown => (typeof value === 'number' ? value + 0 : value)

/** The document of a job that is not there yet. */
export function documentOf(job: JobRecord, events: readonly EventRecord[], op: number, dirty: Ms): JobDocument {
  const doc: Record<string, unknown> = { _id: job.id }
  for (const field of FIELDS) if (job[field] !== null) doc[field] = plain(job[field])
  const [lane, live] = [laneOf(job), liveOf(job)]
  if (lane !== null) doc['lane'] = lane
  if (live !== null) doc['live'] = live
  return { ...doc, birth: op, writes: 1, ops: [op], dirty, trail: events.map(entryOf) } as unknown as JobDocument
}

/** An event as the feed has it. */
export interface EventDocument extends TrailEntry {
  /** Its place in the feed. */
  readonly _id: number
  readonly job: string
  readonly queue: string
  readonly birth: number
}

export const eventOf = (jobId: string, queue: string, entry: TrailEntry): EventRecord => ({
  jobId,
  queue,
  seq: entry.seq,
  at: entry.at,
  type: entry.type,
  from: entry.from,
  to: entry.to,
  attempt: entry.attempt,
  fence: entry.fence,
  workerId: entry.workerId,
  actor: entry.actor,
  detail: entry.detail,
})
