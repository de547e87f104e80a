import { jobTimeout } from './abort-reasons.js'
import { MAX_CHECKPOINT_BYTES, MAX_PROGRESS_BYTES, smallText } from './checked-json.js'
import { type Duration, toMs } from './duration.js'
import { readExt } from './ext.js'
import { HeldJob } from './held-job.js'
import { type LeasedHold, quiet } from './hold.js'
import type { Job } from './job.js'
import type { Json } from './json.js'
import { type Holding, leaseLost } from './lease-lost.js'
import { parsed, toJob } from './present.js'
import type { JobRecord } from './record.js'
import type { Runtime } from './runtime.js'

/** A pulled lease as verbs alone: what a job id and a token that travelled are worth. */
export interface LeaseHandle extends LeasedHold {
  /**
   * Prolongs by `lease` (default: as claimed; `'30s'` if that is not known) from now. Rejects with `LEASE_LOST`; its `why` tells a cancel from
   * a take-over. A job that is past its `timeout` is failed here, as a worker would, and the lease is lost.
   */
  heartbeat(options?: HeartbeatOptions): Promise<{ readonly expiresAt: Date }>
  /** `leased` → `running`. Optional: every other verb works from `leased` too. */
  start(): Promise<void>
}

export interface HeartbeatOptions {
  readonly lease?: Duration | undefined
  readonly progress?: Json | undefined
  readonly checkpoint?: Json | undefined
}

/** What `claim` gives: the verbs, and the job as it was claimed. */
export interface Lease extends LeaseHandle {
  readonly job: Job
  readonly attempt: number
  readonly fence: number
  readonly checkpoint: Json | null
  readonly expiresAt: Date
}

export const DEFAULT_LEASE_MS = 30_000

/** The verbs of a lease, bound: `const { succeed, fail } = lease` works. */
export function leaseHandle(rt: Runtime, holding: Holding, record: JobRecord | null, leaseMs: number): LeaseHandle {
  const held = new HeldJob(rt, holding, record)
  const { jobId } = holding
  return Object.freeze({
    jobId,
    token: held.token,
    progress: (value: Json) => quiet(held.progress(value)),
    log: (message: string) => quiet(held.log(message)),
    saveCheckpoint: (value: Json) => quiet(held.saveCheckpoint(value)),
    succeed: (result: unknown) => quiet(held.succeed(result)),
    fail: (error: unknown, options?: Parameters<LeasedHold['fail']>[1]) => quiet(held.fail(error, options)),
    snooze: (delay: Duration) => quiet(held.snooze(delay)),
    release: () => quiet(held.release()),
    start: () => quiet(held.start()),
    heartbeat: (options: HeartbeatOptions = {}) => quiet(heartbeat(rt, held, leaseMs, options)),
  })
}

export function leaseOfClaim(rt: Runtime, record: JobRecord, leaseMs: number): Lease {
  const { token, fence, until } = record.lease as NonNullable<JobRecord['lease']>
  return Object.freeze({
    ...leaseHandle(rt, { jobId: record.id, token, fence }, record, leaseMs),
    job: toJob(record),
    attempt: record.attempt,
    fence,
    checkpoint: parsed(record.checkpoint),
    expiresAt: new Date(until),
  })
}

async function heartbeat(
  rt: Runtime,
  held: HeldJob,
  leaseMs: number,
  options: HeartbeatOptions,
): Promise<{ readonly expiresAt: Date }> {
  const ms = options.lease === undefined ? leaseMs : toMs(options.lease, 'lease')
  const also = {
    ...(options.progress !== undefined && { progress: smallText(options.progress, 'progress', MAX_PROGRESS_BYTES) }),
    ...(options.checkpoint !== undefined && {
      checkpoint: smallText(options.checkpoint, 'checkpoint', MAX_CHECKPOINT_BYTES),
    }),
  }
  const job = (await held.heartbeat(ms, also, true)) as JobRecord
  await failIfOverdue(rt, held, job)
  return { expiresAt: new Date(job.lease?.until ?? 0) }
}

/** The job's timeout is policy stored with it; a worker in another language meets it at its heartbeat. Counted from the start, else from the claim. */
async function failIfOverdue(rt: Runtime, held: HeldJob, job: JobRecord): Promise<void> {
  const { timeoutMs } = readExt(job.ext)
  if (timeoutMs === null || job.updatedAt - (job.startedAt ?? (await claimedAt(rt, held, job))) <= timeoutMs) return
  await held.fail(jobTimeout(job.id, timeoutMs), {}, 'timeout')
  throw leaseLost(rt, held.holding, { why: 'settled', actor: null, reason: 'timeout' })
}

/** The claim's own event has the fence as its number. */
async function claimedAt(rt: Runtime, { holding }: HeldJob, job: JobRecord): Promise<number> {
  const [claim] = await rt.door.call((store) => store.events(job.id, { afterSeq: holding.fence - 1, limit: 1 }))
  return claim?.at ?? job.updatedAt
}
