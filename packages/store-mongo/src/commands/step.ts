/** One call that writes: its one reading of the clock (TIME-1), its nonce, and the hints that it owes once it is acknowledged. */
import { randomInt } from 'node:crypto'
import type { Hint, JobRecord, Ms } from '@stint/core'
import { OwedHints } from '@stint/core/store'
import { dropped } from '../failures.js'
import { CLOCK, ENGINE_MS } from '../schema.js'
import type { Session } from './session.js'

export class Step {
  readonly session: Session
  /** Between the steps of a write. */
  readonly point: (name: string) => void
  /** Tells this call's writes from others'. */
  readonly op = newNonce()
  #now: Ms | null = null
  readonly #owed = new OwedHints()

  constructor(session: Session, point: (name: string) => void) {
    this.session = session
    this.point = point
  }

  /** Once `begin` has answered. */
  get now(): Ms {
    return this.#now as Ms
  }

  get isBegun(): boolean {
    return this.#now !== null
  }

  /** A read of the call has told the engine's time: that is the reading, when there was none before. */
  tell(engineNow: Ms): void {
    this.session.scope.engine.learn(engineNow)
    this.#now ??= this.session.scope.clock ?? engineNow
  }

  /** The reading was wrong, and nothing was written by it. */
  async ask(): Promise<void> {
    const engineNow = await engineTime(this.session)
    this.#now = this.session.scope.clock ?? engineNow
  }

  async begin(): Promise<void> {
    this.#now ??= await nowOf(this.session)
  }

  wake(queue: string): void {
    this.#owed.wake(queue)
  }

  moved(after: JobRecord, before: JobRecord | null): void {
    this.#owed.moved({ jobId: after.id, queue: after.queue, from: before?.state ?? null, to: after.state })
  }

  hints(): Hint[] {
    return this.#owed.all()
  }
}

/** A whole number that a document keeps exactly. */
export const newNonce = (): number => randomInt(1, 2 ** 48 - 1)

/** The engine's own time, asked for. */
export async function engineTime(session: Session): Promise<Ms> {
  const [found] = await session.find<{ now: number }>('meta', { _id: CLOCK }, { projection: { now: ENGINE_MS } })
  if (found === undefined) throw dropped()
  session.scope.engine.learn(found.now)
  return found.now
}

/** A test's time, or the engine's, without a trip while it is known. Behind it a write can say how long it may be late. */
export async function nowOf(session: Session): Promise<Ms> {
  const engineNow = session.scope.engine.now ?? (await engineTime(session))
  return session.scope.clock ?? engineNow
}
