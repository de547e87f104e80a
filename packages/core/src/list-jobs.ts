import type { FinishedState, Job, JobState } from './job.js'
import { checkDate, checkName, checkText, checkWhole } from './names.js'
import { toJob } from './present.js'
import type { JobRecord } from './record.js'
import type { Runtime } from './runtime.js'
import type { ListPage, ListQuery } from './store.js'
import { isTerminal, STATES } from './transitions.js'

/** `…After` is inclusive, `…Before` is not. Core filters several lanes. */
export interface JobFilter {
  readonly queue?: string | readonly string[] | undefined
  readonly type?: string | readonly string[] | undefined
  readonly state?: JobState | readonly JobState[] | undefined
  readonly tag?: string | undefined
  /** Queued and due by the store's clock: what a claim would see. One `queue`, `order: 'claim'`. */
  readonly due?: boolean | undefined
  readonly createdAfter?: Date | undefined
  readonly createdBefore?: Date | undefined
  /** These two need one finished `state`; they order by `finishedAt`. */
  readonly finishedAfter?: Date | undefined
  readonly finishedBefore?: Date | undefined
}
export interface ListOptions extends JobFilter {
  /** `newest` (default) and `oldest` by id; `claim`: priority, then due time, then id, as a claim would take them (one `queue`). */
  readonly order?: 'newest' | 'oldest' | 'claim' | undefined
  /** Default 50; at most 1000. */
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}
export interface JobPage {
  readonly jobs: readonly Job[]
  /** Null on the last page. */
  readonly nextCursor: string | null
}

/** A filter as the store's walk and what is left for core to filter. */
interface Plan {
  readonly query: ListQuery
  readonly matches: (job: JobRecord) => boolean
}

/** Bodies included; a page may be short. */
export async function list(rt: Runtime, options: ListOptions = {}): Promise<JobPage> {
  const { query, matches } = planOf(options, checkWhole(options.limit ?? 50, 1, 1000, 'limit'))
  const page = await pageOf(rt, {
    ...query,
    bodies: true,
    ...(options.cursor !== undefined && { cursor: options.cursor }),
  })
  return Object.freeze({ jobs: Object.freeze(page.jobs.filter(matches).map(toJob)), nextCursor: page.cursor })
}

/** Exact. From the counters for lanes, states, or both; else by walking the pages. */
export async function count(rt: Runtime, filter: JobFilter = {}): Promise<number> {
  const { queue, state, ...more } = filter
  if (Object.values(more).every((part) => part === undefined || part === false)) {
    const queues = namesOf(queue, 'queue')
    const states = statesOf(state)
    const counts = await rt.door.call((store) => store.stats())
    return counts
      .filter((one) => (!queues || queues.includes(one.queue)) && (!states || states.includes(one.state)))
      .reduce((sum, one) => sum + one.count, 0)
  }
  const { query, matches } = planOf(filter, 1000)
  let found = 0
  let cursor: string | null = null
  do {
    const page: ListPage = await pageOf(rt, cursor === null ? query : { ...query, cursor })
    found += page.jobs.filter(matches).length
    cursor = page.cursor
  } while (cursor !== null)
  return found
}

const pageOf = (rt: Runtime, query: ListQuery): Promise<ListPage> => rt.door.call((store) => store.list(query))

const ORDERS = ['newest', 'oldest', 'claim'] as const

function planOf(options: ListOptions, limit: number): Plan {
  if (options.order !== undefined && !ORDERS.includes(options.order))
    throw new TypeError(`order: expected one of ${ORDERS.join(', ')}, got ${String(options.order)}`)
  const queues = namesOf(options.queue, 'queue')
  const types = namesOf(options.type, 'type')
  const states = statesOf(options.state)
  const created = {
    ...(options.createdAfter && { createdFrom: checkDate(options.createdAfter, 'createdAfter') }),
    ...(options.createdBefore && { createdTo: checkDate(options.createdBefore, 'createdBefore') }),
  }
  const common = {
    limit,
    ...(queues?.length === 1 && { queue: queues[0] as string }),
    ...(types && { types }),
    ...(options.tag !== undefined && { tag: checkText(options.tag, 'tag', 64) }),
  }
  const matches = (job: JobRecord): boolean =>
    (!queues || queues.includes(job.queue)) &&
    (!states || states.includes(job.state)) &&
    (created.createdFrom === undefined || job.createdAt >= created.createdFrom) &&
    (created.createdTo === undefined || job.createdAt < created.createdTo)
  if (options.due || options.order === 'claim') return { query: claimWalk(options, common, queues), matches }
  if (options.finishedAfter || options.finishedBefore) return { query: finishedWalk(options, common, states), matches }
  const direction = options.order === 'oldest' ? 'asc' : 'desc'
  return { query: { ...common, walk: 'id', direction, ...(states && { states }), ...created }, matches }
}

type Common = Pick<ListQuery, 'limit'>

function claimWalk(options: ListOptions, common: Common, queues: readonly string[] | undefined): ListQuery {
  if (options.order !== undefined && options.order !== 'claim')
    throw new TypeError("list: `due` goes with order: 'claim'")
  if (options.finishedAfter || options.finishedBefore) throw new TypeError('list: jobs in claim order are not finished')
  const [queue] = queues ?? []
  if (queue === undefined || queues?.length !== 1)
    throw new TypeError('list: claim order is that of one queue; give `queue`')
  return { ...common, walk: 'claim', queue, ...(options.due && { dueOnly: true }) }
}

function finishedWalk(options: ListOptions, common: Common, states: readonly JobState[] | undefined): ListQuery {
  const [state] = states ?? []
  if (states?.length !== 1 || state === undefined || !isTerminal(state)) {
    throw new TypeError(
      'list: finishedAfter and finishedBefore need one finished `state`: succeeded, failed, dead or cancelled',
    )
  }
  return {
    ...common,
    walk: 'finished',
    direction: options.order === 'oldest' ? 'asc' : 'desc',
    state: state satisfies FinishedState,
    ...(options.finishedAfter && { finishedFrom: checkDate(options.finishedAfter, 'finishedAfter') }),
    ...(options.finishedBefore && { finishedTo: checkDate(options.finishedBefore, 'finishedBefore') }),
  }
}

export const namesOf = (given: string | readonly string[] | undefined, what: string): readonly string[] | undefined =>
  given === undefined ? undefined : [given].flat().map((name) => checkName(name, what))

function statesOf(given: JobFilter['state']): readonly JobState[] | undefined {
  if (given === undefined) return undefined
  const states = [given].flat() as readonly JobState[]
  const wrong = states.find((state) => !STATES.includes(state))
  if (wrong !== undefined) throw new TypeError(`state: expected one of ${STATES.join(', ')}, got ${String(wrong)}`)
  return states
}
