import type { JobRecord, ListPage, ListQuery, Ms } from '@stint/core'
import { cursorInvalid } from '../failures.js'
import { codeOf, HEAD, type JobRow, jobOf, WHOLE } from '../record.js'
import { places } from './line.js'
import type { Session, Value } from './session.js'

/** How many records a call may look at (LIST-3); a filter then makes a short page, never a long call. */
const examined = (limit: number): number => 10 * limit + 1000

type ClaimWalk = Extract<ListQuery, { walk: 'claim' }>

/** Parameters are written `+?`: line.ts says why. */
interface Text {
  readonly sql: string
  readonly values: readonly Value[]
}
/** A walk: a range of one index, begun behind a place. `key` are the columns that make the place. */
interface Walk {
  readonly letter: string
  readonly index: string
  readonly key: readonly string[]
  readonly descending: boolean
  readonly range: readonly Text[]
}

export function list(session: Session, query: ListQuery, now: Ms): ListPage {
  if (query.walk === 'claim') return claimWalk(session, query, now)
  const walk = walkOf(query, now)
  const key = walk.key.join(', ')
  const range = [...walk.range, ...behind(walk, query.cursor)]
  const order = walk.key.map((column) => (walk.descending ? `${column} desc` : column)).join(', ')
  const stretch = `from stint_job indexed by ${walk.index} where ${all(range)} order by ${order}`
  const filters = filtersOf(query)
  const bound = examined(query.limit)
  // The inner bound is what is looked at, the outer one what is answered. All columns are read for the rows of the page only.
  const looked = `select n as found, ${key}, ${FILTERED} ${stretch} limit +?`
  const page = `select found from (${looked}) where ${all(filters)} order by ${order} limit +?`
  const rows = session.all<JobRow>(
    `select ${query.bodies ? WHOLE : HEAD} from (${page}) cross join stint_job on n = found order by ${order}`,
    ...valuesOf(range),
    bound,
    ...valuesOf(filters),
    query.limit,
  )
  const last =
    rows.length === query.limit
      ? rows.at(-1)
      : session.get<JobRow>(`select ${key} ${stretch} limit 1 offset +?`, ...valuesOf(range), bound - 1)
  return { jobs: rows.map(jobOf), cursor: last === undefined ? null : cursorOf(walk, last) }
}

function walkOf(query: Exclude<ListQuery, ClaimWalk>, now: Ms): Walk {
  if (query.walk === 'id')
    return { letter: 'i', index: 'stint_job_id', key: ['id'], descending: query.direction === 'desc', range: [] }
  if (query.walk === 'lease') {
    const range = [text('token is not null'), ...(query.overOnly ? [text('lease_until <= +?', now)] : [])]
    return { letter: 'l', index: 'stint_job_lease', key: ['lease_until', 'id'], descending: false, range }
  }
  const range = [text('state >= 4 and state = +?', codeOf(query.state))]
  if (query.finishedFrom !== undefined) range.push(text('finished_at >= +?', query.finishedFrom))
  if (query.finishedTo !== undefined) range.push(text('finished_at < +?', query.finishedTo))
  return {
    letter: 'f',
    index: 'stint_job_ended',
    key: ['finished_at', 'id'],
    descending: query.direction === 'desc',
    range,
  }
}

/** Columns that filters ask about. */
const FILTERED = 'queue, type, state, tags, created_at'

function filtersOf(query: ListQuery): Text[] {
  const filters: Text[] = []
  if (query.queue !== undefined) filters.push(text('queue = +?', query.queue))
  if (query.types !== undefined)
    filters.push(text('type in (select value from json_each(?))', JSON.stringify(query.types)))
  if (query.tag !== undefined) filters.push(text('exists (select 1 from json_each(tags) where value = ?)', query.tag))
  if (query.walk !== 'id') return filters
  if (query.states !== undefined)
    filters.push(text('state in (select value from json_each(?))', JSON.stringify(query.states.map(codeOf))))
  if (query.createdFrom !== undefined) filters.push(text('created_at >= +?', query.createdFrom))
  if (query.createdTo !== undefined) filters.push(text('created_at < +?', query.createdTo))
  return filters
}

const text = (sql: string, ...values: Value[]): Text => ({ sql, values })
const all = (parts: readonly Text[]): string =>
  parts.length === 0 ? 'true' : parts.map(({ sql }) => sql).join(' and ')
const valuesOf = (parts: readonly Text[]): Value[] => parts.flatMap(({ values }) => values)

// ---- cursors: the place of the last record, so that they hold for ever --------------------------------------------------

function behind({ letter, key, descending }: Walk, cursor: string | undefined): Text[] {
  if (cursor === undefined) return []
  const values = placeOf(letter, key.length, cursor)
  return [text(`(${key.join(', ')}) ${descending ? '<' : '>'} (${key.map(() => '+?').join(', ')})`, ...values)]
}

const cursorOf = ({ letter, key }: Walk, row: JobRow): string =>
  letter + key.map((column) => row[column as keyof JobRow]).join(',')

/** Numbers, then the id, in which no comma can be. */
function placeOf(letter: string, parts: number, cursor: string): Value[] {
  const values = cursor.slice(1).split(',')
  const id = values.pop()
  if (
    cursor[0] !== letter ||
    id === undefined ||
    values.length !== parts - 1 ||
    !values.every((value) => /^\d{1,15}$/.test(value))
  ) {
    throw cursorInvalid(cursor)
  }
  return [...values.map(Number), id]
}

// ---- the walk in claim order ----------------------------------------------------------------------------------------------

const BY_N = `select ${HEAD} from stint_job where n = ?`
const BY_N_WHOLE = `select ${WHOLE} from stint_job where n = ?`

function claimWalk(session: Session, query: ClaimWalk, now: Ms): ListPage {
  const { limit, tag } = query
  const bound = tag === undefined ? limit : examined(limit)
  const [priority, runAt, id] = query.cursor === undefined ? [] : placeOf('c', 3, query.cursor)
  const after =
    id === undefined ? undefined : { priority: priority as number, run_at: runAt as number, id: id as string }
  const found = places(session, query, { until: query.dueOnly ? now : Number.MAX_SAFE_INTEGER, after, limit: bound })
  const jobs: JobRecord[] = []
  let looked = 0
  for (const { n } of found) {
    looked++
    const job = jobOf(session.get<JobRow>(query.bodies ? BY_N_WHOLE : BY_N, n) as JobRow)
    if (tag === undefined || job.tags.includes(tag)) jobs.push(job)
    if (jobs.length === limit) break
  }
  const last = looked === found.length && found.length < bound ? undefined : found[looked - 1]
  return { jobs, cursor: last === undefined ? null : `c${last.priority},${last.run_at},${last.id}` }
}
