import { isStintError, StintError } from './errors.js'
import { LivingStore } from './living-store.js'
import type { Ms } from './record.js'
import { systemClock } from './seam.js'
import type {
  Batch,
  BatchResult,
  Beat,
  CallOptions,
  Change,
  ChangeResult,
  Claim,
  ClaimResult,
  InsertResult,
  NewJob,
} from './store.js'

/** For a store on any engine that writes item by item: four plain methods, and `exchange` runs them. Simple first; a batch costs its items. */
export abstract class BaseStore<Tx = never, Sync extends boolean = false> extends LivingStore<Tx, Sync> {
  // `now` is the one reading of the clock for the whole call (TIME-1); an engine that goes by its own clock takes that instead.
  protected abstract insert(job: NewJob, now: Ms): Promise<InsertResult>
  protected abstract change(change: Change, now: Ms): Promise<ChangeResult>
  protected abstract beat(beat: Beat, now: Ms): Promise<ChangeResult>
  protected abstract claim(claim: Claim, now: Ms): Promise<ClaimResult>

  /** Part by part, item by item; each is whole, the batch is not (`atomicBatches` is false). */
  async exchange(batch: Batch, options?: CallOptions<Tx>): Promise<BatchResult> {
    if (options && 'tx' in options) throw this.unsupported('transactions')
    return this.during(async () => {
      const result: { -readonly [Part in keyof BatchResult]: BatchResult[Part][number][] } = {
        inserts: [],
        changes: [],
        beats: [],
        claims: [],
      }
      const now = Math.floor((this.clock ?? systemClock).now())
      try {
        for (const job of batch.inserts ?? []) result.inserts.push(await this.insert(job, now))
        for (const change of batch.changes ?? []) result.changes.push(await this.change(change, now))
        for (const beat of batch.beats ?? []) result.beats.push(await this.beat(beat, now))
        for (const claim of batch.claims ?? []) result.claims.push(await this.claim(claim, now))
      } catch (error) {
        throw this.#partly(result, error)
      } finally {
        this.#announce(batch, result)
      }
      return result
    }, options?.signal)
  }

  /** "Surely nothing happened" is said of the whole call, and is not true once an item before it was written (FAULT-1, FAULT-3). */
  #partly({ inserts, changes, beats, claims }: BatchResult, error: unknown): unknown {
    if (inserts.length + changes.length + beats.length + claims.length === 0) return error
    const message = `The ${this.name} store failed in the middle of a batch: the items before it are written. Repeat each by its own.`
    return isStintError(error, 'OUTCOME_UNKNOWN')
      ? error
      : new StintError('OUTCOME_UNKNOWN', message, { store: this.name }, { cause: error })
  }

  /** What may have made work, or ended a job. A change does not say whose lane it is, so one that queues a job wakes whoever listens. */
  #announce(batch: Batch, { inserts, changes }: BatchResult): void {
    for (const { isNew, job } of inserts) if (isNew && job.state === 'queued') this.hint({ queue: job.queue })
    for (const [i, { ok }] of changes.entries()) {
      const change = batch.changes?.[i]
      if (!ok || change?.set.state === undefined) continue
      this.hint({ jobId: change.id })
      if (change.set.state === 'queued') this.hint({})
    }
  }
}
