import { type Capabilities, NO_CAPABILITIES } from './capabilities.js'
import { isStintError, StintError } from './errors.js'
import { LivingStore } from './living-store.js'
import type { EventRecord, JobRecord } from './record.js'
import { copyJob } from './record-copy.js'
import { systemClock } from './seam.js'
import type {
  Batch,
  BatchResult,
  CallOptions,
  Count,
  EventsQuery,
  FeedPage,
  FeedQuery,
  JobRef,
  ListPage,
  ListQuery,
  Removal,
  Restored,
  Setting,
  SettingResult,
  SettingWrite,
} from './store.js'
import type { Table } from './table.js'
import { TableCall } from './table-call.js'
import { claimJobs } from './table-claim.js'
import { cursorInvalid, listPage } from './table-list.js'

/**
 * A store on anything that runs a synchronous function atomically: a Map, LMDB, an append-only file. Give it a `name`, a `Table` and
 * `transact`; an exchange is then one transaction. `opened`, `closed` and better `capabilities` where the engine has them.
 */
export abstract class TableStore extends LivingStore {
  override readonly capabilities: Capabilities = { ...NO_CAPABILITIES, atomicBatches: true, restorable: true }

  /**
   * Runs the work so that all of it happens or, when it throws, nothing; one at a time, within `deadlineMs`. Rejects with what the work
   * threw, or with a `StintError` that says how the engine failed. It may run the work again. `read`: the work writes nothing, so it need not
   * keep writers waiting; it has to see all that was acknowledged before it began (READ-1), at one moment.
   */
  protected abstract transact<T>(work: (table: Table) => T, kind: 'read' | 'write'): Promise<T>

  override exchange(batch: Batch, options?: CallOptions<never>): Promise<BatchResult> {
    if (options && 'tx' in options) return Promise.reject(this.unsupported('transactions'))
    return this.#write(
      (call) => ({
        inserts: (batch.inserts ?? []).map((job) => call.insert(job)),
        changes: (batch.changes ?? []).map((change) => call.change(change)),
        beats: (batch.beats ?? []).map((beat) => call.beat(beat)),
        claims: (batch.claims ?? []).map((claim) => claimJobs(call, claim)),
      }),
      options?.signal,
    )
  }

  remove(jobs: readonly Removal[]): Promise<boolean[]> {
    return this.#write((call) => jobs.map((job) => call.remove(job)))
  }

  get(refs: readonly JobRef[]): Promise<(JobRecord | null)[]> {
    return this.#read((call) =>
      refs.map((ref) => {
        const job = typeof ref === 'string' ? call.table.job(ref) : call.holder(ref.queue, ref.key)
        return job && copyJob(job)
      }),
    )
  }

  list(query: ListQuery): Promise<ListPage> {
    return this.#read(({ table, now }) => listPage(table, query, now))
  }

  events(jobId: string, { afterSeq = 0, limit }: EventsQuery): Promise<EventRecord[]> {
    return this.#read(({ table }) => table.events(jobId, afterSeq, limit).map((event) => ({ ...event })))
  }

  feed({ after, limit }: FeedQuery): Promise<FeedPage> {
    return this.#read(({ table }) => {
      const end = table.end()
      const from = after === 'start' ? 0 : after === 'end' ? end : /^\d{1,16}$/.test(after) ? Number(after) : Number.NaN
      if (!(from <= end)) throw cursorInvalid(after, 'the feed')
      const page = table.feed(from, limit)
      // A page that is not full has met the last event there is: whatever stood behind it was removed.
      const to = page.length < limit ? end : (page.at(-1)?.position ?? end)
      return {
        events: page.map(({ event, position }) => ({ ...event, cursor: String(position) })),
        cursor: String(to),
        caughtUp: to === end,
      }
    })
  }

  stats(): Promise<Count[]> {
    return this.#read(({ table }) => table.counts().map((count) => ({ ...count })))
  }

  settings(kind: string): Promise<Setting[]> {
    return this.#read(({ table }) =>
      table
        .settings(kind)
        .map((setting) => ({ ...setting }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    )
  }

  configure(writes: readonly SettingWrite[]): Promise<SettingResult[]> {
    return this.#write((call) => writes.map((write) => call.configure(write)))
  }

  restore(jobs: readonly Restored[]): Promise<boolean[]> {
    return this.#write((call) => jobs.map((job) => call.restore(job)))
  }

  // ---- one call, one transaction --------------------------------------------------------------------------------------

  #read<T>(work: (call: TableCall) => T): Promise<T> {
    return this.during(async () => {
      try {
        return await this.transact((table) => work(this.#callOn(table)), 'read')
      } catch (error) {
        throw isStintError(error) ? error : this.#unavailable(error)
      }
    })
  }

  async #write<T>(work: (call: TableCall) => T, signal?: AbortSignal): Promise<T> {
    const { answer, hints } = await this.during(async () => {
      let isCommitting = false
      try {
        return await this.transact((table) => {
          isCommitting = false
          const call = this.#callOn(table)
          const answer = work(call)
          isCommitting = true
          return { answer, hints: call.hints() }
        }, 'write')
      } catch (error) {
        if (isStintError(error)) throw error
        throw isCommitting ? this.#unknown(error) : this.#unavailable(error)
      }
    }, signal)
    for (const hint of hints) this.hint(hint)
    return answer
  }

  #callOn(table: Table): TableCall {
    return new TableCall(table, Math.floor((this.clock ?? systemClock).now()), this.failpoint)
  }

  /** The work itself threw, and `transact` left nothing of it. */
  #unavailable(cause: unknown): StintError<'STORE_UNAVAILABLE'> {
    const message = `The ${this.name} store could not run the call; nothing was written, it may be repeated.`
    return new StintError('STORE_UNAVAILABLE', message, { store: this.name }, { cause })
  }

  /** The work was done when the engine failed: nobody knows on which side of its commit. */
  #unknown(cause: unknown): StintError<'OUTCOME_UNKNOWN'> {
    const message = `The ${this.name} store failed at its commit; the call may or may not have happened, it may be repeated.`
    return new StintError('OUTCOME_UNKNOWN', message, { store: this.name }, { cause })
  }
}
