import type { EventRecord, EventsQuery, FeedPage, FeedQuery } from '@stint/core'
import { cursorInvalid } from '../failures.js'
import { EVENT_COLUMNS, type EventRow, eventOfRow } from '../record.js'
import type { Session } from './session.js'

const OF_JOB = `select ${EVENT_COLUMNS} from stint.event e join stint.job j on j.id = e.job_id
  where e.job_id = $1 and e.seq > $2 order by e.seq limit $3`

/**
 * By key, job and seq. A key is never below the id of the transaction that wrote it, so below the oldest transaction that is still open nothing
 * can come any more (FEED-1). What stands above is told of in a later page.
 */
const HORIZON = 'pg_snapshot_xmin(pg_current_snapshot())::text::bigint + m.tx_offset'
const END = `select (${HORIZON})::text as horizon, exists (select from stint.event e where e.tx >= ${HORIZON}) as is_behind from stint.meta m`
const FEED = `with h as materialized (select ${HORIZON} as horizon from stint.meta m),
  p as materialized (select e.* from stint.event e, h
    where e.tx >= $1::bigint and e.tx < h.horizon and (e.tx, e.job_id, e.seq) > ($1::bigint, $2::text collate "C", $3::int)
    order by e.tx, e.job_id, e.seq limit $4)
select h.horizon::text as horizon, exists (select from stint.event e where e.tx >= h.horizon) as is_behind, ${EVENT_COLUMNS}
from h left join (p e join lateral (select queue from stint.job where id = e.job_id limit 1) j on true) on true order by e.tx, e.job_id, e.seq`

export async function events(
  session: Session,
  jobId: string,
  { afterSeq = 0, limit }: EventsQuery,
): Promise<EventRecord[]> {
  return (await session.rows<EventRow>(OF_JOB, jobId, afterSeq, limit)).map(eventOfRow)
}

interface Horizon {
  /** Keys below it are complete. */
  readonly horizon: string
  /** Events stand above it: another transaction is open. */
  readonly is_behind: boolean
}

export async function feed(session: Session, { after, limit }: FeedQuery): Promise<FeedPage> {
  if (after === 'end') {
    const [end] = await session.rows<Horizon>(END)
    if (end === undefined) throw new Error('stint.meta is empty')
    return { events: [], cursor: before(end.horizon), caughtUp: !end.is_behind }
  }
  const start = after === 'start' ? { tx: '0', seq: 0, id: '' } : placeOf(after)
  const rows = await session.rows<EventRow & Horizon>(FEED, start.tx, start.id, start.seq, limit)
  const [end] = rows
  if (end === undefined) throw new Error('stint.meta is empty')
  const page = rows.filter(({ job_id }) => job_id !== null)
  // A page that is not full has met the last event there is: whatever stood behind it was removed.
  const isLast = page.length < limit
  const last = page.at(-1)
  const isAhead = BigInt(start.tx) > BigInt(end.horizon)
  return {
    events: page.map((row) => ({ ...eventOfRow(row), cursor: cursorOf(row) })),
    cursor: isLast ? (isAhead ? (after as string) : before(end.horizon)) : cursorOf(last as EventRow),
    caughtUp: isLast && !end.is_behind,
  }
}

const cursorOf = ({ tx, seq, job_id }: EventRow): string => `${tx}.${seq}.${job_id}`
const before = (tx: string): string => `${tx}.0.`

function placeOf(cursor: string): { tx: string; seq: number; id: string } {
  const [, tx, seq, id] = /^(\d{1,18})\.(\d{1,10})\.([\w.:-]{0,128})$/.exec(cursor) ?? []
  if (tx === undefined || seq === undefined || id === undefined) throw cursorInvalid(cursor)
  return { tx, seq: Number(seq), id }
}
