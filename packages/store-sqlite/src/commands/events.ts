import type { EventRecord, EventsQuery, FeedPage, FeedQuery } from '@stint/core'
import { cursorInvalid } from '../failures.js'
import { type EventRow, eventOfRow } from '../record.js'
import type { Session } from './session.js'

const COLUMNS =
  'e.pos, j.id, j.queue, e.seq, e.at, e.type, e.from_state, e.to_state, e.attempt, e.fence, e.worker, e.actor, e.detail'
const OF_JOB = `select ${COLUMNS} from stint_job j cross join stint_event e indexed by stint_event_job on e.job = j.n where j.id = +? and e.seq > +? order by e.seq limit +?`
// "+?" as in line.ts. "cross join" keeps the order of the two: by position, each event looking up its job.
const FEED = `select ${COLUMNS} from stint_event e cross join stint_job j on j.n = e.job where e.pos > +? order by e.pos limit +?`
const END = "select seq from sqlite_sequence where name = 'stint_event'"

export const events = (session: Session, jobId: string, { afterSeq = 0, limit }: EventsQuery): EventRecord[] =>
  session.all<EventRow>(OF_JOB, jobId, afterSeq, limit).map(eventOfRow)

/** Writers take turns, so positions are given in the order of commits, and a reader who has passed one can miss nothing before it (FEED-1). */
export function feed(session: Session, { after, limit }: FeedQuery): FeedPage {
  const end = session.value<number>(END) ?? 0
  const start = after === 'start' ? 0 : after === 'end' ? end : positionOf(after, end)
  const rows = session.all<EventRow>(FEED, start, limit)
  // A page that is not full has met the last event there is: what stood behind it was removed.
  const to = rows.length < limit ? end : (rows.at(-1)?.pos ?? end)
  return {
    events: rows.map((row) => ({ ...eventOfRow(row), cursor: String(row.pos) })),
    cursor: String(to),
    caughtUp: to === end,
  }
}

function positionOf(cursor: string, end: number): number {
  if (!/^\d{1,15}$/.test(cursor) || Number(cursor) > end) throw cursorInvalid(cursor)
  return Number(cursor)
}
