import type { JobRecord, ListPage, ListQuery, Ms } from '@stint/core'
import { cursorInvalid } from '../failures.js'
import { codeOf, headOf, type JobRow, jobOf, wholeOf } from '../record.js'
import { bands, firstOf } from './line.js'
import type { Session, Value } from './session.js'

/** How many records a call may look at (LIST-3); a filter then makes a short page, never a long call. */
const examined = (limit: number): number => 10 * limit + 1000

/** A statement under way: its text asks for values by `add`. */
class Values {
  readonly all: Value[] = []
  readonly add = (value: Value, type: string): string => `$${this.all.push(value)}::${type}`
}

/** What is walked: the rows `id, k0, k1 …` of a subquery, in order, each with the job `j` it tells of. */
interface Walk {
  readonly letter: string
  /** Columns of the place, the id last. */
  readonly key: readonly { readonly column: string; readonly type: string; readonly descending: boolean }[]
  readonly text: (values: Values, place: readonly string[] | null, bound: number) => string
}

export async function list(session: Session, query: ListQuery, now: Ms): Promise<ListPage> {
  const walk = walkOf(query, now)
  const values = new Values()
  const place = query.cursor === undefined ? null : placeOf(walk, query.cursor, values)
  const filters = filtersOf(query, values)
  const bound = filters === 'true' ? query.limit : examined(query.limit)
  // What is looked at, with the number of each in the walk; then what is answered, and the place of the last that was looked at.
  const looked = walk.text(values, place, bound + 1)
  const keys = walk.key.map((_, i) => `k${i}`).join(', ')
  const order = walk.key.map(({ descending }, i) => `k${i}${descending ? ' desc' : ''}`).join(', ')
  const recursive = query.walk === 'claim' ? 'recursive ' : ''
  const text = `with ${recursive}${query.walk === 'claim' ? `${bands(lineOf(values, query))},` : ''}
    w as materialized (${looked}),
    n as materialized (select w.*, row_number() over (order by ${order}) as nth from w),
    p as materialized (select n.id, n.nth, ${keys} from n, lateral (select * from stint.job where id = n.id limit 1) j
      where n.nth <= ${bound} and ${filters} order by n.nth limit ${query.limit + 1}),
    z as (select nth, ${keys} from n where nth = ${bound} and (select count(*) from n) > ${bound})
  select ${query.bodies ? wholeOf('j') : headOf('j')}, ${walk.key.map((_, i) => `coalesce(p.k${i}, z.k${i}) as k${i}`).join(', ')}
  from p full join z on false left join lateral (select * from stint.job where id = p.id limit 1) j on true order by p.nth nulls last`
  const rows = await session.once<JobRow>(text, ...values.all)
  return pageOf(walk, rows, query.limit)
}

function pageOf(walk: Walk, rows: readonly JobRow[], limit: number): ListPage {
  const found = rows.filter(({ id }) => id !== null)
  const more = found.length > limit
  const shown = more ? found.slice(0, limit) : found
  const last = more ? shown.at(-1) : rows.find(({ id }) => id === null)
  return { jobs: shown.map((row): JobRecord => jobOf(row)), cursor: last === undefined ? null : cursorOf(walk, last) }
}

const NUMBER = { type: 'bigint', descending: false } as const
const ID = { type: 'text', descending: false } as const

function walkOf(query: ListQuery, now: Ms): Walk {
  switch (query.walk) {
    case 'id':
      return idWalk(query.direction === 'desc')
    case 'lease':
      return leaseWalk(query.overOnly ? now : null)
    case 'finished':
      return finishedWalk(query)
    case 'claim':
      return claimWalk(query, now)
  }
}

const idWalk = (descending: boolean): Walk => ({
  letter: 'i',
  key: [{ column: 'j.id', type: 'text', descending }],
  text: (_, place, bound) =>
    `select j.id, j.id as k0 from stint.job j ${place === null ? '' : `where j.id ${descending ? '<' : '>'} ${place[0]}`}
     order by j.id${descending ? ' desc' : ''} limit ${bound}`,
})

/** `held` may be early, never late, so what it does not show yet is not over. */
const leaseWalk = (overAt: Ms | null): Walk => ({
  letter: 'l',
  key: [
    { column: 'j.lease_until', ...NUMBER },
    { column: 'j.id', ...ID },
  ],
  text: (values, place, bound) => {
    const over = overAt === null ? null : values.add(overAt, 'bigint')
    return `select j.id, j.lease_until as k0, j.id as k1 from stint.job j
      where j.id = any(array(select unnest(ids) from stint.held${over === null ? '' : ` where until <= ${over}`})) and j.token is not null
        ${over === null ? '' : `and j.lease_until <= ${over}`}
        ${place === null ? '' : `and (j.lease_until, j.id) > (${place.join(', ')})`} order by k0, k1 limit ${bound}`
  },
})

