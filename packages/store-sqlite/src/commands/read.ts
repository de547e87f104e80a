import type { Count, JobRecord, JobRef, Setting } from '@stint/core'
import { HEAD, type JobRow, jobOf, stateOf, WHOLE } from '../record.js'
import type { Session } from './session.js'

const HEAD_BY_ID = `select ${HEAD} from stint_job where id = ?`
const BY_ID = `select ${WHOLE} from stint_job where id = ?`
const HOLDER = 'from stint_job indexed by stint_job_key where queue = ? and key = ? and key is not null and state < 4'
const BY_KEY = `select ${WHOLE} ${HOLDER}`
const HOLDER_ID = `select id ${HOLDER}`
const COUNTS = 'select queue, state, n from stint_count where n > 0'
const PAUSED = "select 1 from stint_setting where kind = 'paused' and name = ?"
const SETTING = 'select kind, name, value, version, updated_at as updatedAt from stint_setting where kind = ?'

export const headRow = (session: Session, id: string): JobRow | undefined => session.get<JobRow>(HEAD_BY_ID, id)

export function byId(session: Session, id: string): JobRecord | null {
  const row = session.get<JobRow>(BY_ID, id)
  return row === undefined ? null : jobOf(row)
}

export function byKey(session: Session, queue: string, key: string): JobRecord | null {
  const row = session.get<JobRow>(BY_KEY, queue, key)
  return row === undefined ? null : jobOf(row)
}

/** The id of the live job that has the key. */
export const holderOf = (session: Session, queue: string, key: string): string | undefined =>
  session.value<string>(HOLDER_ID, queue, key)

export const get = (session: Session, refs: readonly JobRef[]): (JobRecord | null)[] =>
  refs.map((ref) => (typeof ref === 'string' ? byId(session, ref) : byKey(session, ref.queue, ref.key)))

export const isPaused = (session: Session, queue: string): boolean => session.get(PAUSED, queue) !== undefined

export const stats = (session: Session): Count[] =>
  session
    .all<{ queue: string; state: number; n: number }>(COUNTS)
    .map(({ queue, state, n }) => ({ queue, state: stateOf(state), count: n }))

export const settings = (session: Session, kind: string): Setting[] =>
  session.all<Setting>(`${SETTING} order by name`, kind)

export const setting = (session: Session, kind: string, name: string): Setting | null =>
  session.get<Setting>(`${SETTING} and name = ?`, kind, name) ?? null
