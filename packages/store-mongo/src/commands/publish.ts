/**
 * The publisher. Documents of jobs are an outbox: their new events are copied into the feed and their states into the counts, by whoever
 * comes, in steps that a crash may cut anywhere. A plan is written first and says it all; everybody who meets one that is not done carries it
 * out, and every step of it may be done twice: events by their place, counts and documents by the plan's number.
 */
import type { State } from '@stint/core'
import type { Document } from 'mongodb'
import { DUPLICATE_KEY, dropped, unavailable } from '../failures.js'
import type { EventDocument, JobDocument, TrailEntry } from '../record.js'
import { COUNT, PLAN } from '../schema.js'
import type { Session, Statement } from './session.js'

const DOCUMENTS = 500
const EVENTS = 5000

interface Item {
  readonly id: string
  readonly queue: string
  readonly birth: number
  /** Events `from` … `to` get the places from `at` on. */
  readonly from: number
  readonly to: number
  readonly at: number
  readonly was: State | null
  /** null: the job is removed, and its document goes. */
  readonly is: State | null
}

interface Plan {
  readonly n: number
  /** The next place in the feed. */
  readonly next: number
  readonly done: boolean
  readonly items: readonly Item[]
}

export interface Publishing {
  /** Plans at most. */
  readonly most: number
  /** Only what holds many events. */
  readonly longOnly?: boolean
}

/** Answers whether nothing was left. */
export async function publish(
  session: Session,
  point: (name: string) => void,
  { most, longOnly = false }: Publishing,
): Promise<boolean> {
  for (let made = 0; ; ) {
    const plan = await currentPlan(session)
    if (!plan.done) {
      await carryOut(session, point, plan)
      continue
    }
    const { items, isAll } = await itemsOf(session, plan.next, longOnly)
    if (items.length === 0) return true
    if (made++ === most) return false
    session.mustHaveTime()
    point('plan')
    const mine = await session.modify<Plan>('meta', {
      query: { _id: PLAN, n: plan.n, done: true, ...session.inTime() },
      update: { $set: { n: plan.n + 1, next: endOf(items, plan.next), done: false, items } },
      new: true,
    })
    // Else another made one meanwhile.
    if (mine === null) continue
    await carryOut(session, point, mine)
    if (isAll) return true
  }
}

/** The last place that is surely written, and all before it. */
export async function endOfFeed(session: Session): Promise<{ readonly end: number; readonly isDone: boolean }> {
  const { next, done, items } = await currentPlan(session)
  const first = items.filter(({ to, from }) => to >= from)[0]
  return { end: (done || first === undefined ? next : first.at) - 1, isDone: done }
}

export async function currentPlan(session: Session): Promise<Plan> {
  const [plan] = await session.find<Plan>('meta', { _id: PLAN }, { majority: true })
  if (plan === undefined) throw dropped()
  return plan
}

const endOf = (items: readonly Item[], next: number): number =>
  items.reduce((end, { from, to, at }) => Math.max(end, at + to - from + 1), next)

/** `isAll`: nothing else was there. */
async function itemsOf(
  session: Session,
  next: number,
  longOnly: boolean,
): Promise<{ readonly items: Item[]; readonly isAll: boolean }> {
  const found = await session.aggregate<Dirty>(
    'jobs',
    [
      { $match: { dirty: longOnly ? 0 : { $exists: true } } },
      { $sort: { dirty: 1, _id: 1 } },
      { $limit: DOCUMENTS },
      {
        $project: {
          ...{ queue: 1, birth: 1, state: 1, counted: 1, gone: 1 },
          from: { $first: '$trail.seq' },
          to: { $last: '$trail.seq' },
        },
      },
    ],
    { hint: 'dirty', majority: true },
  )
  let at = next
  const items: Item[] = []
  for (const { _id: id, queue, birth, state, counted, gone, from = 1, to = 0 } of found) {
    const events = gone ? 0 : to - from + 1
    if (items.length > 0 && at - next + events > EVENTS) break
    items.push({ id, queue, birth, from, to: gone ? from - 1 : to, at, was: counted ?? null, is: gone ? null : state })
    at += events
  }
  return { items, isAll: items.length === found.length && found.length < DOCUMENTS }
}

type Dirty = Pick<JobDocument, '_id' | 'queue' | 'birth' | 'state' | 'counted' | 'gone'> & {
  readonly from?: number
  readonly to?: number
}

