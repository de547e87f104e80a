/** Claims: candidates are found first, dealt out in the order asked, and taken only where nobody wrote them in between. */
import type { Claim, ClaimFrom, ClaimResult, JobRecord, Ms } from '@stint/core'
import { byAnswerOrder, take } from '@stint/core/store'
import type { Document } from 'mongodb'
import { jobOf } from '../record.js'
import { ENGINE_MS } from '../schema.js'
import type { Put } from './put.js'
import { documents, type Read } from './read.js'
import type { Session } from './session.js'

type QueueFrom = Exclude<ClaimFrom, { readonly ids: unknown }>

/** Most documents that one look at a lane brings. */
const WINDOW = 1000

/** A claim on its way. */
export class Taker {
  readonly claim: Claim
  readonly taken: JobRecord[] = []
  /** Candidates of this try that others wrote first … */
  lost = 0
  /** … and whether any try had some: what was passed over may be due (CLAIM-6). */
  #hasLost = false
  /** When to come again; infinite: nothing known. */
  next = Number.POSITIVE_INFINITY
  isOver = false
  /** How many each entry has got. */
  readonly #got = new Map<ClaimFrom, number>()
  /** By which of its entries each was taken. */
  readonly #entryOf = new Map<string, number>()
  #isMixed = false

  constructor(claim: Claim) {
    this.claim = claim
  }

  /** What another try adds stands among the rest by its place in line. */
  take(job: JobRecord, from: ClaimFrom, isFirstTry: boolean): void {
    this.taken.push(job)
    this.#got.set(from, this.gotBy(from) + 1)
    this.#entryOf.set(job.id, this.claim.from.indexOf(from))
    if (!isFirstTry) this.#isMixed = true
  }

  lose(): void {
    this.lost++
    this.#hasLost = true
  }

  gotBy(from: ClaimFrom): number {
    return this.#got.get(from) ?? 0
  }

