import { isStintError } from './errors.js'
import type { JobRecord } from './record.js'
import type { Hint } from './store.js'
import type { StoreDoor } from './store-door.js'
import { isTerminal } from './transitions.js'
import type { Wakeups } from './wake.js'

/** The poll behind the hints. */
const FIRST_POLL_MS = 50
const LAST_POLL_MS = 500
const MOST_REFS = 500

interface Watcher {
  readonly id: string
  readonly tell: (record: JobRecord | null) => void
  readonly fail: (error: unknown) => void
  /** Its time is over: answers with what is known, at the latest with the look that is under way. */
  readonly end: () => void
}

/** What a look came to. `wasThere`: an earlier round of it saw the job. */
export interface Looked {
  readonly record: JobRecord | null
  readonly wasThere: boolean
}

/** Looks at jobs that somebody waits for: all of them by one read a round, at once on a hint about one, and by a growing poll else. */
export class Watch {
  readonly #door: StoreDoor
  readonly #wake: Wakeups
  readonly #watchers = new Set<Watcher>()
  #stopListening: (() => void) | null = null
  #cancelTimer: (() => void) | null = null
  #pollMs = FIRST_POLL_MS
  #looking = false
  #again = false

  constructor(door: StoreDoor, wake: Wakeups) {
    this.#door = door
    this.#wake = wake
  }

  /** Answers as soon as the job is over or gone; else as it is when `ms` are over or the signal aborts. */
  look(id: string, ms: number, signal?: AbortSignal): Promise<Looked> {
    return new Promise((resolve, reject) => {
      let seen: JobRecord | null = null
      let isSeen = false
      let trouble: unknown = null
      let isOver = ms <= 0
      const leave = (): void => {
        cancelTimer()
        signal?.removeEventListener('abort', watcher.end)
        this.#leave(watcher)
      }
      const watcher: Watcher = {
        id,
        tell: (record) => {
          const wasThere = seen !== null
          seen = record
          isSeen = true
          trouble = null
          if (!isOver && record && !isTerminal(record.state)) return
          leave()
          resolve({ record, wasThere })
        },
        fail: (error) => {
          // An outage is waited out, as far as the caller's own time goes.
          if (!isOver && isStintError(error, 'STORE_UNAVAILABLE')) {
            trouble = error
            return
          }
          leave()
          reject(error)
        },
        end: () => {
          isOver = true
          if (trouble !== null) watcher.fail(trouble)
          else if (isSeen) watcher.tell(seen)
        },
      }
      const cancelTimer = ms > 0 ? this.#door.seam.after(ms, watcher.end) : () => {}
      signal?.addEventListener('abort', watcher.end, { once: true })
      this.#enter(watcher)
    })
  }

  /** Everybody is told what is known. */
  close(): void {
    for (const watcher of [...this.#watchers]) watcher.end()
  }

  #enter(watcher: Watcher): void {
    this.#watchers.add(watcher)
    this.#stopListening ??= this.#wake.listen((hint) => this.#hinted(hint))
    this.#pollMs = FIRST_POLL_MS
    this.#lookNow()
  }

  #leave(watcher: Watcher): void {
    this.#watchers.delete(watcher)
    if (this.#watchers.size > 0) return
    this.#stopListening?.()
    this.#stopListening = null
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }

  /** A hint that names another job, or only a lane that has work, is none for those who wait for an end. */
  #hinted(hint: Hint): void {
    if (hint.jobId === undefined ? hint.queue === undefined : [...this.#watchers].some((one) => one.id === hint.jobId))
      this.#lookNow()
  }

  #lookNow(): void {
    if (this.#looking) {
      this.#again = true
      return
    }
    this.#looking = true
    this.#cancelTimer?.()
    this.#cancelTimer = null
    void this.#look().finally(() => {
      this.#looking = false
      if (this.#watchers.size === 0) return
      if (this.#again) return this.#lookNow()
      this.#cancelTimer = this.#door.seam.after(this.#pollMs, () => this.#lookNow())
      this.#pollMs = Math.min(this.#pollMs * 2, LAST_POLL_MS)
    })
  }

  async #look(): Promise<void> {
    this.#again = false
    const ids = [...new Set([...this.#watchers].map((one) => one.id))]
    for (let from = 0; from < ids.length; from += MOST_REFS) {
      const part = ids.slice(from, from + MOST_REFS)
      try {
        const found = await this.#door.call((store) => store.get(part))
        const byId = new Map(part.map((id, i) => [id, found[i] ?? null]))
        for (const watcher of [...this.#watchers]) if (byId.has(watcher.id)) watcher.tell(byId.get(watcher.id) ?? null)
      } catch (error) {
        for (const watcher of [...this.#watchers]) if (part.includes(watcher.id)) watcher.fail(error)
      }
    }
  }
}