async function carryOut(session: Session, point: (name: string) => void, plan: Plan): Promise<void> {
  point('events')
  await writeEvents(session, plan)
  point('counts')
  await moveCounts(session, plan)
  point('trails')
  await trim(session, plan)
  point('gone')
  await clear(session, plan)
  point('done')
  await session.update('meta', [
    { q: { _id: PLAN, n: plan.n, ...session.inTime() }, u: { $set: { done: true, items: [] } } },
  ])
}

/** Only what is still in the documents: what is not any more has its place already. */
async function writeEvents(session: Session, { items }: Plan): Promise<void> {
  const writing = new Map(items.filter(({ from, to }) => to >= from).map((item) => [item.id, item]))
  if (writing.size === 0) return
  const found = await session.find<{ _id: string; birth: number; trail: readonly TrailEntry[] }>(
    'jobs',
    { _id: { $in: [...writing.keys()] } },
    { projection: { birth: 1, trail: 1 } },
  )
  const events: EventDocument[] = []
  for (const { _id: job, birth, trail } of found) {
    const item = writing.get(job)
    if (item?.birth !== birth) continue
    for (const entry of trail) {
      if (entry.seq >= item.from && entry.seq <= item.to)
        events.push({ _id: item.at + entry.seq - item.from, job, queue: item.queue, birth, ...entry })
    }
  }
  mustBeRepeats(await session.insert('events', events))
}

async function moveCounts(session: Session, { n, items }: Plan): Promise<void> {
  const moved = new Map<string, Record<string, number>>()
  for (const { queue, was, is } of items) {
    if (was === is) continue
    const of = moved.get(queue) ?? {}
    moved.set(queue, of)
    if (was !== null) of[`n.${was}`] = (of[`n.${was}`] ?? 0) - 1
    if (is !== null) of[`n.${is}`] = (of[`n.${is}`] ?? 0) + 1
  }
  const updates = [...moved].map(([queue, of]): Statement => {
    const u = { $inc: of, $set: { plan: n, queue } }
    return { q: { _id: COUNT + queue, plan: { $lt: n } }, u, upsert: true }
  })
  // An upsert that finds the plan's number there already meets the document itself.
  mustBeRepeats((await session.update('meta', updates)).errors)
}

/** The events go from the documents, which say under which state they are counted; what happened to them meanwhile keeps them dirty. */
async function trim(session: Session, { n, items }: Plan): Promise<void> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    if (item.is === null) continue
    const name = `${item.to} ${item.is}`
    groups.set(name, [...(groups.get(name) ?? []), item])
  }
  await session.update(
    'jobs',
    [...groups.values()].map((group): Statement => {
      const [{ to, is }] = group as [Item]
      return {
        q: {
          _id: { $in: group.map(({ id }) => id) },
          birth: { $in: group.map(({ birth }) => birth) },
          plan: { $not: { $gte: n } },
          ...session.inTime(),
        },
        u: trimmed(to, is as State, n),
        multi: true,
      }
    }),
  )
}

const trimmed = (to: number, is: State, n: number): Document[] => [
  { $set: { trail: { $filter: { input: '$trail', cond: { $gt: ['$$this.seq', to] } } }, counted: is, plan: n } },
  {
    $set: {
      dirty: {
        $cond: [
          {
            $and: [
              { $eq: [{ $size: '$trail' }, 0] },
              { $eq: ['$state', is] },
              { $eq: [{ $type: '$gone' }, 'missing'] },
            ],
          },
          '$$REMOVE',
          '$dirty',
        ],
      },
    },
  },
]

async function clear(session: Session, { items }: Plan): Promise<void> {
  const gone = items.filter(({ is }) => is === null)
  if (gone.length === 0) return
  const of = { $in: gone.map(({ birth }) => birth) }
  await session.delete('events', { job: { $in: gone.map(({ id }) => id) }, birth: of })
  await session.delete('jobs', { _id: { $in: gone.map(({ id }) => id) }, birth: of, gone: true })
}

function mustBeRepeats(errors: readonly { readonly code: number; readonly errmsg: string }[]): void {
  const other = errors.find(({ code }) => code !== DUPLICATE_KEY)
  if (other !== undefined)
    throw unavailable(`MongoDB refused a write of the publisher: ${other.errmsg} (${other.code})`)
}