function finishedWalk(query: Extract<ListQuery, { walk: 'finished' }>): Walk {
  const descending = query.direction === 'desc'
  return {
    letter: 'f',
    key: [
      { column: 'e.finished_at', ...NUMBER, descending },
      { column: 'e.id', ...ID, descending },
    ],
    text: (values, place, bound) => {
      const parts = [`e.state = ${codeOf(query.state)}`, 'j.state = e.state and j.finished_at = e.finished_at']
      if (query.finishedFrom !== undefined) parts.push(`e.finished_at >= ${values.add(query.finishedFrom, 'bigint')}`)
      if (query.finishedTo !== undefined) parts.push(`e.finished_at < ${values.add(query.finishedTo, 'bigint')}`)
      if (place !== null) parts.push(`(e.finished_at, e.id) ${descending ? '<' : '>'} (${place.join(', ')})`)
      const by = descending ? ' desc' : ''
      return `select e.id, e.finished_at as k0, e.id as k1 from stint.ended e, lateral (select state, finished_at from stint.job where id = e.id limit 1) j
        where ${parts.join(' and ')} order by e.finished_at${by}, e.id${by} limit ${bound}`
    },
  }
}

type ClaimWalk = Extract<ListQuery, { walk: 'claim' }>

const lines = new WeakMap<Values, { queue: string; types: string }>()
function lineOf(values: Values, { queue, types }: ClaimWalk): { queue: string; types: string } {
  let line = lines.get(values)
  if (line === undefined) {
    line = { queue: values.add(queue, 'text'), types: values.add(types === undefined ? null : types, 'text[]') }
    lines.set(values, line)
  }
  return line
}

const claimWalk = (query: ClaimWalk, now: Ms): Walk => ({
  letter: 'c',
  key: [
    { column: 'r.priority', type: 'int', descending: true },
    { column: 'r.run_at', ...NUMBER },
    { column: 'r.id', ...ID },
  ],
  text: (values, place, bound) => {
    const line = lineOf(values, query)
    const until = values.add(query.dueOnly ? now : 2 ** 52, 'bigint')
    const after =
      place === null ? undefined : { pr: place[0] as string, at: place[1] as string, id: place[2] as string }
    return `select r.id, r.priority as k0, r.run_at as k1, r.id as k2 from (${firstOf(line, until, bound, after)}) r
      join lateral (select * from stint.job where id = r.id limit 1) j
        on j.state = 1 and j.version = r.version and j.run_at = r.run_at and j.priority = r.priority`
  },
})

function filtersOf(query: ListQuery, values: Values): string {
  const filters: string[] = []
  const isInLine = query.walk === 'claim'
  if (query.queue !== undefined && !isInLine) filters.push(`j.queue = ${values.add(query.queue, 'text')}`)
  if (query.types !== undefined && !isInLine) filters.push(`j.type = any(${values.add(query.types, 'text[]')})`)
  if (query.tag !== undefined) filters.push(`${values.add(query.tag, 'text')} = any(j.tags)`)
  if (query.walk === 'id') {
    if (query.states !== undefined) filters.push(`j.state = any(${values.add(query.states.map(codeOf), 'smallint[]')})`)
    if (query.createdFrom !== undefined) filters.push(`j.created_at >= ${values.add(query.createdFrom, 'bigint')}`)
    if (query.createdTo !== undefined) filters.push(`j.created_at < ${values.add(query.createdTo, 'bigint')}`)
  }
  return filters.join(' and ') || 'true'
}

// ---- cursors: the place of the last record, so that they hold for ever --------------------------------------------------

const cursorOf = ({ letter, key }: Walk, row: JobRow): string =>
  letter + key.map((_, i) => String((row as unknown as Record<string, unknown>)[`k${i}`])).join(',')

/** Numbers, then the id, in which no comma can be. */
function placeOf({ letter, key }: Walk, cursor: string, add: Values): string[] {
  const values = cursor.slice(1).split(',')
  const id = values.at(-1) ?? ''
  const isPlace =
    cursor[0] === letter &&
    values.length === key.length &&
    values.slice(0, -1).every((value) => /^\d{1,15}$/.test(value)) &&
    /^[\w.:-]{1,128}$/.test(id)
  if (!isPlace) throw cursorInvalid(cursor)
  return values.map((value, i) => add.add(value, (key[i] as Walk['key'][number]).type))
}