  answer(now: Ms): ClaimResult {
    if (this.#isMixed) this.taken.sort(byAnswerOrder(this.claim.from, ({ id }) => this.#entryOf.get(id) ?? -1))
    return {
      jobs: this.taken,
      nextDueInMs: this.#hasLost ? 0 : this.next === Number.POSITIVE_INFINITY ? null : Math.max(0, this.next - now),
    }
  }
}

const laneName = ({ queue, types }: QueueFrom): string => JSON.stringify([queue, types ?? null])

/** For whom a candidate is, and by which of its entries. */
export interface Take {
  readonly taker: Taker
  readonly from: ClaimFrom
}

/** What was found for all claims of a batch. */
export interface Found {
  readonly lanes: ReadonlyMap<string, readonly Read[]>
  readonly ids: ReadonlyMap<string, Read>
}

export const idsAskedFor = (takers: readonly Taker[]): string[] => [
  ...new Set(takers.flatMap(({ claim }) => claim.from).flatMap((from) => ('ids' in from ? from.ids : []))),
]

/**
 * How the first of each lane are found, by the lane's name. `now`: null while the call has not read the clock yet; then the server takes its own.
 * `others`: how many jobs the batch itself changes; they may stand in the line, and are not to be taken.
 */
export async function lanesAskedFor(
  session: Session,
  takers: readonly Taker[],
  now: Ms | null,
  others: number,
): Promise<ReadonlyMap<string, readonly Document[]>> {
  const lanes = new Map<string, QueueFrom>()
  const rooms = new Map<string, number>()
  for (const { claim, taken } of takers) {
    for (const from of claim.from) {
      if ('ids' in from) continue
      lanes.set(laneName(from), from)
      // Entries of one lane may take each other's candidates, so each look brings enough for all of them.
      rooms.set(from.queue, (rooms.get(from.queue) ?? 0) + Math.min(from.limit, claim.max - taken.length))
    }
  }
  const besides = idsAskedFor(takers).length + others
  const found = await session.all(
    [...lanes].map(([name, from]) => async () => {
      const limit = Math.min(WINDOW, (rooms.get(from.queue) ?? 0) + besides)
      return [name, limit === 0 ? null : await due(session, from, limit, now)] as const
    }),
  )
  return new Map(found.flatMap(([name, stages]) => (stages === null ? [] : [[name, stages] as const])))
}

async function due(
  session: Session,
  { queue, types }: QueueFrom,
  limit: number,
  now: Ms | null,
): Promise<Document[] | null> {
  const of = types ?? (await typesOf(session, queue))
  if (of.length === 0) return null
  const isDue = now === null ? { $expr: { $lte: ['$runAt', ENGINE_MS] } } : { runAt: { $lte: now } }
  return [
    { $match: { lane: queue, type: { $in: of }, ...isDue } },
    { $sort: { priority: -1, runAt: 1, _id: 1 } },
    { $limit: limit },
  ]
}

export const typesOf = (session: Session, queue: string): Promise<string[]> =>
  session.distinct('jobs', 'type', { lane: queue })

/** Deals the candidates out. `others`: ids that the batch itself changes. Answers whom each job would go to. */
export function deal(
  takers: readonly Taker[],
  found: Found,
  now: Ms,
  paused: ReadonlySet<string>,
  others: ReadonlySet<string>,
): Map<Put, Take> {
  const dealt = new Set<string>(others)
  const puts = new Map<Put, Take>()
  for (const taker of takers) {
    let room = taker.claim.max - taker.taken.length
    taker.next = Number.POSITIVE_INFINITY
    const give = (doc: Read, from: ClaimFrom): void => {
      const before = jobOf(doc)
      const { job, event } = take(taker.claim, before, now)
      puts.set({ doc, before, after: job, event, named: new Set() }, { taker, from })
      dealt.add(doc._id)
      room--
    }
    for (const from of taker.claim.from) {
      if ('ids' in from) {
        for (const id of from.ids) {
          const doc = found.ids.get(id)
          if (doc?.state !== 'queued' || doc.gone || paused.has(doc.queue) || dealt.has(id)) continue
          if (doc.runAt <= now && room > 0) give(doc, from)
          else taker.next = Math.min(taker.next, doc.runAt)
        }
      } else if (!paused.has(from.queue)) {
        const most = Math.min(from.limit - taker.gotBy(from), room)
        const free = (found.lanes.get(laneName(from)) ?? [])
          .filter((doc) => doc.runAt <= now && !dealt.has(doc._id))
          .slice(0, most)
        for (const doc of free) give(doc, from)
        if (free.length === most) taker.next = Math.min(taker.next, now)
      }
    }
  }
  return puts
}

/** The earliest `runAt` of what is queued and not due, for the takers whose search ended at no bound: one look for all lanes. */
export async function lookAhead(
  session: Session,
  takers: readonly Taker[],
  now: Ms,
  paused: ReadonlySet<string>,
): Promise<void> {
  const open = takers.filter(({ next }) => next > now)
  const lanes = new Map<string, QueueFrom>()
  for (const { claim } of open)
    for (const from of claim.from) if (!('ids' in from) && !paused.has(from.queue)) lanes.set(laneName(from), from)
  const times = new Map(
    await session.all(
      [...lanes].map(
        ([name, from]) =>
          async () =>
            [name, await nextDue(session, from, now)] as const,
      ),
    ),
  )
  for (const taker of open)
    for (const from of taker.claim.from)
      if (!('ids' in from)) taker.next = Math.min(taker.next, times.get(laneName(from)) ?? Number.POSITIVE_INFINITY)
}

/** From one priority to the next, the first that is not due in each: an index that is read at as many places as there are priorities. */
async function nextDue(session: Session, { queue, types }: QueueFrom, now: Ms): Promise<Ms> {
  const of = types ?? (await typesOf(session, queue))
  const [first, ...rest] = of.map((type) => [
    { $match: { lane: queue, type, runAt: { $gt: now } } },
    { $sort: { priority: -1, runAt: 1 } },
    { $group: { _id: '$priority', at: { $first: '$runAt' } } },
  ])
  if (first === undefined) return Number.POSITIVE_INFINITY
  const coll = session.nameOf('jobs')
  const found = await session.aggregate<{ at: number }>('jobs', [
    ...first,
    ...rest.map((pipeline) => ({ $unionWith: { coll, pipeline } })),
    { $group: { _id: null, at: { $min: '$at' } } },
  ])
  return found[0]?.at ?? Number.POSITIVE_INFINITY
}

/** What claims that may have been sent before still hold, in the order of their first answer; those are over. */
export async function stillHeld(session: Session, takers: readonly Taker[]): Promise<void> {
  // What a try before has taken was taken as by any claim, and is all of the answer.
  const again = takers.filter(({ claim, taken }) => claim.again && taken.length === 0)
  if (again.length === 0) return
  const docs = await documents(
    session,
    [{ $match: { 'lease.token': { $in: again.map(({ claim }) => claim.token) } } }],
    {
      // The newest, as the candidates are: else a job may be in neither.
      hint: 'token',
    },
  )
  for (const taker of again) {
    const held = docs.filter((doc) => !doc.gone && doc.lease?.token === taker.claim.token).map(jobOf)
    if (held.length === 0) continue
    taker.taken.push(...held.sort(byAnswerOrder(taker.claim.from)))
    taker.next = 0
    taker.isOver = true
  }
}
