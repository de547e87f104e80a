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
/** A look at all that took longer is followed by a rest of so many times its length, whatever other processes write: it may take a fifth of a core. */
const CHEAP_LOOK_MS = 5
const RESTS_A_LOOK = 4

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

/**
 * Looks at jobs that somebody waits for: at one job on a hint that names it, at all of them by a growing poll and on a hint that names none,
 * which is all that other processes give. So what a job costs does not grow with the number of those that wait for others.
 */
export class Watch {
  readonly #door: StoreDoor
  readonly #wake: Wakeups
  /** By the job that they wait for. */
  readonly #watchers = new Map<string, Set<Watcher>>()
  /** Jobs to be looked at besides the poll. */
  #due = new Set<string>()
  #isAllDue = false
  /** A hint that names no job came during a look. */
  #isStirred = false
  #stopListening: (() => void) | null = null
  #timer: { readonly at: number; readonly cancel: () => void } | null = null
  #pollMs = FIRST_POLL_MS
  #looking = false
  /** Before that, a hint that names no job is no reason to look at all again. */
  #restUntil = 0

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
    for (const waiting of [...this.#watchers.values()]) for (const watcher of [...waiting]) watcher.end()
  }

  #enter(watcher: Watcher): void {
    const waiting = this.#watchers.get(watcher.id)
    if (waiting) waiting.add(watcher)
    else this.#watchers.set(watcher.id, new Set([watcher]))
    this.#stopListening ??= this.#wake.listen((hint) => this.#hinted(hint))
    this.#lookAllIn(FIRST_POLL_MS)
    this.#pollMs = 2 * FIRST_POLL_MS
    this.#lookAt(watcher.id)
  }

  #leave(watcher: Watcher): void {
    const waiting = this.#watchers.get(watcher.id)
    waiting?.delete(watcher)
    if (waiting?.size === 0) this.#watchers.delete(watcher.id)
    if (this.#watchers.size > 0) return
    this.#stopListening?.()
    this.#stopListening = null
    this.#timer?.cancel()
    this.#timer = null
  }

  /** A hint that only tells of a lane that has work is none for those who wait for an end. */
  #hinted(hint: Hint): void {
    if (hint.jobId !== undefined) {
      if (this.#watchers.has(hint.jobId)) this.#lookAt(hint.jobId)
    } else if (hint.queue === undefined) this.#stirred()
  }

  #stirred(): void {
    this.#isStirred = this.#looking
    if (this.#looking) return
    const restMs = this.#restUntil - this.#door.seam.monotonic()
    if (restMs > 0) return this.#lookAllIn(restMs)
    this.#isAllDue = true
    this.#look()
  }

  #lookAt(id: string): void {
    this.#due.add(id)
    this.#look()
  }

  /** In so long, or earlier if that was meant already. */
  #lookAllIn(ms: number): void {
    const { seam } = this.#door
    const at = seam.monotonic() + ms
    if (this.#timer && this.#timer.at <= at) return
    this.#timer?.cancel()
    const cancel = seam.after(ms, () => {
      this.#timer = null
      this.#isAllDue = true
      this.#look()
    })
    this.#timer = { at, cancel }
  }

  /** At what is due; one look at a time, and what becomes due meanwhile is the next one. */
  #look(): void {
    if (this.#looking) return
    this.#looking = true
    const isOfAll = this.#isAllDue
    const ids = isOfAll ? [...this.#watchers.keys()] : [...this.#due]
    this.#isAllDue = false
    this.#due = new Set()
    const beganAt = this.#door.seam.monotonic()
    void this.#ask(ids).finally(() => {
      this.#looking = false
      const now = this.#door.seam.monotonic()
      if (isOfAll && now - beganAt > CHEAP_LOOK_MS)
        this.#restUntil = now + Math.min((now - beganAt) * RESTS_A_LOOK, LAST_POLL_MS)
      if (this.#watchers.size > 0) this.#goOn()
    })
  }

  #goOn(): void {
    if (this.#isStirred) this.#stirred()
    if (this.#isAllDue || this.#due.size > 0) this.#look()
    if (this.#timer !== null) return
    this.#lookAllIn(this.#pollMs)
    this.#pollMs = Math.min(this.#pollMs * 2, LAST_POLL_MS)
  }

  async #ask(ids: readonly string[]): Promise<void> {
    for (let from = 0; from < ids.length; from += MOST_REFS) {
      // Who has left meanwhile is not asked for.
      const part = ids.slice(from, from + MOST_REFS).filter((id) => this.#watchers.has(id))
      if (part.length === 0) continue
      try {
        const found = await this.#door.call((store) => store.get(part))
        for (const [i, id] of part.entries()) for (const one of this.#waitingFor(id)) one.tell(found[i] ?? null)
      } catch (error) {
        for (const id of part) for (const one of this.#waitingFor(id)) one.fail(error)
      }
    }
  }

  /** A copy: who is told leaves. */
  #waitingFor(id: string): readonly Watcher[] {
    return [...(this.#watchers.get(id) ?? [])]
  }
}
