import type { EventRecord, JobRecord, State } from '@stint/core'
import { STATES } from '@stint/core/store'
import type { Value } from './commands/session.js'

/** States are stored as their place in core's list; the partial indexes count on it: terminal ones are 4 and above. */
const CODES = Object.fromEntries(STATES.map((state, code) => [state, code])) as Readonly<Record<State, number>>

export const codeOf = (state: State): number => CODES[state]
export const stateOf = (code: number): State => STATES[code] as State

/** All but the bodies, which may be large. */
export const HEAD = `n, id, queue, type, state, version, priority, run_at, attempt, max_attempts, key, key_until, grp, tags,
  created_at, updated_at, started_at, finished_at, token, fence, worker, lease_until, progress, error, ext`
export const BODIES = 'result, checkpoint, log, payload'
export const WHOLE = `${HEAD}, ${BODIES}`

export interface JobRow {
  readonly n: number
  readonly id: string
  readonly queue: string
  readonly type: string
  readonly state: number
  readonly version: number
  readonly priority: number
  readonly run_at: number
  readonly attempt: number
  readonly max_attempts: number
  readonly key: string | null
  readonly key_until: number
  readonly grp: string | null
  readonly tags: string | null
  readonly created_at: number
  readonly updated_at: number
  readonly started_at: number | null
  readonly finished_at: number | null
  readonly token: string | null
  readonly fence: number | null
  readonly worker: string | null
  readonly lease_until: number | null
  readonly progress: string | null
  readonly error: string | null
  readonly ext: string | null
  readonly result?: string | null
  readonly checkpoint?: string | null
  readonly log?: string | null
  readonly payload?: string | null
}

/** The record of a row; the bodies null where they were not read. */
export function jobOf(row: JobRow): JobRecord {
  return {
    id: row.id,
    queue: row.queue,
    type: row.type,
    state: stateOf(row.state),
    version: row.version,
    priority: row.priority,
    runAt: row.run_at,
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    key: row.key,
    keyUntil: row.key_until === 1 ? 'claimed' : 'finished',
    group: row.grp,
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    lease:
      row.token === null
        ? null
        : {
            token: row.token,
            fence: row.fence as number,
            workerId: row.worker as string,
            until: row.lease_until as number,
          },
    progress: row.progress,
    error: row.error,
    ext: row.ext,
    payload: row.payload ?? null,
    result: row.result ?? null,
    checkpoint: row.checkpoint ?? null,
    log: row.log ?? null,
  }
}

/** What each column that can change holds, in the order of the table. `n`, id, queue, type and what an enqueue fixes never change. */
export const CHANGING: readonly (readonly [column: string, value: (job: JobRecord) => Value])[] = [
  ['state', (job) => codeOf(job.state)],
  ['version', (job) => job.version],
  ['priority', (job) => job.priority],
  ['run_at', (job) => job.runAt],
  ['attempt', (job) => job.attempt],
  ['max_attempts', (job) => job.maxAttempts],
  ['key', (job) => job.key],
  ['tags', (job) => tagsOf(job)],
  ['updated_at', (job) => job.updatedAt],
  ['started_at', (job) => job.startedAt],
  ['finished_at', (job) => job.finishedAt],
  ['token', (job) => job.lease?.token ?? null],
  ['fence', (job) => job.lease?.fence ?? null],
  ['worker', (job) => job.lease?.workerId ?? null],
  ['lease_until', (job) => job.lease?.until ?? null],
  ['progress', (job) => job.progress],
  ['error', (job) => job.error],
  ['ext', (job) => job.ext],
  ['result', (job) => job.result],
  ['checkpoint', (job) => job.checkpoint],
  ['log', (job) => job.log],
  ['payload', (job) => job.payload],
]

const FIXED: readonly (readonly [column: string, value: (job: JobRecord) => Value])[] = [
  ['id', (job) => job.id],
  ['queue', (job) => job.queue],
  ['type', (job) => job.type],
  ['key_until', (job) => (job.keyUntil === 'claimed' ? 1 : 0)],
  ['grp', (job) => job.group],
  ['created_at', (job) => job.createdAt],
]
/** Every column but `n`, which the engine gives. */
export const COLUMNS = [...FIXED, ...CHANGING]

export const tagsOf = (job: Pick<JobRecord, 'tags'>): string | null =>
  job.tags.length === 0 ? null : JSON.stringify(job.tags)

export interface EventRow {
  readonly pos: number
  readonly id: string
  readonly queue: string
  readonly seq: number
  readonly at: number
  readonly type: string
  readonly from_state: number | null
  readonly to_state: number
  readonly attempt: number
  readonly fence: number | null
  readonly worker: string | null
  readonly actor: string | null
  readonly detail: string | null
}

export function eventOfRow(row: EventRow): EventRecord {
  return {
    jobId: row.id,
    queue: row.queue,
    seq: row.seq,
    at: row.at,
    type: row.type,
    from: row.from_state === null ? null : stateOf(row.from_state),
    to: stateOf(row.to_state),
    attempt: row.attempt,
    fence: row.fence,
    workerId: row.worker,
    actor: row.actor,
    detail: row.detail,
  }
}
