/** Everything that a batch is judged on, in one trip: the clock, the pauses, the jobs that it changes and those that it may take. */
import type { Ms } from '@stint/core'
import type { Document } from 'mongodb'
import { dropped } from '../failures.js'
import { CLOCK, ENGINE_MS, SEPARATOR } from '../schema.js'
import type { Move } from './change.js'
import { type Found, idsAskedFor, lanesAskedFor, type Taker } from './claim.js'
import { byId, type Read, shaped } from './read.js'
import type { Session } from './session.js'
import { engineTime } from './step.js'

export interface Seen {
  /** The engine's time. */
  readonly now: Ms
  readonly paused: ReadonlySet<string>
  /** The jobs of changes and beats, by id: the newest, to be judged again by the write. */
  readonly docs: ReadonlyMap<string, Read>
  readonly found: Found
}

const PAUSED = `paused${SEPARATOR}`
const PAUSES = { $gte: PAUSED, $lt: `paused${String.fromCharCode(1)}` }

/** `now`: the call's reading of the clock, where it has one already. */
export async function look(
  session: Session,
  moves: readonly Move[],
  takers: readonly Taker[],
  now: Ms | null,
): Promise<Seen> {
  const whole = moves.filter(({ given }) => given.returning).map(({ id }) => id)
  const heads = moves.filter(({ given }) => !given.returning).map(({ id }) => id)
  // A transaction takes no unions, and no claims.
  if (session.isInTx) return { ...NOTHING, now: await engineTime(session), docs: await inTurn(session, whole, heads) }
  const lanes = [...(await lanesAskedFor(session, takers, now, moves.length))]
  const rows = await session.aggregate<Row>('meta', [
    { $match: takers.length === 0 ? { _id: CLOCK } : { $or: [{ _id: CLOCK }, { _id: PAUSES }] } },
    { $project: { now: ENGINE_MS } },
    ...jobs(session, 'move', byIds(whole), true),
    ...jobs(session, 'move', byIds(heads), false),
    ...jobs(session, 'id', byIds(idsAskedFor(takers)), true),
    ...lanes.flatMap(([, stages], n) => jobs(session, n, stages, true)),
  ])
  const clock = rows.find(({ as, _id }) => as === undefined && _id === CLOCK)
  if (clock === undefined) throw dropped()
  const of = (name: Row['as']): Row[] => rows.filter(({ as }) => as === name)
  const mapOf = (name: Row['as']): ReadonlyMap<string, Row> => new Map(of(name).map((row) => [row._id, row]))
  return {
    now: clock.now,
    paused: new Set(of(undefined).flatMap(({ _id }) => (_id === CLOCK ? [] : _id.slice(PAUSED.length)))),
    docs: mapOf('move'),
    found: { ids: mapOf('id'), lanes: new Map(lanes.map(([name], n) => [name, of(n)])) },
  }
}

const NOTHING = { paused: new Set<string>(), found: { ids: new Map(), lanes: new Map() } } as const

async function inTurn(session: Session, whole: readonly string[], heads: readonly string[]): Promise<Seen['docs']> {
  return new Map([...(await byId(session, whole)), ...(await byId(session, heads, { bodies: false }))])
}

/** A document, and which of the looks has met it; none: of `meta`. */
type Row = Read & { readonly as?: 'move' | 'id' | number; readonly now: Ms }

const byIds = (ids: readonly string[]): Document[] => (ids.length === 0 ? [] : [{ $match: { _id: { $in: ids } } }])

const jobs = (session: Session, as: Row['as'], stages: readonly Document[], bodies: boolean): Document[] =>
  stages.length === 0
    ? []
    : [{ $unionWith: { coll: session.nameOf('jobs'), pipeline: [...stages, ...shaped(bodies), { $set: { as } }] } }]
