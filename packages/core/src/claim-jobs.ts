import { accepted, isWanted } from './accept.js'
import type { JobRecord } from './record.js'
import type { Runtime } from './runtime.js'
import type { Claim, ClaimResult } from './store.js'

/** A claim without what one call adds: its token and event. */
export type Wish = Omit<Claim, 'token' | 'event' | 'again'>

/** One token for all jobs of one claim: they have one caller. */
const claimOf = (rt: Runtime, wish: Wish): Claim => ({
  ...wish,
  token: rt.seam.nonce(),
  event: { type: 'leased', actor: null, detail: null },
})

/**
 * Takes what is due. A claim that comes back short first expires what is over among the leases, each with its own event and budget, and
 * claims once more: so a job whose holder is gone goes to the very next call that asks. Stores never hand out a lease that is over.
 */
export async function claimJobs(
  rt: Runtime,
  build: () => Wish | null,
): Promise<ClaimResult & { readonly wish: Wish | null }> {
  let wish: Wish | null = null
  const first = await sendClaim(rt, () => (wish = build()))
  const asked = wish as Wish | null // assigned in the callback, which the compiler does not follow
  if (!first || !asked) return { jobs: [], nextDueInMs: null, wish: null }
  if (first.jobs.length >= asked.max) return { ...first, wish: asked }
  let second: ClaimResult | null = null
  try {
    second = await claimTakenOver(rt, asked, first.jobs)
  } catch (error) {
    // What the first claim brought is leased to us: whoever asked must get it, whatever became of the rest.
    if (first.jobs.length === 0) throw error
    rt.events.trouble(error, 'claim')
  }
  return {
    jobs: asAsked([...first.jobs, ...(second?.jobs ?? [])], idsOf(asked)),
    nextDueInMs: second?.nextDueInMs ?? first.nextDueInMs,
    wish: asked,
  }
}

/** Once more, for what is left to ask, where a lease that was over came back. */
async function claimTakenOver(rt: Runtime, asked: Wish, had: readonly JobRecord[]): Promise<ClaimResult | null> {
  if (!(await rt.sweeper.takeOver(idsOf(asked)))) return null
  const taken = new Set(had.map((job) => job.id))
  const from = asked.from.map((one) => without(one, taken))
  return sendClaim(rt, () => ({ ...asked, max: asked.max - taken.size, from }))
}

async function sendClaim(rt: Runtime, build: () => Wish | null): Promise<ClaimResult | null> {
  const sent = await rt.send.claim(() => {
    const wish = build()
    return wish && claimOf(rt, wish)
  })
  if (!sent) return null
  for (const job of sent.result.jobs) tellLeased(rt, job)
  return sent.result
}

function tellLeased(rt: Runtime, job: JobRecord): void {
  const event = { type: 'leased', actor: null, detail: null }
  rt.metrics.count(event.type, job.state)
  if (isWanted(rt, event.type))
    accepted(rt, job.id, event, job.state, job, { state: 'queued', lease: null, attempt: job.attempt - 1 })
}

const idsOf = (wish: Wish): readonly string[] | null => {
  const ids = wish.from.flatMap((from) => ('ids' in from ? from.ids : []))
  return ids.length > 0 ? ids : null
}

/** Given ids are answered in the order asked, also when some of them had to be taken over first. */
const asAsked = (jobs: readonly JobRecord[], ids: readonly string[] | null): readonly JobRecord[] =>
  ids === null ? jobs : jobs.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id))

const without = (from: Claim['from'][number], taken: ReadonlySet<string>): Claim['from'][number] =>
  'ids' in from ? { ids: from.ids.filter((id) => !taken.has(id)) } : from
