/** A step from one record to the next as a statement of the server: judged by the kit on what was read, written only if nobody wrote in between. */
import type { EventRecord, JobRecord, Ms } from '@stint/core'
import type { Document } from 'mongodb'
import { unknown } from '../failures.js'
import { entryOf, FIELDS, laneOf, liveOf, plain } from '../record.js'
import type { Read } from './read.js'
import type { Session, Statement } from './session.js'

/** Nonces of writes that a document keeps: so many may come between one and the look whether it was done. */
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

export const signed = (op: number): Document => ({ $each: [op], $slice: -OPS })

/** A terminal job comes to life, and wants its key back. */
export const raisesAKey = ({ before, after }: Put): boolean => liveOf(before) === null && liveOf(after) !== null

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
      ops: signed(op),
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
  // What may meet the holder of a key fails alone, and behind what frees that key only where it was asked for behind it.
  const isOrdered = puts.some(raisesAKey)
  for (const put of puts) {
    const u = updateOf(put, op, now)
    const { writes, _id } = put.doc
    const text = isOrdered ? _id : `${writes} ${JSON.stringify(u)}`
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

/** Of the jobs that one command was to write those which bear its nonce, where the server tells only that `n` were written. */
export async function writtenOf(
  session: Session,
  ids: readonly string[],
  op: number,
  n: number,
): Promise<ReadonlySet<string>> {
  if (n === ids.length) return new Set(ids)
  if (n === 0) return new Set()
  const filter = { _id: { $in: ids }, ops: op }
  const found = await session.find<Pick<Read, '_id'>>('jobs', filter, { projection: { _id: 1 } })
  // So many writes of others may have come between ours and this look that its nonce is gone.
  if (found.length !== n)
    throw unknown(`${n} jobs were written, and only ${found.length} of them can be told. A repeat is safe.`, undefined)
  return new Set(found.map(({ _id }) => _id))
}
