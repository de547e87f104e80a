import type { AuditEvent, AuditEventType } from './audit-event.js'
import type { Job } from './job.js'
import type { Logger } from './logger.js'

/** Local: what this object did itself. For what everybody did, read `feed()`. */
export type QueueEvents = {
  readonly [Type in AuditEventType]: { readonly event: AuditEvent; readonly job: Job }
} & {
  /** Trouble in the background: a claim, a sweep, a listener. Work goes on. */
  readonly error: { readonly error: Error; readonly doing: string }
}

type Listener = (payload: never) => void

/** At most one line of background trouble a second, of whatever kind, so that an outage does not write 30,000 of them. */
const QUIET_MS = 1000

/** Tells whoever asked by `on`. A listener harms nobody: what it throws becomes an `error` event, or a line of the logger. */
export class LocalEvents {
  readonly #listeners = new Map<keyof QueueEvents, Set<Listener>>()
  #lastTold: { readonly at: number; more: number } | null = null
  readonly #logger: Logger
  readonly #monotonic: () => number

  constructor(logger: Logger, monotonic: () => number) {
    this.#logger = logger
    this.#monotonic = monotonic
  }

  on<Name extends keyof QueueEvents>(name: Name, listener: (payload: QueueEvents[Name]) => void): () => void {
    const own: Listener = (payload) => listener(payload)
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(own))
    return () => void listeners.delete(own)
  }

  /** Whether anybody listens: nothing is made for nobody. */
  wants(name: keyof QueueEvents): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0
  }

  tell<Name extends keyof QueueEvents>(name: Name, payload: QueueEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        const answer = (listener as (payload: QueueEvents[Name]) => unknown)(payload)
        if (answer instanceof Promise)
          answer.catch((error: unknown) => this.#trouble(error, `a listener of ${name}`, name === 'error'))
      } catch (error) {
        this.#trouble(error, `a listener of ${name}`, name === 'error')
      }
    }
  }

  /** Background trouble. Goes to the listeners of `error`, without any to the logger. */
  trouble(error: unknown, doing: string): void {
    this.#trouble(error, doing, false)
  }

  #trouble(thrown: unknown, doing: string, toLoggerOnly: boolean): void {
    const error = asError(thrown)
    if (!toLoggerOnly && this.wants('error')) return this.tell('error', { error, doing })
    const now = this.#monotonic()
    const last = this.#lastTold
    if (last && now - last.at < QUIET_MS) {
      last.more++
      return
    }
    this.#lastTold = { at: now, more: 0 }
    try {
      this.#logger.error(
        { err: error, doing, ...(last && last.more > 0 && { notLogged: last.more }) },
        `stint: ${doing}: ${error.message}`,
      )
    } catch {
      // There is nobody left to tell, and background work may not end for it.
    }
  }
}

/** What is thrown may throw when it is looked at. */
function asError(thrown: unknown): Error {
  try {
    return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown })
  } catch {
    return new Error('something that cannot be shown was thrown', { cause: thrown })
  }
}
