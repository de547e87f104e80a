import { StintError } from './errors.js'
import { type Seam, seamOf } from './seam.js'
import type { Store } from './store.js'

// biome-ignore lint/suspicious/noExplicitAny: the door serves stores of any transaction type and hands out none
export type AnyStore = Store<any, any>

/**
 * The queue's way to its store, which may still be a promise. Opened on first use; a store that cannot be opened shows in the call that
 * needed it, never as an unhandled rejection, and the next call tries again.
 */
export class StoreDoor {
  #store: AnyStore | null = null
  #opening: Promise<AnyStore> | null = null
  #seam: Seam
  #isOpen = false
  #isClosed = false
  readonly #given: AnyStore | Promise<AnyStore>
  readonly #afterOpen: (store: AnyStore) => Promise<void>

  constructor(given: AnyStore | Promise<AnyStore>, afterOpen: (store: AnyStore) => Promise<void>) {
    this.#given = given
    this.#afterOpen = afterOpen
    if (given instanceof Promise) given.catch(() => {})
    else this.#store = checked(given)
    this.#seam = seamOf(this.#store?.clock ?? null)
  }

  /** A store that comes as a promise brings its clock with it; until then it is this host's. */
  get seam(): Seam {
    return this.#seam
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** The store, once open; what is sent before waits for `ready`. */
  get store(): AnyStore {
    if (!this.#store) throw new TypeError('The store is not open yet: call `await jobs.open()` first.')
    return this.#store
  }

  /** For who is made before the store is there, and speaks to it later. */
  readonly forward: Pick<AnyStore, 'exchange' | 'capabilities' | 'name'> = forwarding(() => this.store)
  readonly forwardSeam: Seam = forwardingSeam(() => this.#seam)

  /** null: open already, no hop. */
  readonly ready = (): Promise<void> | null => (this.#isOpen && !this.#isClosed ? null : this.open())

  async open(): Promise<void> {
    if (this.#isClosed) throw new StintError('QUEUE_CLOSED', 'The queue is closed; make a new one.', {})
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = null
      throw error
    })
    await this.#opening
  }

  /** One call of the store, opened first; virtual time waits for it. */
  async call<T>(work: (store: AnyStore) => Promise<T>): Promise<T> {
    const wait = this.ready()
    if (wait) await wait
    const turn = this.#seam.breathe()
    if (turn) await turn
    const done = this.#seam.busy()
    try {
      return await work(this.store)
    } finally {
      done()
    }
  }

  /** Closes a store that was opened, or that somebody is opening; one that never came is nobody's to close. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    await this.#opening?.catch(() => {})
    this.#isClosed = true
    const store = this.#store ?? (await Promise.resolve(this.#given).catch(() => null))
    await store?.close()
  }

  async #open(): Promise<AnyStore> {
    const store = checked(await this.#given)
    this.#store = store
    this.#seam = seamOf(store.clock)
    const done = this.#seam.busy()
    try {
      await store.open()
      await this.#afterOpen(store)
    } finally {
      done()
    }
    this.#isOpen = true
    return store
  }
}

function checked(store: AnyStore): AnyStore {
  if (store?.contract === 1 && typeof store.exchange === 'function') return store
  throw new TypeError(
    'store: expected a Stint store, for example memoryStore() or sqliteStore({ path }), or the promise of openStore(url)',
  )
}

function forwarding(store: () => AnyStore): Pick<AnyStore, 'exchange' | 'capabilities' | 'name'> {
  return {
    exchange: (batch, options) => store().exchange(batch, options),
    get capabilities() {
      return store().capabilities
    },
    get name() {
      return store().name
    },
  }
}

function forwardingSeam(seam: () => Seam): Seam {
  return {
    now: () => seam().now(),
    after: (ms, run) => seam().after(ms, run),
    monotonic: () => seam().monotonic(),
    soon: (run) => seam().soon(run),
    background: (ms, run) => seam().background(ms, run),
    breathe: () => seam().breathe(),
    busy: () => seam().busy(),
    random: () => seam().random(),
    id: (now) => seam().id(now),
    nonce: () => seam().nonce(),
  }
}
