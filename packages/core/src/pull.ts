import { claimJobs, type Wish } from './claim-jobs.js'
import { type Duration, toMs } from './duration.js'
import { inTurn } from './in-turn.js'
import { DEFAULT_LEASE_MS, type Lease, type LeaseHandle, leaseHandle, leaseOfClaim } from './lease.js'
import { holdingOf } from './lease-lost.js'
import { checkId, checkName, checkText, checkWhole, isId } from './names.js'
import { DEFAULT_QUEUE } from './policy.js'
import type { Runtime } from './runtime.js'
import { isAboutQueue } from './wake.js'

export interface ClaimOptions {
  readonly workerId: string
  /** Default `['default']`. */
  readonly queues?: readonly string[] | undefined
  readonly types?: readonly string[] | undefined
  /** Only these jobs, without `queues` and `types`: claiming *one given job* is `ids: [id]`. */
  readonly ids?: readonly string[] | undefined
  /** Default 1; at most 500. With `ids`: all of them. */
  readonly limit?: number | undefined
  /** Default `'30s'`. */
  readonly lease?: Duration | undefined
  /** Long poll: how long to wait for the first job. Default 0. */
  readonly wait?: Duration | undefined
  /** Ends the wait with an empty list; a claim that was under way is released at once. */
  readonly signal?: AbortSignal | undefined
}

/** Longest sleep between looks of a long poll; wake-ups come earlier. */
const POLL_MS = 1000
/** Others were writing the jobs that were due: look again soon. */
const CONTENDED_MS = 5

export async function claim(rt: Runtime, options: ClaimOptions): Promise<Lease[]> {
  const wish = wishOf(rt, options)
  const waitMs = toMs(options.wait ?? 0, 'wait')
  const { signal } = options
  if (signal?.aborted) return []
  rt.sweeper.start()
  const until = rt.seam.monotonic() + waitMs
  const queues = new Set(wish.from.flatMap((from) => ('queue' in from ? [from.queue] : [])))
  let isHinted = false
  // Listening before the look: what is enqueued between the look and the sleep is not slept over.
  const stopListening = waitMs > 0 ? rt.wake.listen((hint) => (isHinted ||= isAboutQueue(queues)(hint))) : null
  try {
    for (let round = 0; ; round++) {
      isHinted = false
      const { jobs, nextDueInMs } = await claimJobs(rt, () => wish)
      const leases = jobs.map((job) => leaseOfClaim(rt, job, wish.leaseMs))
      // Once the queue closes nobody can settle what it still hands out.
      if (signal?.aborted || rt.isClosing()) return await giveBack(leases)
      const left = until - rt.seam.monotonic()
      if (leases.length > 0 || left <= 0) return leases
      const nap =
        nextDueInMs === 0 ? Math.min(CONTENDED_MS * 2 ** round, POLL_MS) : Math.min(nextDueInMs ?? POLL_MS, POLL_MS)
      if (!isHinted) await rt.wake.sleep(Math.min(nap, left), isAboutQueue(queues), signal)
      if (signal?.aborted || rt.isClosing()) return []
    }
  } finally {
    stopListening?.()
  }
}

/** A lease that travelled as id and token. No I/O; a wrong token shows at the first verb. */
export const lease = (rt: Runtime, jobId: string, token: string): LeaseHandle =>
  leaseHandle(rt, holdingOf(jobId, token), null, DEFAULT_LEASE_MS)

/** For protocols that know their worker by name only. */
export async function leaseOf(rt: Runtime, jobId: string, workerId: string): Promise<LeaseHandle | undefined> {
  const [record] = isId(jobId) ? await rt.door.call((store) => store.get([jobId])) : []
  if (record?.lease?.workerId !== workerId) return undefined
  const { token, fence } = record.lease
  return leaseHandle(rt, { jobId, token, fence }, record, DEFAULT_LEASE_MS)
}

function wishOf(rt: Runtime, options: ClaimOptions): Wish {
  const leaseMs = toMs(options.lease ?? DEFAULT_LEASE_MS, 'lease')
  const workerId = checkText(options.workerId, 'workerId')
  if (options.ids) {
    if (options.queues || options.types) throw new TypeError('claim: give either `ids` or `queues` and `types`')
    const ids = [...new Set(options.ids.map(checkId))]
    return {
      workerId,
      leaseMs,
      to: 'leased',
      max: checkWhole(options.limit ?? Math.max(1, ids.length), 1, 500, 'limit'),
      from: [{ ids }],
    }
  }
  const max = checkWhole(options.limit ?? 1, 1, 500, 'limit')
  const types = options.types && { types: [...new Set(options.types.map((type) => checkName(type, 'types')))] }
  const queues = [...new Set((options.queues ?? [DEFAULT_QUEUE]).map((queue) => checkName(queue, 'queues')))]
  if (queues.length === 0 || types?.types.length === 0)
    throw new TypeError('claim: `queues` and `types` may not be empty')
  // The list of a claim is served in its order; each call begins with another lane, so that a busy first one starves nobody.
  const lanes = inTurn(queues, Math.floor(rt.seam.random() * queues.length))
  return { workerId, leaseMs, to: 'leased', max, from: lanes.map((queue) => ({ queue, ...types, limit: max })) }
}

async function giveBack(leases: readonly Lease[]): Promise<Lease[]> {
  await Promise.allSettled(leases.map((one) => one.release()))
  return []
}
