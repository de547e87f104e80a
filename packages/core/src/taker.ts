import type { Attempt } from './attempt.js'
import { claimJobs, type Wish } from './claim-jobs.js'
import { StintError } from './errors.js'
import type { BoundHandler } from './handler.js'
import { inTurn } from './in-turn.js'
import type { JobRecord } from './record.js'
import type { Runtime } from './runtime.js'

/** What a taker needs of its pool. */
export interface Slots {
  readonly free: number
  readonly isStopping: boolean
  hold(record: JobRecord, handler: BoundHandler): Attempt
  forget(attempt: Attempt): void
  run(handler: BoundHandler, attempts: readonly Attempt[]): void
  giveBack(attempt: Attempt): void
  fill(): void
}

export interface TakerOptions {
  readonly handlers: ReadonlyMap<string, BoundHandler>
  readonly batch: BoundHandler['batch']
  readonly queues: readonly string[]
  readonly workerId: string
  readonly leaseMs: number
  readonly pollMs: number
  readonly prefetch: number
  readonly pool: Slots
}

const MOST_A_CLAIM = 500
const CONTENDED_MS = 5
const FIRST_PAUSE_MS = 100
/** Short enough that work goes on within five seconds of the store's return. */
const LAST_PAUSE_MS = 3000
const MOST_WAITING_MS = 500

/**
 * Takes jobs for a group of handlers: claims while there are free slots and something was due, then rests until a hint, the next due time or
 * the poll. Never more than has a slot, unless `prefetch` asks for it.
 */
export class Taker {
  readonly #rt: Runtime
  readonly #options: TakerOptions
  /** Slots that the claim under way, or a batch that is being gathered, may fill. */
  promised = 0
  #isClaiming: Promise<void> | null = null
  #isHinted = false
  #rest: { readonly cancel: () => void; readonly isHintable: boolean } | null = null
  #contended = 0
  #failures = 0
  #firstLane = 0
  /** Claimed, not begun: prefetched ones, or a batch that is being gathered. */
  #waiting: Attempt[] = []
  #cancelGather: (() => void) | null = null
  /** Not since a job that was taken ahead had to be given back, until a slot is free: the same job would come and go twice a second. */
  #mayPrefetch = true
  /** Its time to gather is over, and a claim is still under way for it. */
  #isBatchDue = false

  constructor(rt: Runtime, options: TakerOptions) {
    this.#rt = rt
    this.#options = options
  }

