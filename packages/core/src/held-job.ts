import type { Before } from './accept.js'
import { MAX_CHECKPOINT_BYTES, MAX_PROGRESS_BYTES, smallText } from './checked-json.js'
import { type Duration, toMs } from './duration.js'
import { isJobError, isStintError } from './errors.js'
import { type FailOptions, type Settled, settledAs } from './hold.js'
import type { Json } from './json.js'
import { type Holding, tokenOf } from './lease-lost.js'
import { JobLog } from './log-text.js'
import { isId } from './names.js'
import * as outcomes from './outcomes.js'
import { toJob } from './present.js'
import type { JobRecord, JsonText, State } from './record.js'
import { resultText } from './result-text.js'
import type { Runtime } from './runtime.js'
import { jobNotFound, report, settle } from './settle.js'
import type { Beat, Change } from './store.js'

/**
 * A lease and the verbs under it. An attempt and a pulled lease are made of one. Under its token a job is frozen but for what the holder
 * reports, so the record that was claimed is true until the end; a lease that travelled as id and token reads it when a verb needs it.
 */
export class HeldJob {
  readonly holding: Holding
  readonly #rt: Runtime
  #record: JobRecord | null
  #knowing: Promise<JobRecord> | null = null
  #log: JobLog | null = null
  /** The one thing that may change under a lease and that its event tells. */
  #isStarted = false
  /** A settle ended as `OUTCOME_UNKNOWN`: the next one may find that it was done. */
  #isInDoubt = false
  /** The state that an accepted settle under this lease led to. */
  endedAs: State | null = null

  constructor(rt: Runtime, holding: Holding, record: JobRecord | null) {
    this.#rt = rt
    this.holding = holding
    this.#record = record
  }

  get token(): string {
    return tokenOf(this.holding)
  }

  get record(): JobRecord | null {
    return this.#record
  }

  /** The job as the lease was given, or as it is. */
  know(): Promise<JobRecord> {
    if (this.#record) return Promise.resolve(this.#record)
    this.#knowing ??= this.#read().finally(() => {
      this.#knowing = null
    })
    return this.#knowing.then((record) => record)
  }

  /** null, or the look that an earlier verb waits for: a verb that needs none goes behind it, so that all commit in the order they were made. */
  #inOrder(): Promise<void> | null {
    return this.#knowing?.then(nothing, nothing) ?? null
  }

  async #read(): Promise<JobRecord> {
    const { jobId } = this.holding
    const [record] = isId(jobId) ? await this.#rt.door.call((store) => store.get([jobId])) : []
    if (!record) throw jobNotFound(String(jobId))
    this.#record = record
    return record
  }

  // ---- reports --------------------------------------------------------------------------------------------------------

  async heartbeat(
    leaseMs: number,
    also: Pick<Beat, 'progress' | 'checkpoint'> = {},
    returning = false,
  ): Promise<JobRecord | null> {
    return this.#report({ leaseMs, ...also, returning }, 'heartbeat')
  }

  async progress(value: Json): Promise<void> {
    await this.#report({ progress: smallText(value, 'progress', MAX_PROGRESS_BYTES) }, 'progressed')
  }

  async saveCheckpoint(value: Json): Promise<void> {
    await this.#report({ checkpoint: smallText(value, 'checkpoint', MAX_CHECKPOINT_BYTES) }, null)
  }

  async log(message: string): Promise<void> {
    const record = this.#record ?? (await this.know())
    this.#log ??= new JobLog(record.log)
    this.#log.append(this.#rt.seam.now(), record.attempt, String(message), this.#rt.lanes.get(record.queue).maxLogBytes)
    await this.#report({ log: this.#log.text }, null)
  }

  #report(fields: Omit<Beat, 'id' | 'token'>, event: 'heartbeat' | 'progressed' | null): Promise<JobRecord | null> {
    const audited = (record: JobRecord): typeof event =>
      this.#rt.lanes.get(record.queue).auditHeartbeats ? event : null
    if (this.#record) return report(this.#rt, this.holding, fields, audited(this.#record))
    if (event === null || !this.#rt.lanes.someAudit) {
      const send = (): Promise<JobRecord | null> => report(this.#rt, this.holding, fields, null)
      return this.#inOrder()?.then(send) ?? send()
    }
    return this.know().then((record) => report(this.#rt, this.holding, fields, audited(record)))
  }

  // ---- settles --------------------------------------------------------------------------------------------------------

  async succeed(result: unknown): Promise<Settled> {
    const { jobId, token } = this.holding
    const type = this.#record?.type ?? (this.#rt.known.isEmpty ? '' : (await this.know()).type)
    // A schema that answers at once lets the settle leave in this turn, together with the claim for the slot it frees.
    const text = resultText(this.#rt, type, result)
    const wait = this.#inOrder()
    if (wait) await wait
    return this.#settle(outcomes.succeeded(jobId, token, text instanceof Promise ? await text : text))
  }

  /** The worker's own: nobody asks for the job, so none comes back over the wire. */
  async succeedQuietly(result: JsonText | null): Promise<void> {
    await this.#commit(outcomes.succeeded(this.holding.jobId, this.holding.token, result))
  }

  async fail(error: unknown, options: FailOptions = {}, reason?: string): Promise<Settled> {
    const retry = options.retry ?? (isJobError(error) ? error.retry : true)
    if (typeof retry !== 'boolean') toMs(retry, 'retry')
    const record = this.#record ?? (await this.know())
    return this.#settle(outcomes.failed(record, this.holding.token, error, retry, this.#rt.seam, reason))
  }

  async snooze(delay: Duration): Promise<Settled> {
    const inMs = toMs(delay, 'delay')
    const record = this.#record ?? (await this.know())
    return this.#settle(outcomes.snoozed(record, this.holding.token, inMs, this.#rt.seam.now()))
  }

  async release(): Promise<Settled> {
    const record = this.#record ?? (await this.know())
    return this.#settle(outcomes.released(record, this.holding.token, this.#rt.seam.now()))
  }

  async start(): Promise<void> {
    const wait = this.#inOrder()
    if (wait) await wait
    await settle(this.#rt, this.holding, outcomes.started(this.holding.jobId, this.holding.token), () => this.#before())
    this.#isStarted = true
  }

  async #settle(change: Change): Promise<Settled> {
    const job = (await this.#commit({ ...change, returning: true })) as JobRecord
    return settledAs(toJob(job))
  }

  async #commit(change: Change): Promise<JobRecord | null> {
    try {
      const job = await settle(this.#rt, this.holding, change, () => this.#before(), this.#isInDoubt)
      this.#isInDoubt = false // heard, and told by then
      this.endedAs = job?.state ?? change.set.state ?? null
      return job
    } catch (error) {
      if (isStintError(error, 'OUTCOME_UNKNOWN')) this.#isInDoubt = true
      throw error
    }
  }

  /** What the event of a settle says it left: the record as claimed, unless it was read for want of one and may be older or newer. */
  #before(): Before | undefined {
    if (this.#record?.lease?.token !== this.holding.token) return undefined
    return this.#isStarted ? { ...this.#record, state: 'running' } : this.#record
  }
}

const nothing = (): void => {}
