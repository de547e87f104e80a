import { type FSWatcher, watch } from 'node:fs'

/** After a sign of life the next looks come quickly, then ever rarer. */
const SOON_MS = 2
/** With a watcher on the log, looking is only the fallback; without one it is all there is. */
const WATCHED_MS = 250
const UNWATCHED_MS = 25

/**
 * Tells when another connection has committed. The log file is watched for the edge: it is written *before* the commit can be seen, so after
 * an edge the version is looked at a few times, at doubling distances. At rest that makes four looks a second of some microseconds each.
 */
export class Wake {
  #watcher: FSWatcher | null = null
  #timer: NodeJS.Timeout | null = null
  #seen: number
  #waitMs = SOON_MS

  readonly #version: () => number
  readonly #changed: () => void

  constructor(log: string, version: () => number, changed: () => void) {
    this.#version = version
    this.#changed = changed
    this.#seen = version()
    try {
      this.#watcher = watch(log, { persistent: false }, (kind) => this.#stirred(kind))
      this.#watcher.on('error', () => this.#unwatch())
    } catch {
      // No watchers on this system, or none left: the looks alone do it.
    }
    this.#look(SOON_MS)
  }

  stop(): void {
    this.#unwatch()
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #unwatch(): void {
    this.#watcher?.close()
    this.#watcher = null
  }

  #stirred(kind: string): void {
    if (kind === 'rename') this.#unwatch() // The file we watch is no longer the log.
    if (this.#waitMs <= SOON_MS) return // A look is due in a moment as it is.
    if (this.#timer !== null) this.#look(SOON_MS)
  }

  #look(waitMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#waitMs = waitMs
    this.#timer = setTimeout(() => {
      const found = this.#ask()
      const next = found ? SOON_MS : Math.min(waitMs * 2, this.#watcher === null ? UNWATCHED_MS : WATCHED_MS)
      this.#look(next)
      if (found) this.#changed()
    }, waitMs).unref()
  }

  #ask(): boolean {
    let version = this.#seen
    try {
      version = this.#version()
    } catch {
      // Busy, or failing: the calls of the store will say so. A hint may be late.
    }
    const found = version !== this.#seen
    this.#seen = version
    return found
  }
}
