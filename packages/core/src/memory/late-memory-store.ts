import { type Capabilities, NO_CAPABILITIES } from '../capabilities.js'
import type { Clock } from '../clock.js'
import { toMs } from '../duration.js'
import { StintError } from '../errors.js'
import type { Hint, Restored, Store, StoreOptions } from '../store.js'

const CAPABILITIES: Capabilities = Object.freeze({ ...NO_CAPABILITIES, atomicBatches: true, restorable: true })

/**
 * The memory store as an application sees it: its code (the table, the indexes, the base that stores stand on) is loaded when it opens, so
 * that an application on another store never pays for it. Everything else goes straight through.
 */
class LateMemoryStore implements Store<never, false> {
  readonly contract = 1
  readonly name = 'memory'
  readonly capabilities = CAPABILITIES
  readonly clock: Clock | null
  readonly exchangeSync = undefined
  readonly #options: StoreOptions
  readonly #early = new Set<(hint: Hint) => void>()
  #inner: Store<never, false> | null = null
  #opening: Promise<void> | null = null
  #isClosed = false

  constructor(options: StoreOptions) {
    toMs(options.deadline ?? 0, 'deadline')
    this.#options = options
    this.clock = options.clock ?? null
  }

  open(): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#closed())
    this.#opening ??= this.#load()
    return this.#opening
  }

  readonly now = (): ReturnType<Store['now']> => this.#open((store) => store.now())
  readonly exchange: Store<never, false>['exchange'] = (batch, options) =>
    this.#open((store) => store.exchange(batch, options))
  readonly remove: Store['remove'] = (jobs) => this.#open((store) => store.remove(jobs))
  readonly get: Store['get'] = (refs) => this.#open((store) => store.get(refs))
  readonly list: Store['list'] = (query) => this.#open((store) => store.list(query))
  readonly events: Store['events'] = (jobId, query) => this.#open((store) => store.events(jobId, query))
  readonly feed: Store['feed'] = (query) => this.#open((store) => store.feed(query))
  readonly stats = (): ReturnType<Store['stats']> => this.#open((store) => store.stats())
  readonly settings: Store['settings'] = (kind) => this.#open((store) => store.settings(kind))
  readonly configure: Store['configure'] = (writes) => this.#open((store) => store.configure(writes))
  readonly restore = (jobs: readonly Restored[]): Promise<boolean[]> =>
    this.#open((store) => (store.restore as NonNullable<Store['restore']>)(jobs))

  subscribe(listener: (hint: Hint) => void): () => void {
    if (this.#inner) return this.#inner.subscribe(listener)
    const own = (hint: Hint): void => listener(hint)
    this.#early.add(own)
    return () => void this.#early.delete(own)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#opening?.catch(() => {})
    await this.#inner?.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #load(): Promise<void> {
    const { memoryTableStore } = await import('./memory-store.js')
    const store = memoryTableStore(this.#options)
    await store.open()
    store.subscribe((hint) => {
      for (const listener of this.#early) listener(hint)
    })
    this.#inner = store
  }

  #open<T>(call: (store: Store<never, false>) => Promise<T>): Promise<T> {
    return this.#inner
      ? call(this.#inner)
      : Promise.reject(this.#isClosed ? this.#closed() : new TypeError('open() the store first'))
  }

  #closed(): StintError<'STORE_CLOSED'> {
    return new StintError('STORE_CLOSED', 'The memory store is closed; make a new one.', { store: this.name })
  }
}

/** Gone with the process; otherwise as every other store. The readable reference: memory-store.ts, on the base of table-store.ts. */
export function memoryStore(options: StoreOptions = {}): Store<never, false> {
  return new LateMemoryStore(options)
}
