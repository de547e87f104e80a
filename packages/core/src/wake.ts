import type { Hint } from './store.js'
import type { AnyStore, StoreDoor } from './store-door.js'

/**
 * Sleeping until something may have happened. Hints may be lost, late or doubled, so every sleep ends by time as well: the poll behind the
 * hint is what is relied on.
 */
export class Wakeups {
  readonly #door: StoreDoor
  readonly #listeners = new Set<(hint: Hint) => void>()
  readonly #sleepers = new Set<() => void>()
  #unsubscribe: (() => void) | null = null

  constructor(door: StoreDoor) {
    this.#door = door
  }

  /** Hears every hint of the store until the answer is called. The store is subscribed to only while somebody listens. */
  listen(listener: (hint: Hint) => void): () => void {
    const own = (hint: Hint): void => listener(hint)
    this.#listeners.add(own)
    if (this.#door.isOpen) this.subscribe(this.#door.store)
    return () => {
      this.#listeners.delete(own)
      if (this.#listeners.size === 0) this.close()
    }
  }

  /** Once the store is open, for those who listened before. */
  subscribe(store: Pick<AnyStore, 'subscribe'>): void {
    if (this.#unsubscribe || this.#listeners.size === 0) return
    this.#unsubscribe = store.subscribe((hint) => {
      for (const listener of this.#listeners) listener(hint)
    })
  }

  /** Sleeps until `until` milliseconds are over, a hint is about `isAbout`, or the signal aborts. Resolves in every case. */
  sleep(ms: number, isAbout: (hint: Hint) => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const wake = (): void => {
        cancelTimer()
        stopListening()
        this.#sleepers.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const cancelTimer = this.#door.seam.after(ms, wake)
      const stopListening = this.listen((hint) => isAbout(hint) && wake())
      this.#sleepers.add(wake)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }

  /** Every sleep ends, so that whoever slept sees that the queue closes. */
  wakeAll(): void {
    for (const wake of [...this.#sleepers]) wake()
  }

  close(): void {
    this.#unsubscribe?.()
    this.#unsubscribe = null
  }
}

/** Whether a hint may be about one of those lanes; a hint without a lane may be about any. */
export const isAboutQueue =
  (queues: ReadonlySet<string>) =>
  (hint: Hint): boolean =>
    hint.queue === undefined ? hint.jobId === undefined : queues.has(hint.queue)
