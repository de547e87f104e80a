import { readDetail } from './detail.js'
import { StintError, type StintErrorDetails } from './errors.js'
import type { EventRecord, JobRecord } from './record.js'
import type { Runtime } from './runtime.js'
import { isHeld } from './transitions.js'

/** A lease as its holder knows it. */
export interface Holding {
  readonly jobId: string
  readonly token: string
  readonly fence: number
}

/** What users and HTTP hold: the store's token and the fence, so that a repeat after the end can say which lease it was. */
export const tokenOf = (holding: Pick<Holding, 'token' | 'fence'>): string => `${holding.token}.${holding.fence}`

/** What no engine chokes on; tokens are 22 letters and digits, those of a test's own chance anything short. */
const PRINTABLE = /^[!-~]{1,128}$/

/** A token that travelled. What is malformed is a token that no job has: it shows at the first verb, as every wrong one does. */
export function holdingOf(jobId: string, token: string): Holding {
  const dot = typeof token === 'string' ? token.lastIndexOf('.') : -1
  const fence = Number(String(token).slice(dot + 1))
  const secret = dot < 1 ? '' : token.slice(0, dot)
  if (!PRINTABLE.test(secret) || !Number.isSafeInteger(fence) || fence < 1)
    return { jobId, token: 'malformed', fence: 0 }
  return { jobId, token: secret, fence }
}

/** The event that ended a lease, if that lease has ended. Many events may stand between: a lane that audits its heartbeats. */
export async function endOf(rt: Runtime, { jobId, fence }: Holding): Promise<EventRecord | null> {
  if (fence === 0) return null
  for (let afterSeq = fence; ; ) {
    const page = await rt.door.call((store) => store.events(jobId, { afterSeq, limit: 100 }))
    const end = page.find((event) => event.fence !== fence || !isHeld(event.to))
    if (end) return end.fence === fence ? end : null
    const last = page.at(-1)
    if (!last) return null
    afterSeq = last.seq
  }
}

export interface Lost {
  readonly why: StintErrorDetails['LEASE_LOST']['why']
  readonly actor: string | null
  readonly reason: string | null
}

export function lostBy(end: EventRecord | null): Lost {
  const why =
    end === null
      ? 'unknown'
      : end.type === 'cancelled'
        ? 'cancelled'
        : end.type === 'lease_expired'
          ? 'taken_over'
          : 'settled'
  return { why, actor: end?.actor ?? null, reason: (end && readDetail(end.detail).reason) ?? null }
}

const WHY: Readonly<Record<Lost['why'], string>> = {
  cancelled: 'the job was cancelled',
  taken_over: 'the lease ran out and the job was taken over',
  settled: 'the lease was settled already, with another outcome',
  unknown: 'the token is not that of any lease of this job',
}

/** `holding`: by whom it is told; a lease that is lost is counted once, however many verbs find out. */
export function leaseLost(rt: Runtime, holding: Pick<Holding, 'jobId'>, { why }: Lost): StintError<'LEASE_LOST'> {
  const { jobId } = holding
  rt.metrics.leaseLost(holding)
  return new StintError(
    'LEASE_LOST',
    `Lost the lease of job ${jobId}: ${WHY[why]}. Nothing was changed; stop working on it.`,
    { jobId, why },
  )
}

/** The lease is the one in force. */
export const isHeldBy = (job: JobRecord, holding: Holding): boolean => job.lease?.token === holding.token
