import { accepted } from './accept.js'
import { expired } from './outcomes.js'
import type { JobRecord } from './record.js'
import type { Runtime } from './runtime.js'
import type { LeaseWalk } from './store.js'

const PAGE = 100

/**
 * What time does to jobs: leases that run out here, finished jobs that are past their retention in retention.ts.
 * Any process may sweep, any number at once: every step is a guarded change, so one wins and the others change nothing.
 */
export class Sweeper {
  readonly #rt: () => Runtime
  readonly #everyMs: number | null
  #cancelTimer: (() => void) | null = null
  #sweeping: Promise<unknown> | null = null
  #isStopped = false

  constructor(rt: () => Runtime, everyMs: number | null) {
    this.#rt = rt
    this.#everyMs = everyMs
  }

  /** Once this process works, claims or serves. */
  start(): void {
    if (this.#everyMs === null || this.#cancelTimer || this.#isStopped) return
    const { seam } = this.#rt()
    // Between a half and once and a half: many processes started together do not sweep together.
    this.#cancelTimer = seam.background(this.#everyMs * (0.5 + seam.random()), () => void this.#tick())
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer?.()
    this.#cancelTimer = null
    await this.#sweeping
  }

  async #tick(): Promise<void> {
    this.#sweeping = this.sweep()
    await this.#sweeping
    this.#sweeping = null
    this.#cancelTimer = null
    this.start()
  }

  /** One round; trouble is told, never thrown. */
  async sweep(): Promise<void> {
    const rt = this.#rt()
    try {
      await this.expireAll()
      await rt.lanes.refresh()
      await rt.late().retention.purge()
    } catch (error) {
      rt.events.trouble(error, 'sweep')
    }
  }

  // ---- leases that ran out ------------------------------------------------------------------------------------------------

  /** Before a second claim: expires what is over, of the given ids or one page of all. Answers whether anything came back. */
  async takeOver(ids: readonly string[] | null): Promise<boolean> {
    const { door } = this.#rt()
    const over = ids
      ? await overOf(this.#rt(), ids)
      : (await door.call((store) => store.list({ walk: 'lease', overOnly: true, limit: PAGE }))).jobs
    return (await this.#expire(over)) > 0
  }

  async expireAll(): Promise<number> {
    let count = 0
    let cursor: string | null = null
    do {
      const query: LeaseWalk = { walk: 'lease', overOnly: true, limit: PAGE, ...(cursor !== null && { cursor }) }
      const page = await this.#rt().door.call((store) => store.list(query))
      count += await this.#expire(page.jobs)
      cursor = page.cursor
    } while (cursor !== null && !this.#isStopped)
    return count
  }

  async #expire(jobs: readonly JobRecord[]): Promise<number> {
    const rt = this.#rt()
    const changes = jobs
      .filter((job) => job.lease !== null)
      .map((job) => ({ job, change: expired(job, rt.seam.now()) }))
    const answers = await Promise.all(
      changes.map(({ change }) => rt.send.change({ ...change, returning: rt.events.wants('lease_expired') })),
    )
    let count = 0
    for (const [i, { result }] of answers.entries()) {
      const { job, change } = changes[i] as (typeof changes)[number]
      // Refused: somebody else was first, or the holder is back. Either way there is nothing to do.
      if (!result.ok) continue
      count++
      accepted(rt, job.id, change.event, change.set.state ?? job.state, result.job, job)
    }
    return count
  }
}

/** Of the given ids, those whose lease is over by the store's clock. */
async function overOf(rt: Runtime, ids: readonly string[]): Promise<readonly JobRecord[]> {
  return rt.door.call(async (store) => {
    const [now, jobs] = await Promise.all([store.now(), store.get(ids)])
    return jobs.filter((job) => job !== null && job.lease !== null && job.lease.until <= now) as JobRecord[]
  })
}
