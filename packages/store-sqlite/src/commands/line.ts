import type { Ms } from '@stint/core'
import type { Session } from './session.js'

/**
 * The line of a lane: queued jobs by priority, then due time, then id. It is walked by bands, one priority after the other: within a band the
 * due jobs are a range of the index, so jobs for later never stand in the way, however many there are and whatever their priority.
 *
 * `+?` instead of `?`: with ORDER BY, SQLite looks into a bare parameter while it plans, and from then on plans anew at each other value:
 * 5 to 10 µs a probe that takes 1 µs.
 */
const LANE = 'from stint_job indexed by stint_job_ready where queue = +? and type = +? and state = 1'
const BAND = `select priority ${LANE} and priority <= +? order by priority desc limit 1`
const ROWS = `select n, id, priority, run_at ${LANE} and priority = +? and (run_at, id) > (+?, +?) and run_at <= +? order by run_at, id limit +?`
const NEXT = `select run_at ${LANE} and priority = +? and run_at > +? order by run_at limit 1`
const NEXT_TYPE =
  'select type from stint_job indexed by stint_job_ready where queue = +? and state = 1 and type > +? order by type limit 1'

export interface Place {
  readonly n: number
  readonly id: string
  readonly priority: number
  readonly run_at: Ms
}
export interface Lane {
  readonly queue: string
  /** Absent: all that have queued jobs. */
  readonly types?: readonly string[] | undefined
}
export interface Stretch {
  /** Due at or before it. */
  readonly until: Ms
  /** Begin behind this place. */
  readonly after?: Omit<Place, 'n'> | undefined
  readonly limit: number
}

export function places(session: Session, lane: Lane, { until, after, limit }: Stretch): Place[] {
  const found: Place[] = []
  const bands = bandsOf(session, lane, after?.priority ?? 100)
  for (let band = highest(bands); band >= 0 && found.length < limit; band = highest(bands)) {
    // Every type may have the next one, so each is asked for all that are wanted; the band before was used up.
    const start = band === after?.priority ? after : { run_at: -1, id: '' }
    const here = bands.filter((one) => one.band === band)
    const rows = here.map(({ type }) =>
      session.all<Place>(ROWS, lane.queue, type, band, start.run_at, start.id, until, limit - found.length),
    )
    const inOrder = rows.length === 1 ? (rows[0] as Place[]) : rows.flat().sort(byTimeThenId)
    for (const row of inOrder.slice(0, limit - found.length)) found.push(row)
    for (const one of here) one.band = nextBand(session, lane.queue, one.type, band - 1)
  }
  return found
}

/** When the next one of the line, not yet due, becomes due; null: none. */
export function nextDue(session: Session, lane: Lane, now: Ms): Ms | null {
  let soonest: Ms | null = null
  for (const { type, band: top } of bandsOf(session, lane, 100)) {
    for (let band = top; band >= 0; band = nextBand(session, lane.queue, type, band - 1)) {
      const at = session.value<number>(NEXT, lane.queue, type, band, now)
      if (at !== undefined && (soonest === null || at < soonest)) soonest = at
    }
  }
  return soonest
}

const byTimeThenId = (a: Place, b: Place): number => a.run_at - b.run_at || (a.id < b.id ? -1 : 1)

/** Each type with its highest band; -1: it has none. */
function bandsOf(session: Session, { queue, types }: Lane, from: number): { type: string; band: number }[] {
  const asked = types === undefined ? typesIn(session, queue) : new Set(types)
  return [...asked].map((type) => ({ type, band: nextBand(session, queue, type, from) }))
}

const highest = (bands: readonly { band: number }[]): number => bands.reduce((top, { band }) => Math.max(top, band), -1)

const nextBand = (session: Session, queue: string, type: string, from: number): number =>
  session.value<number>(BAND, queue, type, from) ?? -1

/** From type to type by the index, over the jobs between. */
function typesIn(session: Session, queue: string): string[] {
  const types: string[] = []
  for (
    let type = session.value<string>(NEXT_TYPE, queue, '');
    type !== undefined;
    type = session.value<string>(NEXT_TYPE, queue, type)
  ) {
    types.push(type)
  }
  return types
}
