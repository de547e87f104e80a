import type { Count, JobRecord, JobRef, Setting, State } from '@stint/core'
import type { Document } from 'mongodb'
import { BODIES, copyOf, type JobDocument, jobOf } from '../record.js'
import { COUNT, SEPARATOR } from '../schema.js'
import { publish } from './publish.js'
import type { FindShape, Session } from './session.js'

/** What is read of a document to judge it: all but the events, of which only the number. */
export interface Read extends JobDocument {
  readonly pending: number
}

const WITHOUT_TRAIL: readonly Document[] = [
  { $addFields: { pending: { $size: '$trail' } } },
  { $project: { trail: 0 } },
]
const WITHOUT_BODIES: Document = { $project: Object.fromEntries(BODIES.map((body) => [body, 0])) }

export const shaped = (bodies: boolean): Document[] => [...WITHOUT_TRAIL, ...(bodies ? [] : [WITHOUT_BODIES])]

/** Documents of jobs, those on their way out too. */
export function documents(
  session: Session,
  stages: readonly Document[],
  { bodies = true, ...shape }: FindShape & { readonly bodies?: boolean } = {},
): Promise<Read[]> {
  return session.aggregate<Read>('jobs', [...stages, ...shaped(bodies)], shape)
}

export const byId = async (
  session: Session,
  ids: readonly string[],
  shape: FindShape & { readonly bodies?: boolean } = {},
): Promise<ReadonlyMap<string, Read>> => {
  if (ids.length === 0) return new Map()
  const found = await documents(session, [{ $match: { _id: { $in: ids } } }], shape)
  return new Map(found.map((doc) => [doc._id, doc]))
}

export interface Key {
  readonly queue: string
  readonly key: string
}

export const nameOfKey = ({ queue, key }: Key): string => `${queue}${SEPARATOR}${key}`

/** The live holders, by `nameOfKey`. */
export const byKey = async (
  session: Session,
  keys: readonly Key[],
  shape: FindShape & { readonly bodies?: boolean } = {},
): Promise<ReadonlyMap<string, Read>> => {
  if (keys.length === 0) return new Map()
  const found = await documents(
    session,
    [{ $match: { $or: keys.map(({ queue, key }) => ({ queue, live: key })) } }],
    shape,
  )
  return new Map(found.map((doc) => [nameOfKey({ queue: doc.queue, key: doc.live ?? '' }), doc]))
}

export async function get(session: Session, refs: readonly JobRef[]): Promise<(JobRecord | null)[]> {
  const ids = refs.filter((ref) => typeof ref === 'string')
  const keys = refs.filter((ref) => typeof ref !== 'string')
  const shape = { majority: true }
  const [jobs, holders] = await session.all([
    () => byId(session, ids, shape),
    () => byKey(session, keys, shape),
  ] as const)
  return refs.map((ref) => {
    const doc = typeof ref === 'string' ? jobs.get(ref) : holders.get(nameOfKey(ref))
    return doc === undefined || doc.gone ? null : copyOf(jobOf(doc))
  })
}

/** Counts are moved by the publisher; what it has not come to yet is few, and found by its mark. */
export async function stats(session: Session, point: (name: string) => void): Promise<Count[]> {
  const isDone = await publish(session, point, { most: 20 })
  const counts = await session.find<{ queue: string; n: Record<string, number> }>(
    'meta',
    { _id: { $gte: COUNT, $lt: '\u0002' } },
    { majority: true },
  )
  const sums = new Map<string, Map<State, number>>()
  const add = (queue: string, state: State | undefined, by: number): void => {
    if (state === undefined) return
    const of = sums.get(queue) ?? new Map<State, number>()
    sums.set(queue, of)
    of.set(state, (of.get(state) ?? 0) + by)
  }
  for (const { queue, n } of counts) for (const [state, count] of Object.entries(n)) add(queue, state as State, count)
  for (const { _id, count } of isDone ? [] : await uncounted(session)) {
    add(_id.queue, _id.counted, -count)
    if (!_id.gone) add(_id.queue, _id.state, count)
  }
  return [...sums].flatMap(([queue, of]) =>
    [...of].filter(([, count]) => count > 0).map(([state, count]) => ({ queue, state, count })),
  )
}

interface Uncounted {
  readonly _id: { readonly queue: string; readonly state: State; readonly counted?: State; readonly gone?: true }
  readonly count: number
}

const uncounted = (session: Session): Promise<Uncounted[]> =>
  session.aggregate<Uncounted>(
    'jobs',
    [
      { $match: { dirty: { $exists: true } } },
      {
        $group: {
          _id: { queue: '$queue', state: '$state', counted: '$counted', gone: '$gone' },
          count: { $sum: 1 },
        },
      },
    ],
    { hint: 'dirty', majority: true },
  )

export interface SettingDocument {
  readonly _id: string
  readonly value: string
  readonly version: number
  readonly updatedAt: number
  readonly op: number
}

export const settingOf = ({ _id, value, version, updatedAt }: SettingDocument): Setting => {
  const at = _id.indexOf(SEPARATOR)
  return { kind: _id.slice(0, at), name: _id.slice(at + 1), value, version, updatedAt }
}

export const settingId = (kind: string, name: string): string => `${kind}${SEPARATOR}${name}`

export async function settings(session: Session, kind: string): Promise<Setting[]> {
  const found = await session.find<SettingDocument>(
    'meta',
    { _id: { $gte: settingId(kind, ''), $lt: `${kind}${String.fromCharCode(1)}` } },
    { sort: { _id: 1 }, majority: true },
  )
  return found.map(settingOf)
}
