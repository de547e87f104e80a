import type { ListPage, ListQuery, Ms } from '@stint/core'
import type { Document } from 'mongodb'
import { cursorInvalid } from '../failures.js'
import { type JobDocument, jobOf } from '../record.js'
import { typesOf } from './claim.js'
import { shaped } from './read.js'
import type { Session } from './session.js'

/** How many of those on their way out a page by id may meet, which are nobody's to see. */
const GONE_BESIDE = 20

/**
 * How many records a call may look at (LIST-3); a filter then makes a short page, never a long call. Without one it is the page: the server
 * reads ahead up to this bound, whatever stands behind it.
 */
const boundOf = ({ limit, walk }: ListQuery, isFiltered: boolean): number =>
  isFiltered ? 10 * limit + 1000 : walk === 'id' ? limit + GONE_BESIDE : limit

type Key = readonly (readonly [field: string, direction: 1 | -1])[]

/** A walk: a range of one index, begun behind a place. `key` are the fields that make the place. */
interface Walk {
  readonly letter: string
  readonly index: string
  readonly key: Key
  readonly range: readonly Document[]
}

export async function list(session: Session, query: ListQuery, now: Ms): Promise<ListPage> {
  const walk = await walkOf(session, query, now)
  const range = { $and: [...walk.range, ...behind(walk, query.cursor), {}] }
  const sort = Object.fromEntries(walk.key)
  const filters = filtersOf(query)
  const bound = boundOf(query, Object.keys(filters).length > 0)
  // The first bound is what is looked at, the second what is answered.
  const found = await session.aggregate<JobDocument>(
    'jobs',
    [
      { $match: range },
      { $sort: sort },
      { $limit: bound },
      { $match: { gone: { $exists: false }, ...filters } },
      { $limit: query.limit },
      ...shaped(query.bodies === true),
    ],
    { hint: walk.index, majority: true },
  )
  const jobs = found.map(jobOf)
  if (jobs.length === query.limit) return { jobs, cursor: cursorOf(walk, found.at(-1) as JobDocument) }
  if (bound === query.limit) return { jobs, cursor: null }
  const projection = Object.fromEntries(walk.key.map(([field]) => [field, 1]))
  const [last] = await session.aggregate<JobDocument>(
    'jobs',
    [{ $match: range }, { $sort: sort }, { $skip: bound - 1 }, { $limit: 1 }, { $project: projection }],
    { hint: walk.index, majority: true },
  )
  return { jobs, cursor: last === undefined ? null : cursorOf(walk, last) }
}

async function walkOf(session: Session, query: ListQuery, now: Ms): Promise<Walk> {
  switch (query.walk) {
    case 'id':
      return { letter: 'i', index: '_id_', key: [['_id', query.direction === 'desc' ? -1 : 1]], range: [] }
    case 'lease': {
      const range = [{ 'lease.until': query.overOnly ? { $lte: now } : { $exists: true } }]
      if (query.overOnly) range.push({ 'lease.until': { $exists: true } })
      return {
        letter: 'l',
        index: 'lease',
        key: [
          ['lease.until', 1],
          ['_id', 1],
        ],
        range,
      }
    }
    case 'finished': {
      const way = query.direction === 'desc' ? -1 : 1
      const range: Document[] = [{ state: query.state }, { finishedAt: { $exists: true } }]
      if (query.finishedFrom !== undefined) range.push({ finishedAt: { $gte: query.finishedFrom } })
      if (query.finishedTo !== undefined) range.push({ finishedAt: { $lt: query.finishedTo } })
      return {
        letter: 'f',
        index: 'finished',
        key: [
          ['finishedAt', way],
          ['_id', way],
        ],
        range,
      }
    }
    case 'claim': {
      const types = query.types ?? (await typesOf(session, query.queue))
      const range: Document[] = [{ lane: query.queue, type: { $in: types } }]
      if (query.dueOnly) range.push({ runAt: { $lte: now } })
      return {
        letter: 'c',
        index: 'line',
        key: [
          ['priority', -1],
          ['runAt', 1],
          ['_id', 1],
        ],
        range,
      }
    }
  }
}

function filtersOf(query: ListQuery): Document {
  const { queue, types, tag } = query
  // The line is of one queue, and of the types asked for, anyway.
  const isInLine = query.walk === 'claim'
  const filters: Document = {
    ...(queue !== undefined && !isInLine && { queue }),
    ...(types && !isInLine && { type: { $in: types } }),
    ...(tag !== undefined && { tags: tag }),
  }
  if (query.walk !== 'id') return filters
  const { states, createdFrom, createdTo } = query
  if (states) filters['state'] = { $in: states }
  if (createdFrom !== undefined || createdTo !== undefined)
    filters['createdAt'] = {
      ...(createdFrom !== undefined && { $gte: createdFrom }),
      ...(createdTo !== undefined && { $lt: createdTo }),
    }
  return filters
}

// ---- cursors: the place of the last record, so that they hold for ever --------------------------------------------------

/** Behind the place: greater in the first field, or equal there and greater in the next, and so on. */
function behind({ letter, key }: Walk, cursor: string | undefined): Document[] {
  if (cursor === undefined) return []
  const place = placeOf(letter, key.length, cursor)
  const beyond = (n: number): Document => {
    const [field, way] = key[n] as Key[number]
    return { [field]: { [way === 1 ? '$gt' : '$lt']: place[n] } }
  }
  const until = (n: number): Document => {
    const [field, way] = key[n] as Key[number]
    return { [field]: { [way === 1 ? '$gte' : '$lte']: place[n] } }
  }
  const equal = (n: number): Document => ({ [(key[n] as Key[number])[0]]: place[n] })
  const ways = key.map((_, n) => ({ $and: [...key.slice(0, n).map((__, m) => equal(m)), beyond(n)] }))
  // The first field's bound stands alone too, because an index is entered by it and not by alternatives.
  return [until(0), { $or: ways }]
}

const cursorOf = ({ letter, key }: Walk, doc: JobDocument): string =>
  letter +
  key
    .map(([field]) => (field === 'lease.until' ? doc.lease?.until : (doc as unknown as Record<string, unknown>)[field]))
    .join(',')

/** Numbers, then the id, in which no comma can be. */
function placeOf(letter: string, parts: number, cursor: string): (number | string)[] {
  const values = cursor.slice(1).split(',')
  const id = values.pop()
  if (
    cursor[0] !== letter ||
    id === undefined ||
    !/^[\w.:-]{1,128}$/.test(id) ||
    values.length !== parts - 1 ||
    !values.every((value) => /^\d{1,15}$/.test(value))
  )
    throw cursorInvalid(cursor)
  return [...values.map(Number), id]
}
