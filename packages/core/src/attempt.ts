import { jobCancelled, jobTimeout } from './abort-reasons.js'
import { isStintError, type StintError } from './errors.js'
import { readExt } from './ext.js'
import type { AbortCode, BoundHandler, JobContext, JobSignal } from './handler.js'
import { HeldJob } from './held-job.js'
import { type LeasedHold, quiet, type Settled } from './hold.js'
import type { Json } from './json.js'
import { endOf, type Holding, leaseLost, lostBy } from './lease-lost.js'
import { childOf } from './logger.js'
import { parsed, toJob } from './present.js'
import type { JobRecord } from './record.js'
import type { Runtime } from './runtime.js'
import { pauseAbout } from './seam.js'

/** A settle that could not be written is tried again, ever slower, as long as its lease may live. */
const FIRST_PAUSE_MS = 100
const LAST_PAUSE_MS = 3000

/**
 * One claimed job in this process, from the claim to the accepted end. Its lease is prolonged from outside (heart.ts); its handler is called
 * from outside (run-attempt.ts).
 */
export class Attempt {
  readonly record: JobRecord
  readonly handler: BoundHandler
  readonly held: HeldJob
  readonly holding: Holding
  readonly #rt: Runtime
  readonly #abort = new AbortController()
  /** The outcome is decided, or lost: nothing more is written under this lease by itself. */
  isOver = false
  /** The first explicit settle by the handler, accepted or not. */
  settling: Promise<Settled> | null = null
  /** What `succeed` said of a result that its schema or its size refuses; the handler may let it pass through. */
  refusedResult: unknown = null
  #cancelTimeout: (() => void) | null = null
  /** Its time was over, maybe while a settle of the handler was under way. */
  #overdue: StintError<'JOB_TIMEOUT'> | null = null

  constructor(rt: Runtime, record: JobRecord, handler: BoundHandler) {
    this.#rt = rt
    this.record = record
    this.handler = handler
    const { token, fence } = record.lease as NonNullable<JobRecord['lease']>
    this.holding = { jobId: record.id, token, fence }
    this.held = new HeldJob(rt, this.holding, record)
  }

  get signal(): JobSignal {
    return this.#abort.signal as JobSignal
  }

  /** What the handler gets; its verbs are bound, and may be left unawaited. */
  context(payload: unknown): JobContext {
    const { record, held } = this
    const settle = (verb: () => Promise<Settled>): Promise<Settled> => quiet(this.#explicit(verb))
    return Object.freeze({
      jobId: record.id,
      token: held.token,
      job: toJob(record),
      payload,
      attempt: record.attempt,
      fence: this.holding.fence,
      checkpoint: parsed(record.checkpoint),
      signal: this.signal,
      logger: childOf(this.#rt.logger, { jobId: record.id, type: record.type, attempt: record.attempt }),
      progress: (value: Json) => quiet(this.#report(() => held.progress(value))),
      log: (message: string) => quiet(this.#report(() => held.log(message))),
      saveCheckpoint: (value: Json) => quiet(this.#report(() => held.saveCheckpoint(value))),
      succeed: (result: unknown) => settle(() => this.#succeed(result)),
      fail: (error: unknown, options?: Parameters<LeasedHold['fail']>[1]) => settle(() => held.fail(error, options)),
      snooze: (delay: Parameters<LeasedHold['snooze']>[0]) => settle(() => held.snooze(delay)),
      release: () => settle(() => held.release()),
    })
  }

  /** `leased` → `running`, for a job that was claimed ahead. */
  begin(): void {
    this.#report(() => this.held.start()).catch((error: unknown) => {
      if (!isLost(error)) this.#rt.events.trouble(error, 'starting jobs')
    })
  }

  /** From the moment the handler is called. Data of the job, so a worker without the definition obeys it too. */
  startTimeout(): void {
    const { timeoutMs } = readExt(this.record.ext)
    if (timeoutMs === null) return
    this.#cancelTimeout = this.#rt.seam.after(timeoutMs, () => {
      this.#overdue = jobTimeout(this.record.id, timeoutMs)
      this.#failOverdue()
    })
  }

  /** A settle that is under way speaks first; one that is refused leaves the attempt overdue. */
  #failOverdue(): void {
    const reason = this.#overdue
    if (reason === null || this.isOver || this.settling) return
    this.abort(reason)
    void this.settleByItself(() => this.held.fail(reason, {}, 'timeout'))
  }

  abort(reason: StintError<AbortCode>): void {
    if (!this.#abort.signal.aborted) this.#abort.abort(reason)
  }

  /** Prolongs the lease. Resolves also when it is lost: then the handler is told by its signal. Rejects when the store is away. */
  async beat(leaseMs: number): Promise<void> {
    if (this.isOver || this.held.endedAs !== null) return
    try {
      await this.held.heartbeat(leaseMs)
    } catch (error) {
      if (!isLost(error)) throw error
      await this.lose()
    }
  }

  /** The worker's own settle: repeated through outages, silent when the lease is gone. */
  async settleByItself(verb: () => Promise<unknown>): Promise<void> {
    this.isOver = true
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
      try {
        await verb()
        return this.end()
      } catch (error) {
        if (isLost(error)) return this.lose()
        this.#rt.events.trouble(error, 'settling jobs')
        // A queue that closed first leaves the job to its lease, and says so once.
        if (!isPassing(error)) return this.end()
        await pauseAbout(this.#rt.seam, pauseMs)
      }
    }
  }

  /** Nothing is timed any more. */
  end(): void {
    this.isOver = true
    this.#cancelTimeout?.()
    this.#cancelTimeout = null
  }

  async #explicit(verb: () => Promise<Settled>): Promise<Settled> {
    const mine = verb()
    this.settling ??= quiet(mine)
    try {
      const settled = await mine
      this.end()
      return settled
    } catch (error) {
      if (isLost(error)) await this.lose()
      else if (this.settling === mine) {
        this.settling = null // a verb that was not accepted leaves the outcome open
        this.#failOverdue()
      }
      throw error
    }
  }

  async #succeed(result: unknown): Promise<Settled> {
    try {
      return await this.held.succeed(result)
    } catch (error) {
      if (isRefusedResult(error)) this.refusedResult = error
      throw error
    }
  }

  async #report(verb: () => Promise<void>): Promise<void> {
    try {
      await verb()
    } catch (error) {
      if (isLost(error)) await this.lose()
      throw error
    }
  }

  /** The lease is somebody else's, or nobody's: reads why, and tells the handler. */
  async lose(): Promise<void> {
    if (this.held.endedAs !== null || this.#abort.signal.aborted) return this.end()
    this.end()
    const lost = await endOf(this.#rt, this.holding).then(lostBy, () => lostBy(null))
    this.abort(
      lost.why === 'cancelled'
        ? jobCancelled(this.record.id, lost.actor, lost.reason)
        : leaseLost(this.#rt, this.holding, lost),
    )
  }
}

const isLost = (error: unknown): boolean => isStintError(error, 'LEASE_LOST') || isStintError(error, 'JOB_NOT_FOUND')

/** The job's side effects have happened; a result that cannot be kept does not become one by running them again. */
export const isRefusedResult = (error: unknown): boolean =>
  isStintError(error, 'RESULT_INVALID') || isStintError(error, 'TOO_LARGE')

/** An outage ends; a store that is closed or refuses the value does not change its mind. */
const isPassing = (error: unknown): boolean =>
  isStintError(error, 'STORE_UNAVAILABLE') || isStintError(error, 'OUTCOME_UNKNOWN')
