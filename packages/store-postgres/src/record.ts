import type { EventRecord, JobRecord, State } from '@stint/core'
import { STATES } from '@stint/core/store'

/** States are stored as their place in core's list; statements count on it: 1 is queued, 2 and 3 are held, terminal ones are 4 and above. */
const CODES = Object.fromEntries(STATES.map((state, code) => [state, code])) as Readonly<Record<State, number>>

export const codeOf = (state: State): number => CODES[state]
export const stateOf = (code: number): State => STATES[code] as State

const HEAD_NAMES: readonly string[] = [
  ...['id', 'queue', 'type', 'state', 'version', 'priority', 'run_at', 'attempt', 'max_attempts', 'key', 'key_until'],
  ...[
    'grp',
    'tags',
    'created_at',
    'updated_at',
    'started_at',
    'finished_at',
    'token',
    'fence',
    'worker',
    'lease_until',
  ],
  ...['progress', 'error', 'ext'],
]
const BODY_NAMES: readonly string[] = ['payload', 'result', 'checkpoint', 'log']

/** All columns of a record but the bodies, which may be large, of the table or subquery `of`. */
export const headOf = (of: string): string => HEAD_NAMES.map((name) => `${of}.${name}`).join(', ')
export const wholeOf = (of: string): string => [...HEAD_NAMES, ...BODY_NAMES].map((name) => `${of}.${name}`).join(', ')

/** bigint comes as text or as a number, as the driver of the transaction likes it; instants stay far below 2^53. */
type Big = number | string

export interface JobRow {
  readonly id: string
  readonly queue: string
  readonly type: string
  readonly state: number
  readonly version: number
  readonly priority: number
  readonly run_at: Big
  readonly attempt: number
  readonly max_attempts: number
  readonly key: string | null
  readonly key_until: number
  readonly grp: string | null
  readonly tags: string[] | null
  readonly created_at: Big
  readonly updated_at: Big
  readonly started_at: Big | null
  readonly finished_at: Big | null
  readonly token: string | null
  readonly fence: number | null
  readonly worker: string | null
  readonly lease_until: Big | null
  readonly progress: string | null
  readonly error: string | null
  readonly ext: string | null
  readonly payload?: string | null
  readonly result?: string | null
  readonly checkpoint?: string | null
  readonly log?: string | null
}

const instant = (value: Big | null): number | null => (value === null ? null : Number(value))

/** The record of a row; the bodies null where they were not read. */
export function jobOf(row: JobRow): JobRecord {
  return {
    id: row.id,
    queue: row.queue,
    type: row.type,
    state: stateOf(row.state),
    version: row.version,
    priority: row.priority,
    runAt: Number(row.run_at),
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    key: row.key,
    keyUntil: row.key_until === 1 ? 'claimed' : 'finished',
    group: row.grp,
    tags: row.tags ?? [],
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    startedAt: instant(row.started_at),
    finishedAt: instant(row.finished_at),
    lease:
      row.token === null
        ? null
        : {
            token: row.token,
            fence: row.fence as number,
            workerId: row.worker as string,
            until: Number(row.lease_until),
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

/** The text of an array, which a column of arrays needs: an array of arrays would have to be a rectangle. null: none. */
export function tagsOf({ tags }: Pick<JobRecord, 'tags'>): string | null {
  return tags.length === 0 ? null : `{${tags.map((tag) => `"${tag.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`
}

/** Of an event `e` and its job `j`. */
export const EVENT_COLUMNS =
  'e.tx, e.job_id, j.queue, e.seq, e.at, e.type, e.from_state, e.to_state, e.attempt, e.fence, e.worker, e.actor, e.detail'

export interface EventRow {
  readonly tx: Big
  readonly job_id: string
  readonly queue: string
  readonly seq: number
  readonly at: Big
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
    jobId: row.job_id,
    queue: row.queue,
    seq: row.seq,
    at: Number(row.at),
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
