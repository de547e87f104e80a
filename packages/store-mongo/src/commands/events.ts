import type { EventRecord, EventsQuery, FeedPage, FeedQuery } from '@stint/core'
import { cursorInvalid } from '../failures.js'
import { type EventDocument, eventOf, type JobDocument } from '../record.js'
import { endOfFeed, publish } from './publish.js'
import type { Session } from './session.js'

/** Plans that a page of the feed carries out at most: what it then has not reached is met by the next page. */
const PLANS = 4

/** What is published, and behind it what is not yet. The document is read first: what leaves it meanwhile is found in the feed. */
export async function events(
  session: Session,
  jobId: string,
  { afterSeq = 0, limit }: EventsQuery,
): Promise<EventRecord[]> {
  const [job] = await session.find<Pick<JobDocument, 'queue' | 'birth' | 'trail' | 'gone'>>(
    'jobs',
    { _id: jobId },
    { projection: { queue: 1, birth: 1, trail: 1, gone: 1 }, majority: true },
  )
  if (job === undefined || job.gone) return []
  const first = job.trail[0]?.seq
  const published =
    first !== undefined && first <= afterSeq + 1
      ? []
      : await session.find<EventDocument>(
          'events',
          { job: jobId, birth: job.birth, seq: { $gt: afterSeq } },
          { sort: { seq: 1 }, limit, hint: 'trail', majority: true },
        )
  const last = published.at(-1)?.seq ?? afterSeq
  return [...published, ...job.trail.filter(({ seq }) => seq > last)]
    .slice(0, limit)
    .map((entry) => eventOf(jobId, job.queue, entry))
}

export async function feed(
  session: Session,
  { after, limit }: FeedQuery,
  point: (name: string) => void,
): Promise<FeedPage> {
  const given = after === 'start' ? 0 : after === 'end' ? null : /^\d{1,15}$/.test(after) ? Number(after) : Number.NaN
  if (Number.isNaN(given)) throw cursorInvalid(after)
  const isDone = await publish(session, point, { most: after === 'end' ? Number.POSITIVE_INFINITY : PLANS })
  const { end } = await endOfFeed(session)
  const from = given ?? end
  if (from > end) throw cursorInvalid(after)
  if (from === end) return { events: [], cursor: String(end), caughtUp: isDone }
  const page = await session.find<EventDocument>(
    'events',
    { _id: { $gt: from, $lte: end } },
    { sort: { _id: 1 }, limit, majority: true },
  )
  const there = await session.find<Pick<JobDocument, '_id' | 'birth'>>(
    'jobs',
    { _id: { $in: [...new Set(page.map(({ job }) => job))] }, gone: { $exists: false } },
    { projection: { birth: 1 }, majority: true },
  )
  const births = new Map(there.map(({ _id, birth }) => [_id, birth]))
  const to = page.length < limit ? end : (page.at(-1)?._id ?? end)
  return {
    // A removed job is out of sight before its events are gone (REMOVE-2).
    events: page
      .filter(({ job, birth }) => births.get(job) === birth)
      .map((event) => ({ ...eventOf(event.job, event.queue, event), cursor: String(event._id) })),
    cursor: String(to),
    caughtUp: isDone && to === end,
  }
}
