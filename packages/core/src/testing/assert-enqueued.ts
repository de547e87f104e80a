import { AssertionError } from 'node:assert'
import { isDeepStrictEqual } from 'node:util'
import type { JobDefinition } from '../define.js'
import type { Job } from '../job.js'
import type { JobQueue } from '../queue.js'

const LIVE = ['waiting', 'queued', 'leased', 'running'] as const
/** Enough to see what is there instead. */
const MOST_SHOWN = 10

// biome-ignore lint/suspicious/noExplicitAny: any queue, whatever transactions its store offers
type AnyQueue = JobQueue<any, any>

/** The first unfinished job of that type whose payload contains `payload`; throws an AssertionError that lists what there is. */
export async function assertEnqueued<P, R, PI, RI>(
  queue: AnyQueue,
  job: JobDefinition<P, R, PI, RI>,
  payload?: Partial<PI>,
): Promise<Job<PI, R>> {
  const { match, others } = await look(queue, job.type, payload)
  if (match) return match as Job<PI, R>
  const there =
    others.length === 0 ? 'There is no unfinished job of that type.' : `There are:\n${others.map(line).join('\n')}`
  throw new AssertionError({
    message: `Expected an unfinished "${job.type}" job${payload === undefined ? '' : ` with a payload that contains ${JSON.stringify(payload)}`}. ${there}`,
    actual: others.map((one) => one.payload),
    expected: payload,
    operator: 'assertEnqueued',
  })
}

/** The opposite: throws an AssertionError that shows the job. */
export async function refuteEnqueued<P, R, PI, RI>(
  queue: AnyQueue,
  job: JobDefinition<P, R, PI, RI>,
  payload?: Partial<PI>,
): Promise<void> {
  const { match } = await look(queue, job.type, payload)
  if (!match) return
  throw new AssertionError({
    message: `Expected no unfinished "${job.type}" job. There is:\n${line(match)}`,
    actual: match.payload,
    operator: 'refuteEnqueued',
  })
}

async function look(
  queue: AnyQueue,
  type: string,
  payload: unknown,
): Promise<{ match: Job | null; others: readonly Job[] }> {
  const others: Job[] = []
  let cursor: string | undefined
  do {
    const page = await queue.list({ type, state: LIVE, order: 'oldest', limit: 500, cursor })
    for (const job of page.jobs) {
      if (contains(job.payload, payload)) return { match: job, others }
      if (others.length < MOST_SHOWN) others.push(job)
    }
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return { match: null, others }
}

/** Objects by the given keys, to any depth; everything else as a whole. */
function contains(whole: unknown, part: unknown): boolean {
  if (part === undefined) return true
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return isDeepStrictEqual(whole, part)
  if (typeof whole !== 'object' || whole === null) return false
  return Object.entries(part).every(
    ([key, value]) => Object.hasOwn(whole, key) && contains((whole as Record<string, unknown>)[key], value),
  )
}

const line = (job: Job): string =>
  `- ${job.id} in "${job.queue}", ${job.state}, due ${job.runAt.toISOString()}: ${JSON.stringify(job.payload)}`
