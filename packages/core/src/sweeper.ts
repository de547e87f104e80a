import { accepted } from './accept.js'
import type { Lane } from './lanes.js'
import { DEFAULT_LANE } from './lanes.js'
import { expired } from './outcomes.js'
import type { JobRecord, Ms, Terminal } from './record.js'
import type { Runtime } from './runtime.js'
import type { FinishedWalk, LeaseWalk } from './store.js'
import { TERMINAL_STATES } from './transitions.js'

const PAGE = 100
const PURGE_PAGE = 500
/** Pages of one purge of one kind in one sweep: a backlog of years does not hold up the leases. */
const PURGE_PAGES = 10
/** A repeat of an enqueue may be under way for so long; until then its job stays (IDEM-1). */
const SPARED_MS = 60_000

/**
 * What time does to jobs: leases that run out, finished jobs that are past their retention, histories that are longer than a lane keeps.
 * Any process may sweep, any number at once: every step is a guarded change, so one wins and the others change nothing.
 */
export class Sweeper {
  readonly #rt: () => Runtime
  readonly #everyMs: number | null
  #cancelTimer: (() => void) | null = null
  #sweeping: Promise<unknown> | null = null
  #isStopped = false
  readonly #trimming = new Map<string, { again: boolean; done: Promise<void> }>()

  constructor(rt: () => Runtime, everyMs: number | null) {
    this.#rt = rt
    this.#everyMs = everyMs
  }

  /** Once this process works, claims or serves. */
  start(): void {
    if (this.#everyMs === null || this.#cancelTimer || this.#isStopped) return
    const { seam } = this.#rt()
    // Between a half and once and a half: many processes started together do not sweep together.
    this.#cancelTimer = seam.after(this.#everyMs * (0.5 + seam.random()), () => void this.#tick())
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer?.()
    this.#cancelTimer = null
    await this.#sweeping
    await Promise.all([...this.#trimming.values()].map((trim) => trim.done))
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
      await this.purge()
    } catch (error) {
      rt.events.trouble(error, 'sweep')
    }
  }

  // ---- leases that ran out ------------------------------------------------------------------------------------------------

  /** Before a second claim: expires what is over, of the given ids or one page of all. Answers whether anything came back. */
  async takeOver(ids: readonly string[] | null): Promise<boolean> {
    const { door } = this.#rt()
    const over = ids
      ? (await overOf(this.#rt(), ids)).filter((job) => job !== null)
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

  // ---- finished jobs that are past their retention ------------------------------------------------------------------------

  /** Removes what is past its retention, oldest first, a bounded number. Answers how many. */
  async purge(pages: number = PURGE_PAGES): Promise<number> {
    const rt = this.#rt()
    const now = await rt.door.call((store) => store.now())
    const own = rt.lanes.configured
    let count = 0
    for (const state of TERMINAL_STATES) {
      count += await this.#purgeState(state, now, DEFAULT_LANE, null, (job) => !own.has(job.queue), pages)
      for (const [queue, lane] of own) count += await this.#purgeState(state, now, lane, queue, () => true, pages)
    }
    return count
  }

  async #purgeState(
    state: Terminal,
    now: Ms,
    lane: Lane,
    queue: string | null,
    isMeant: (job: JobRecord) => boolean,
    pages: number,
  ): Promise<number> {
    const finishedTo = now - Math.max(SPARED_MS, lane.retentionMs[state])
    if (finishedTo <= 0) return 0
    let count = 0
    let cursor: string | null = null
    for (let page = 0; page < pages && !this.#isStopped; page++) {
      const query: FinishedWalk = {
        walk: 'finished',
        direction: 'asc',
        state,
        finishedTo,
        limit: PURGE_PAGE,
        ...(queue !== null && { queue }),
        ...(cursor !== null && { cursor }),
      }
      const found = await this.#rt().door.call((store) => store.list(query))
      count += await this.#remove(found.jobs.filter(isMeant))
      cursor = found.cursor
      if (cursor === null) break
    }
    return count
  }

  async #remove(jobs: readonly JobRecord[]): Promise<number> {
    if (jobs.length === 0) return 0
    const removals = jobs.map(({ id, version }) => ({ id, version }))
    const gone = await this.#rt().door.call((store) => store.remove(removals))
    return gone.filter(Boolean).length
  }

  // ---- histories that are longer than a lane keeps ------------------------------------------------------------------------

  /** A job of the lane is over: keeps `maxFinished`, one trim of a lane at a time, and once more for those that finish meanwhile. */
  finished(queue: string): void {
    const rt = this.#rt()
    if (rt.lanes.get(queue).maxFinished === null || this.#isStopped) return
    const running = this.#trimming.get(queue)
    if (running) {
      running.again = true
      return
    }
    const trim = { again: false, done: Promise.resolve() }
    this.#trimming.set(queue, trim)
    trim.done = this.#trim(queue, trim)
      .catch((error: unknown) => rt.events.trouble(error, `keeping the history of ${queue} in bounds`))
      .finally(() => this.#trimming.delete(queue))
  }

  async #trim(queue: string, trim: { again: boolean }): Promise<void> {
    const { door, lanes } = this.#rt()
    do {
      trim.again = false
      const most = lanes.get(queue).maxFinished
      if (most === null) return
      const counts = await door.call((store) => store.stats())
      const finished = counts.filter(
        (one) => one.queue === queue && (TERMINAL_STATES as readonly string[]).includes(one.state),
      )
      const tooMany = finished.reduce((sum, one) => sum + one.count, 0) - most
      if (tooMany > 0) await this.#remove(await this.#oldest(queue, Math.min(tooMany, PURGE_PAGE)))
      if (tooMany > PURGE_PAGE) trim.again = true
    } while (trim.again && !this.#isStopped)
  }

  /** The oldest over all four ends: the head of each walk, merged. */
  async #oldest(queue: string, count: number): Promise<readonly JobRecord[]> {
    const heads = await Promise.all(TERMINAL_STATES.map((state) => this.#head(queue, state, count)))
    const all = heads.flat()
    return all.sort((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0) || (a.id < b.id ? -1 : 1)).slice(0, count)
  }

  async #head(queue: string, state: Terminal, count: number): Promise<readonly JobRecord[]> {
    const jobs: JobRecord[] = []
    let cursor: string | null = null
    do {
      const query: FinishedWalk = {
        walk: 'finished',
        direction: 'asc',
        state,
        queue,
        limit: count,
        ...(cursor !== null && { cursor }),
      }
      const page = await this.#rt().door.call((store) => store.list(query))
      jobs.push(...page.jobs)
      cursor = page.cursor
    } while (cursor !== null && jobs.length < count)
    return jobs
  }
}

/** Of the given ids, those whose lease is over by the store's clock. */
async function overOf(rt: Runtime, ids: readonly string[]): Promise<readonly (JobRecord | null)[]> {
  return rt.door.call(async (store) => {
    const [now, jobs] = await Promise.all([store.now(), store.get(ids)])
    return jobs.filter((job) => job?.lease && job.lease.until <= now)
  })
}
