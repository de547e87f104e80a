import { type Capabilities, NO_CAPABILITIES } from './capabilities.js'
import type { Clock } from './clock.js'
import { toMs } from './duration.js'
import { StintError } from './errors.js'
import type { EventRecord, JobRecord, Ms } from './record.js'
import { systemClock } from './seam.js'
import type {
  Batch,
  BatchResult,
  CallOptions,
  Count,
  EventsQuery,
  FeedPage,
  FeedQuery,
  Hint,
  JobRef,
  ListPage,
  ListQuery,
  Removal,
  Setting,
  SettingResult,
  SettingWrite,
  Store,
  StoreOptions,
} from './store.js'
import { aborted } from './store-failures.js'

/**
 * What every store has, whatever it writes to: its life, its clock, its deadline, hints inside the process. One method per operation remains to
 * write; each runs its work inside `during`, which refuses calls outside the store's life and lets `close` wait.
 */
export abstract class LivingStore<Tx = never, Sync extends boolean = false> implements Store<Tx, Sync> {
  readonly contract = 1
  abstract readonly name: string
  readonly capabilities: Capabilities = NO_CAPABILITIES
  readonly clock: Clock | null
  readonly exchangeSync = undefined as Store<Tx, Sync>['exchangeSync']
  /** Longest time of one call. */
  protected readonly deadlineMs: Ms
  /** Between the steps of a write: `this.failpoint('event')`. Does nothing unless a test asked for it. */
  protected readonly failpoint: (name: string) => void

  readonly #listeners = new Set<(hint: Hint) => void>()
  readonly #underWay = new Set<Promise<unknown>>()
  #opening: Promise<void> | null = null
  #closing: Promise<void> | null = null

  constructor(options: StoreOptions = {}) {
    this.clock = options.clock ?? null
    this.deadlineMs = toMs(options.deadline ?? '10s', 'deadline')
    this.failpoint = options.failpoint ?? (() => {})
  }

  // ---- what an engine writes ----------------------------------------------------------------------------------------

  /** Makes the place ready; once. */
  protected async opened(): Promise<void> {}
  /** Frees every handle that the store made; once, when no call is under way. Also of a store that was never opened, or could not be. */
  protected async closed(): Promise<void> {}
  /** The first who listens on this handle came, perhaps before the store is open … */
  protected listened(): void {}
  /** … and the last one left. Not told while the store closes. */
  protected unlistened(): void {}
  abstract exchange(batch: Batch, options?: CallOptions<Tx>): Promise<BatchResult>
  abstract remove(jobs: readonly Removal[]): Promise<boolean[]>
  abstract get(refs: readonly JobRef[]): Promise<(JobRecord | null)[]>
  abstract list(query: ListQuery): Promise<ListPage>
  abstract events(jobId: string, query: EventsQuery): Promise<EventRecord[]>
  abstract feed(query: FeedQuery): Promise<FeedPage>
  abstract stats(): Promise<Count[]>
  abstract settings(kind: string): Promise<Setting[]>
  abstract configure(writes: readonly SettingWrite[]): Promise<SettingResult[]>

  // ---- what is given ------------------------------------------------------------------------------------------------

  open(): Promise<void> {
    if (this.#closing) return Promise.reject(this.#isClosed())
    this.#opening ??= this.opened().catch((error: unknown) => {
      this.#opening = null // a store that could not open may be opened again
      throw error
    })
    return this.#opening
  }

  async now(): Promise<Ms> {
    return this.during(async () => Math.floor((this.clock ?? systemClock).now()))
  }

  subscribe(listener: (hint: Hint) => void): () => void {
    const own = (hint: Hint): void => listener(hint)
    this.#listeners.add(own)
    if (this.#listeners.size === 1) this.listened()
    return () => {
      if (this.#listeners.delete(own) && !this.isListenedTo) this.unlistened()
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  // ---- tools for an engine ------------------------------------------------------------------------------------------

  /** Runs one call: refused after `close` began, waited for by it. An abort before it is sent is `ABORTED`. */
  protected during<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closing) return Promise.reject(this.#isClosed())
    if (signal?.aborted) return Promise.reject(aborted(signal.reason))
    const call = work()
    this.#underWay.add(call)
    const done = (): void => void this.#underWay.delete(call)
    call.then(done, done)
    return call
  }

  /** Wakes whoever listens on this handle; after the write is acknowledged. A listener that throws harms nobody. */
  protected hint(hint: Hint): void {
    for (const listener of this.#listeners) {
      try {
        listener(hint)
      } catch {
        // A hint may be lost; a write that is done may not fail for it.
      }
    }
  }

  protected get isListenedTo(): boolean {
    return this.#listeners.size > 0
  }

  /** A failpoint that throws becomes what the caller is told: before a commit surely nothing happened, after it nobody can know. */
  protected point(name: string, as: (message: string, cause: unknown) => StintError): void {
    try {
      this.failpoint(name)
    } catch (error) {
      throw as(`A failpoint threw at '${name}'.`, error)
    }
  }

  protected unsupported(ability: string): StintError<'UNSUPPORTED'> {
    return new StintError('UNSUPPORTED', `The ${this.name} store does not offer ${ability}.`, {
      store: this.name,
      ability,
    })
  }

  async #close(): Promise<void> {
    await this.#opening?.catch(() => {})
    await Promise.allSettled(this.#underWay)
    this.#listeners.clear()
    await this.closed()
  }

  #isClosed(): StintError<'STORE_CLOSED'> {
    return new StintError('STORE_CLOSED', `The ${this.name} store is closed; make a new one.`, { store: this.name })
  }
}
