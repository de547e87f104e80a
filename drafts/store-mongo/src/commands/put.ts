/** A step from one record to the next as a statement of the server: judged by the kit on what was read, written only if nobody wrote in between. */
import type { EventRecord, JobRecord, Ms } from '@stint/core'
import type { Document } from 'mongodb'
import { unknown } from '../failures.js'
import { entryOf, FIELDS, laneOf, liveOf, plain } from '../record.js'
import type { Read } from './read.js'
import type { Session, Statement } from './session.js'

/** Nonces that a document keeps: as many writes of others may come between ours and the look whether it was done. */
const OPS = 8
/** From so many events on a document is published before others: it is written anew at each step. */
export const LONG_TRAIL = 100

export interface Put {
  readonly doc: Read
  readonly before: JobRecord
  readonly after: JobRecord
  readonly event: EventRecord | null
  /** Fields that are written though they look the same: their old value was not read. */
  readonly named: ReadonlySet<string>
}

/** What the update sets; the same text means the same write, whichever the document. */
export function updateOf({ doc, before, after, event, named }: Put, op: number, now: Ms): Document {
  const set: Record<string, unknown> = {}
  const unset: Record<string, 1> = {}
  const put = (field: string, value: unknown): void => {
    if (value === null) unset[field] = 1
    else set[field] = plain(value)
  }
  for (const field of FIELDS) if (before[field] !== after[field] || named.has(field)) put(field, after[field])
  if (laneOf(before) !== laneOf(after)) put('lane', laneOf(after))
  if (liveOf(before) !== liveOf(after)) put('live', liveOf(after))
  return {
    ...(Object.keys(set).length > 0 && { $set: set }),
    ...(Object.keys(unset).length > 0 && { $unset: unset }),
    $inc: { writes: 1 },
    // The publisher takes `dirty` away without a write of ours in between, so it is said each time.
    ...(event !== null && { $min: { dirty: doc.pending >= LONG_TRAIL ? 0 : now } }),
    $push: {
      ops: { $each: [op], $slice: -OPS },
      ...(event !== null && { trail: entryOf(event) }),
    },
  }
}

/** Statements for all of them: those that write the same on documents as often written are one. */
export function statementsOf(
  session: Session,
  puts: readonly Put[],
  op: number,
  now: Ms,
): { readonly statements: Statement[]; readonly groups: Put[][] } {
  const groups = new Map<string, { readonly q: Document; readonly u: Document; readonly puts: Put[] }>()
  for (const put of puts) {
    const u = updateOf(put, op, now)
    const { writes, _id } = put.doc
    // What may meet the holder of a key fails alone.
    const text = u['$set']?.live === undefined ? `${writes} ${JSON.stringify(u)}` : `alone ${_id}`
    const group = groups.get(text)
    if (group) group.puts.push(put)
    else groups.set(text, { q: { writes }, u, puts: [put] })
  }
  const all = [...groups.values()]
  return {
    groups: all.map((group) => group.puts),
    statements: all.map(({ q, u, puts: [first, ...rest] }) => ({
      q: {
        _id: rest.length === 0 ? first?.doc._id : { $in: [first, ...rest].map((put) => put?.doc._id) },
        birth: rest.length === 0 ? first?.doc.birth : { $in: [first, ...rest].map((put) => put?.doc.birth) },
        ...q,
        ...session.inTime(),
      },
      u,
      multi: rest.length > 0,
    })),
  }
}

/** Which of the puts were done, where the server's total is short. */
export async function doneOf(session: Session, puts: readonly Put[], op: number): Promise<ReadonlySet<Put>> {
  const found = await session.find<Pick<Read, '_id' | 'birth' | 'writes' | 'ops'>>(
    'jobs',
    { _id: { $in: puts.map(({ doc }) => doc._id) } },
    { projection: { birth: 1, writes: 1, ops: 1 } },
  )
  const now = new Map(found.map((doc) => [doc._id, doc]))
  return new Set(puts.filter((put) => isDone(put, now.get(put.doc._id), op)))
}

function isDone({ doc }: Put, now: Pick<Read, 'birth' | 'writes' | 'ops'> | undefined, op: number): boolean {
  const since = now === undefined || now.birth !== doc.birth ? OPS + 1 : now.writes - doc.writes
  if (now === undefined || since > now.ops.length)
    throw unknown('Others wrote or removed the job before it could be seen whether this write was done.', undefined)
  return since > 0 && now.ops[now.ops.length - since] === op
}
