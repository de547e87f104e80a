import type { Count, JobRecord, JobRef, Setting } from '@stint/core'
import { type JobRow, jobOf, stateOf, wholeOf } from '../record.js'
import { Columns } from './columns.js'
import type { Session } from './session.js'

const BY_ID = `select ${wholeOf('j')} from stint.job j where j.id = any($1::text[])`

export interface Key {
  readonly queue: string
  readonly key: string
}
const KEYS = new Columns<Key>(1, [
  ['queue', 'text', ({ queue }) => queue],
  ['key', 'text', ({ key }) => key],
])
/** A row of `live_key` is true as long as its job is live and has that key. */
const BY_KEY = `select ${wholeOf('j')} from ${KEYS.text},
  lateral (select l.id from stint.live_key l where l.queue = u.queue and l.key = u.key limit 1) l,
  lateral (select * from stint.job where id = l.id and queue = u.queue and key = u.key and state < 4 limit 1) j`

/** In one snapshot: of two statements the second would see the key of an insert whose id the first did not see yet, and the id goes before the key. */
const BY_ID_OR_KEY = `select true as is_by_id, ${wholeOf('j')} from stint.job j where j.id = any($3::text[])
  union all select false, x.* from (${BY_KEY}) x`

/** Neither a queue's name nor a key has control characters, so no two pairs meet. */
export const nameOf = ({ queue, key }: Key): string => `${queue}\n${key}`

export async function byId(session: Session, ids: readonly string[]): Promise<Map<string, JobRecord>> {
  if (ids.length === 0) return new Map()
  const rows = await session.rows<JobRow>(BY_ID, ids)
  return new Map(rows.map((row) => [row.id, jobOf(row)]))
}

export async function byKey(session: Session, keys: readonly Key[]): Promise<Map<string, JobRecord>> {
  if (keys.length === 0) return new Map()
  const rows = await session.rows<JobRow>(BY_KEY, ...KEYS.values(keys))
  return new Map(rows.map((row) => [nameOf(row as Key), jobOf(row)]))
}

/** Those that are there under one of the ids, and the holders of the keys. */
export async function byIdOrKey(
  session: Session,
  ids: readonly string[],
  keys: readonly Key[],
): Promise<{ ids: Map<string, JobRecord>; holders: Map<string, JobRecord> }> {
  const rows = await session.rows<JobRow & { is_by_id: boolean }>(BY_ID_OR_KEY, ...KEYS.values(keys), ids)
  const found = (isById: boolean): JobRecord[] => rows.filter(({ is_by_id }) => is_by_id === isById).map(jobOf)
  return {
    ids: new Map(found(true).map((job) => [job.id, job])),
    holders: new Map(found(false).map((job) => [nameOf(job as Key), job])),
  }
}

export async function get(session: Session, refs: readonly JobRef[]): Promise<(JobRecord | null)[]> {
  const ids = await byId(
    session,
    refs.filter((ref) => typeof ref === 'string'),
  )
  const holders = await byKey(
    session,
    refs.filter((ref) => typeof ref !== 'string'),
  )
  // Each answer is the caller's own, also where a job was asked for twice.
  return refs.map((ref) => {
    const job = typeof ref === 'string' ? ids.get(ref) : holders.get(nameOf(ref))
    return job === undefined ? null : { ...job, tags: [...job.tags], lease: job.lease && { ...job.lease } }
  })
}

const COUNTS = `select queue, state, sum(n)::text as n from (
  select queue, state, n from stint.count union all select queue, state, n from stint.count_delta) c
  group by queue, state having sum(n) > 0`

export async function stats(session: Session): Promise<Count[]> {
  const rows = await session.rows<{ queue: string; state: number; n: string }>(COUNTS)
  return rows.map(({ queue, state, n }) => ({ queue, state: stateOf(state), count: Number(n) }))
}

interface SettingRow extends Omit<Setting, 'updatedAt'> {
  readonly updated_at: number | string
}
const SETTINGS = 'select kind, name, value, version, updated_at from stint.setting where kind = $1 order by name'

export const settingOf = ({ kind, name, value, version, updated_at }: SettingRow): Setting => ({
  kind,
  name,
  value,
  version,
  updatedAt: Number(updated_at),
})

export const settings = async (session: Session, kind: string): Promise<Setting[]> =>
  (await session.rows<SettingRow>(SETTINGS, kind)).map(settingOf)
