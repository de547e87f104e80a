import { DEFAULT_LANE, type Lane } from './lanes.js'
import type { JobRecord, Ms, Terminal } from './record.js'
import type { Runtime } from './runtime.js'
import type { FinishedWalk } from './store.js'
import { TERMINAL_STATES } from './transitions.js'

const PURGE_PAGE = 500
/** Pages of one purge of one kind in one sweep: a backlog of years does not hold up the leases. */
const PURGE_PAGES = 10
/** A repeat of an enqueue may be under way for so long; until then its job stays (IDEM-1). */
const SPARED_MS = 60_000

/**
 * How long finished jobs stay: by age with each sweep, by number as others finish. Only jobs that are over are ever removed, judged by the
 * store at the moment of the removal, so any process may clean up, any number at once.
 */
export class Retention {
  readonly #rt: Runtime
  #isStopped = false
  /** Where the next sweep goes on over all lanes: those that keep their jobs longer may fill more pages than one sweep looks at. */
  readonly #goOnAt = new Map<Terminal, string>()
  readonly #trimming = new Map<string, { again: boolean; done: Promise<void> }>()

  constructor(rt: Runtime) {
    this.#rt = rt
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.#trimming.values()].map((trim) => trim.done))
  }

  // ---- finished jobs that are past their retention ------------------------------------------------------------------------

  /** Removes what is past its retention, oldest first, a bounded number. Answers how many. */
  async purge(pages: number = PURGE_PAGES): Promise<number> {
    const rt = this.#rt
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
    const isSweep = queue === null && pages !== Number.POSITIVE_INFINITY
    let cursor: string | null = (isSweep && this.#goOnAt.get(state)) || null
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
      const found = await this.#rt.door.call((store) => store.list(query))
      count += await this.#remove(found.jobs.filter(isMeant))
      cursor = found.cursor
      if (cursor === null) break
    }
    if (isSweep && cursor !== null) this.#goOnAt.set(state, cursor)
    else if (isSweep) this.#goOnAt.delete(state)
    return count
  }

  async #remove(jobs: readonly JobRecord[]): Promise<number> {
    if (jobs.length === 0) return 0
    const removals = jobs.map(({ id, version }) => ({ id, version }))
    const gone = await this.#rt.door.call((store) => store.remove(removals))
    return gone.filter(Boolean).length
  }

  // ---- histories that are longer than a lane keeps ------------------------------------------------------------------------

  /** A job of the lane is over: keeps `maxFinished`, one trim of a lane at a time, and once more for those that finish meanwhile. */
  finished(queue: string): void {
    const rt = this.#rt
    if (rt.lanes.get(queue).maxFinished === null || this.#isStopped) return
    const running = this.#trimming.get(queue)
    if (running) {
      running.again = true
      return
    }
    const trim = { again: false, done: Promise.resolve() }
    this.#trimming.set(queue, trim)
    trim.done = this.#trim(queue, trim).catch((error: unknown) =>
      rt.events.trouble(error, `keeping the history of ${queue} in bounds`),
    )
  }

  async #trim(queue: string, trim: { again: boolean }): Promise<void> {
    try {
      do {
        trim.again = false
        const tooMany = await this.#tooMany(queue)
        if (tooMany > 0) await this.#remove(await this.#oldest(queue, Math.min(tooMany, PURGE_PAGE)))
        if (tooMany > PURGE_PAGE) trim.again = true
      } while (trim.again && !this.#isStopped)
    } finally {
      // In the turn of the last look at `again`: later, a job that finishes between the two would be looked at by nobody.
      this.#trimming.delete(queue)
    }
  }

  async #tooMany(queue: string): Promise<number> {
    const most = this.#rt.lanes.get(queue).maxFinished
    if (most === null) return 0
    const counts = await this.#rt.door.call((store) => store.stats())
    const finished = counts.filter(
      (one) => one.queue === queue && (TERMINAL_STATES as readonly string[]).includes(one.state),
    )
    return finished.reduce((sum, one) => sum + one.count, 0) - most
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
      const page = await this.#rt.door.call((store) => store.list(query))
      jobs.push(...page.jobs)
      cursor = page.cursor
    } while (cursor !== null && jobs.length < count)
    return jobs
  }
}