  hinted(): void {
    this.#isHinted = true
    if (this.#rest?.isHintable) this.#wakeUp()
  }

  pump(): void {
    this.#runPrefetched()
    if (this.#options.pool.free > 0) this.#mayPrefetch = true
    if (this.#isClaiming || this.#rest || this.#options.pool.isStopping || this.#wanted() <= 0) return
    this.#isHinted = false
    this.#isClaiming = this.#claim().finally(() => {
      this.#isClaiming = null
      // Asked again also when there are slots but no rest was due: the claim came back full.
      this.#options.pool.fill()
    })
  }

  /** No more claims; what was not begun is given back. */
  async stop(): Promise<void> {
    this.#rest?.cancel()
    this.#rest = null
    this.#giveBackWaiting()
    // What it brings is given back as it comes.
    await this.#isClaiming
  }

  // ---- claiming -------------------------------------------------------------------------------------------------------------

  /** Jobs that have a place: a slot, a place in the batch, or one of the prefetched. Below zero when more wait than have one. */
  #wanted(): number {
    const { batch, pool, prefetch } = this.#options
    const ahead = this.#mayPrefetch ? prefetch : 0
    if (batch === null) return Math.min(MOST_A_CLAIM, Math.max(0, pool.free) + ahead - this.#waiting.length)
    if (this.#waiting.length > 0) return batch.size - this.#waiting.length
    return pool.free > 0 ? batch.size : 0
  }

  async #claim(): Promise<void> {
    try {
      const { jobs, nextDueInMs, wish } = await claimJobs(this.#rt, () => this.#wish())
      this.#failures = 0
      if (wish === null) return
      this.promised = 0
      this.#take(jobs)
      if (jobs.length < wish.max) this.#restUntil(nextDueInMs)
      else this.#contended = 0
    } catch (error) {
      // A batch that is being gathered keeps its slot.
      this.promised = this.#options.batch !== null && this.#waiting.length > 0 ? 1 : 0
      if (this.#options.pool.isStopping) return
      if (this.#isBatchDue) this.#runBatch()
      this.#rt.events.trouble(error, 'claim')
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LAST_PAUSE_MS)
      this.#restFor(pauseMs * (0.5 + 0.5 * this.#rt.seam.random()), false)
    }
  }

  /** Built when the write is cut, so it asks for the slots that are free at that moment. */
  #wish(): Wish | null {
    const { batch, handlers, leaseMs, pool, prefetch, queues, workerId } = this.#options
    const max = this.#wanted()
    if (max <= 0 || pool.isStopping) return null
    if (batch === null) this.promised = Math.max(0, Math.min(max, pool.free))
    else this.promised = 1
    const types = [...handlers.keys()]
    // The list of a claim is served in its order, so each claim begins with another lane.
    const from = inTurn(queues, this.#firstLane++).map((queue) => ({ queue, types, limit: max }))
    return { workerId, leaseMs, to: batch === null && prefetch > 0 ? 'leased' : 'running', max, from }
  }

  #take(jobs: readonly JobRecord[]): void {
    const { batch, handlers, pool, prefetch } = this.#options
    const attempts: Attempt[] = []
    for (const record of jobs) {
      const handler = handlers.get(record.type)
      if (handler) attempts.push(pool.hold(record, handler))
      else this.#rt.events.trouble(notAskedFor(record, this.#rt.door.store.name), 'claim')
    }
    if (pool.isStopping) return attempts.forEach((attempt) => pool.giveBack(attempt))
    if (batch !== null) return this.#gather(attempts, batch)
    if (prefetch === 0) return attempts.forEach((attempt) => pool.run(attempt.handler, [attempt]))
    this.#waiting.push(...attempts)
    this.#runPrefetched()
    for (const attempt of attempts) if (this.#waiting.includes(attempt)) this.#watchWaiting(attempt)
  }

  // ---- resting --------------------------------------------------------------------------------------------------------------

  /** Nothing more was due: sleeps until something is. */
  #restUntil(nextDueInMs: number | null): void {
    const { pollMs } = this.#options
    if (this.#isHinted) return
    if (nextDueInMs === 0) return this.#restFor(Math.min(CONTENDED_MS * 2 ** this.#contended++, pollMs), true)
    this.#contended = 0
    // A little apart, so that workers started together do not look together.
    const poll = pollMs * (0.75 + 0.25 * this.#rt.seam.random())
    this.#restFor(Math.min(nextDueInMs ?? poll, poll), true)
  }

  #restFor(ms: number, isHintable: boolean): void {
    if (this.#options.pool.isStopping) return
    this.#rest = { cancel: this.#rt.seam.after(ms, () => this.#wakeUp()), isHintable }
  }

  #wakeUp(): void {
    this.#rest?.cancel()
    this.#rest = null
    this.#options.pool.fill()
  }

  // ---- batches --------------------------------------------------------------------------------------------------------------

  #gather(attempts: readonly Attempt[], batch: NonNullable<BoundHandler['batch']>): void {
    this.#waiting.push(...attempts)
    if (this.#waiting.length === 0) return
    if (this.#isBatchDue || this.#waiting.length >= batch.size || batch.waitMs === 0) return this.#runBatch()
    this.promised = 1
    this.#cancelGather ??= this.#rt.seam.after(batch.waitMs, () => {
      // What the claim under way brings is for this batch, and has no slot but the one this batch would take.
      if (this.#isClaiming) this.#isBatchDue = true
      else this.#runBatch()
    })
  }

  #runBatch(): void {
    this.#endGathering()
    const { pool } = this.#options
    const attempts = this.#waiting.filter((attempt) => !attempt.isOver)
    for (const attempt of this.#waiting) if (attempt.isOver) pool.forget(attempt)
    this.#waiting = []
    if (attempts[0]) pool.run(attempts[0].handler, attempts)
    // All were cancelled meanwhile: the slot goes to whoever waits for one.
    else pool.fill()
  }

  // ---- prefetched jobs ------------------------------------------------------------------------------------------------------

  #runPrefetched(): void {
    const { batch, pool } = this.#options
    if (batch !== null) return
    while (this.#waiting.length > 0 && pool.free > 0 && !pool.isStopping) {
      const attempt = this.#waiting.shift() as Attempt
      if (attempt.isOver) {
        pool.forget(attempt)
        continue
      }
      // Not waited for: the write goes out before the settle of the same job, and a lost lease is told by the signal.
      attempt.begin()
      pool.run(attempt.handler, [attempt])
    }
  }

  /** A lease runs while its job waits here, and others may be free: what has waited long goes back to its place in line. */
  #watchWaiting(attempt: Attempt): void {
    this.#rt.seam.after(Math.min(this.#options.leaseMs / 4, MOST_WAITING_MS), () => {
      const at = this.#waiting.indexOf(attempt)
      if (at < 0) return
      this.#waiting.splice(at, 1)
      this.#mayPrefetch = false
      this.#options.pool.giveBack(attempt)
    })
  }

  #endGathering(): void {
    this.#cancelGather?.()
    this.#cancelGather = null
    this.#isBatchDue = false
    this.promised = 0
  }

  #giveBackWaiting(): void {
    this.#endGathering()
    for (const attempt of this.#waiting) this.#options.pool.giveBack(attempt)
    this.#waiting = []
  }
}

/** Its lease ends by itself: given back it would be the next answer again. */
const notAskedFor = ({ id, type }: JobRecord, store: string): StintError<'STORE_BROKEN'> =>
  new StintError(
    'STORE_BROKEN',
    `The ${store} store answered a claim with job ${id}, a job of type "${type}", which was not asked for. This is a bug of the store; the job is left to its lease.`,
    { store },
  )
