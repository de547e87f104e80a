import type { Claim, ClaimFrom, ClaimResult, JobRecord } from '@stint/core'
import { byAnswerOrder, take } from '@stint/core/store'
import { type JobRow, jobOf, wholeOf } from '../record.js'
import { nameOf, runAtOnce, sharesOf } from './at-once.js'
import { lockFree } from './change.js'
import { type Move, put } from './put.js'
import { byId } from './read.js'
import type { Step } from './step.js'
import type { Share } from './take.js'

type OfQueue = Extract<ClaimFrom, { queue: string }>
type OfIds = Extract<ClaimFrom, { ids: readonly string[] }>

const PAUSED = "select name from stint.setting where kind = 'paused' and name = any($1::text[])"
/** Through the live leases, which are few. */
const HELD_BY = `select ${wholeOf('j')} from stint.job j
  where j.id = any(array(select unnest(ids) from stint.held)) and j.token = any($1::text[]) and j.state between 2 and 3`

/** A claim on its way: what it has, and when to come again. */
class Taking {
  readonly claim: Claim
  readonly jobs: JobRecord[] = []
  soonestMs = Number.POSITIVE_INFINITY

  constructor(claim: Claim) {
    this.claim = claim
  }

  get room(): number {
    return this.claim.max - this.jobs.length
  }

  comeAt(inMs: number): void {
    this.soonestMs = Math.min(this.soonestMs, inMs)
  }

  result(): ClaimResult {
    return { jobs: this.jobs, nextDueInMs: this.soonestMs === Number.POSITIVE_INFINITY ? null : this.soonestMs }
  }
}

/** Any claims, inside a transaction: a statement for each distinct entry of a lane, one after the other as they are asked. */
export async function claim(step: Step, given: readonly Claim[]): Promise<ClaimResult[]> {
  const held = await heldBy(step, given)
  const takings = given.filter(({ token }) => !held.has(token)).map((one) => new Taking(one))
  for (const group of groupsOf(takings)) {
    for (const [entry, from] of (group[0] as Taking).claim.from.entries()) {
      // With ids, a group is one claim alone.
      if ('ids' in from) await takeIds(step, group[0] as Taking, from)
      else await takeFirst(step, group, entry, from)
    }
  }
  // The first copy of a repeat may have committed while this one looked for jobs: what it took is found now.
  const late = await heldBy(
    step,
    takings.filter(({ jobs }) => jobs.length === 0).map((one) => one.claim),
  )
  for (const [token, jobs] of late) held.set(token, jobs)
  const answers = new Map(takings.map((one) => [one.claim.token, one.result()]))
  return given.map((one) => {
    const own = held.get(one.token)
    return own === undefined
      ? (answers.get(one.token) as ClaimResult)
      : { jobs: own.sort(byAnswerOrder(one.from)), nextDueInMs: 0 }
  })
}

/** Claims that ask the same are served together, unless an entry of one could meet what the next claim is to get by an earlier entry. */
function groupsOf(takings: readonly Taking[]): Taking[][] {
  const groups: Taking[][] = []
  for (const one of takings) {
    const { from } = one.claim
    const last = groups.at(-1)
    const isAlike = last !== undefined && lanesOf(last[0]?.claim.from ?? []) === lanesOf(from)
    if (isAlike && areApart(from)) last.push(one)
    else groups.push([one])
  }
  return groups
}

const lanesOf = (from: readonly ClaimFrom[]): string => from.map(nameOf).join()

const areApart = (from: readonly ClaimFrom[]): boolean =>
  from.every((one) => 'queue' in one) && new Set(from.map((one) => (one as OfQueue).queue)).size === from.length

async function takeFirst(step: Step, group: readonly Taking[], entry: number, from: OfQueue): Promise<void> {
  const mostOf = ({ claim, room }: Taking): number => Math.min((claim.from[entry] as OfQueue).limit, room)
  const open = group.filter((one) => mostOf(one) > 0)
  for (const one of group) if (!open.includes(one)) one.comeAt(0) // nobody has looked whether there is more
  for (let at = 0; at < open.length; ) {
    const { count, shares } = sharesFrom(open.slice(at), mostOf)
    step.point('claim')
    const { claims } = await runAtOnce(step.session, [], from, shares)
    for (let i = 0; i < count; i++) {
      const { jobs, nextDueInMs } = claims[i] as ClaimResult
      const one = open[at + i] as Taking
      one.jobs.push(...jobs)
      if (nextDueInMs !== null) one.comeAt(nextDueInMs)
      for (const { id, queue, state } of jobs) step.tell({ jobId: id, queue, from: 'queued', to: state })
    }
    at += count
  }
}

/** As many claims of the group as one statement takes. */
function sharesFrom(open: readonly Taking[], mostOf: (one: Taking) => number): { count: number; shares: Share[] } {
  const most = new Map(open.map((one) => [one.claim, mostOf(one)]))
  for (let count = open.length; ; count = Math.ceil(count / 2)) {
    const claims = open.slice(0, count).map(({ claim }) => claim)
    const shares = sharesOf(claims, (claim) => most.get(claim) as number)
    if (shares !== null) return { count, shares }
  }
}

/**
 * In the order asked, and none is locked that is not wanted: a neighbour would pass over it for nothing (ORDER-4). What somebody else has locked
 * is passed over.
 */
async function takeIds(step: Step, one: Taking, { ids }: OfIds): Promise<void> {
  step.point('claim')
  const seen = await byId(step.session, ids)
  const paused = await pausedOf(step, [...seen.values()])
  const open: JobRecord[] = []
  for (const id of new Set(ids)) {
    const job = seen.get(id)
    if (job === undefined || job.state !== 'queued' || paused.has(job.queue)) continue
    if (job.runAt > step.now) one.comeAt(job.runAt - step.now)
    else open.push(job)
  }
  const moves: Move[] = []
  while (one.room > 0 && open.length > 0) {
    const wanted = open.splice(0, one.room).map(({ id }) => id)
    const free = await lockFree(step, wanted)
    for (const id of wanted) {
      const before = free.get(id)
      if (before === undefined) one.comeAt(0)
      else if (before.state === 'queued' && before.runAt > step.now) one.comeAt(before.runAt - step.now)
      else if (before.state === 'queued') {
        const { job: after, event } = take(one.claim, before, step.now)
        moves.push({ before, after, event })
        one.jobs.push(after)
      }
    }
  }
  if (open.length > 0) one.comeAt(0)
  await put(
    step,
    moves.sort((a, b) => (a.after.id < b.after.id ? -1 : 1)),
  )
}

async function pausedOf({ session }: Step, jobs: readonly JobRecord[]): Promise<Set<string>> {
  const queues = [...new Set(jobs.map(({ queue }) => queue))]
  const rows = queues.length === 0 ? [] : await session.rows<{ name: string }>(PAUSED, queues)
  return new Set(rows.map(({ name }) => name))
}

// ---- repeats ----------------------------------------------------------------------------------------------------------

async function heldBy(step: Step, claims: readonly Claim[]): Promise<Map<string, JobRecord[]>> {
  const tokens = claims.filter(({ again }) => again).map(({ token }) => token)
  if (tokens.length === 0) return new Map()
  const jobs = (await step.session.rows<JobRow>(HELD_BY, tokens)).map(jobOf)
  return Map.groupBy(jobs, ({ lease }) => lease?.token ?? '')
}
