/** Lists over a table: walk, filter, stop in time, and say where to go on. */
import { StintError } from './errors.js'
import type { Cursor, JobRecord, Ms } from './record.js'
import { copyHead, copyJob } from './record-copy.js'
import type { ListPage, ListQuery } from './store.js'
import { type Place, placeOf, type Table } from './table.js'

export function listPage(table: Table, query: ListQuery, now: Ms): ListPage {
  const after = query.cursor === undefined ? null : placeAt(query.walk, query.cursor)
  const copy = query.bodies ? copyJob : copyHead
  // No filter needs an index, and none can hang (LIST-3): a page may be short, its cursor goes on.
  const maxExamined = 10 * query.limit + 1000
  const jobs: JobRecord[] = []
  let examined = 0
  let last: JobRecord | null = null
  for (const job of table.walk(query, after, now)) {
    // Judged when there is one more record, so that the last page of a walk has no cursor to nowhere.
    if (last && (jobs.length >= query.limit || examined >= maxExamined)) {
      return { jobs, cursor: cursorAt(query.walk, last) }
    }
    if (matches(query, job, now)) jobs.push(copy(job))
    examined += 1
    last = job
  }
  return { jobs, cursor: null }
}

/** Every filter of the query, whatever the table has looked at already. */
export function matches(query: ListQuery, job: JobRecord, now: Ms): boolean {
  if (query.queue !== undefined && job.queue !== query.queue) return false
  if (query.types && !query.types.includes(job.type)) return false
  if (query.tag !== undefined && !job.tags.includes(query.tag)) return false
  switch (query.walk) {
    case 'id':
      return (query.states?.includes(job.state) ?? true) && isWithin(job.createdAt, query.createdFrom, query.createdTo)
    case 'claim':
      return job.state === 'queued' && (!query.dueOnly || job.runAt <= now)
    case 'lease':
      return job.lease !== null && (!query.overOnly || job.lease.until <= now)
    case 'finished':
      return job.state === query.state && isWithin(job.finishedAt ?? 0, query.finishedFrom, query.finishedTo)
  }
}

const isWithin = (at: Ms, from = 0, to = Number.POSITIVE_INFINITY): boolean => at >= from && at < to

function cursorAt(walk: ListQuery['walk'], job: JobRecord): Cursor {
  const { priority, at, id } = placeOf(walk, job)
  return `${walk}:${priority}:${at}:${id}`
}

function placeAt(walk: ListQuery['walk'], cursor: Cursor): Place {
  const [, of, priority, at, id] = /^([a-z]+):(\d{1,3}):(\d{1,16}):([\w.:-]{1,128})$/.exec(cursor) ?? []
  if (of !== walk || id === undefined) throw cursorInvalid(cursor, `the walk '${walk}'`)
  return { priority: Number(priority), at: Number(at), id }
}

export function cursorInvalid(cursor: Cursor, of: string): StintError<'CURSOR_INVALID'> {
  const message = `Expected a cursor that ${of} of this store gave, got '${cursor.slice(0, 80)}'; begin without one.`
  return new StintError('CURSOR_INVALID', message, { cursor })
}
