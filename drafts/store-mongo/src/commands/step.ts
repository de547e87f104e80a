/** One call that writes: its one reading of the clock (TIME-1), its nonce, and the hints that it owes once it is acknowledged. */
import { randomInt } from 'node:crypto'
import type { Hint, JobRecord, Ms } from '@stint/core'
import { isTerminal } from '@stint/core/store'
import { SEPARATOR } from '../schema.js'
import type { Session } from './session.js'

export class Step {
  readonly session: Session
  /** Between the steps of a write. */
  readonly point: (name: string) => void
  /** Tells this call's writes from others'. */
  readonly op = newNonce()
  #now: Ms | null = null
  readonly #woken = new Set<string>()
  readonly #ended: Hint[] = []

  constructor(session: Session, point: (name: string) => void) {
    this.session = session
    this.point = point
  }

  /** Once `begin` has answered. */
  get now(): Ms {
    return this.#now as Ms
  }

  /** The engine's time as another read of the call has told it: that is the reading, when there was none before. null: it told none. */
  tell(engineNow: Ms | null): void {
    if (engineNow !== null) this.session.scope.learn(engineNow)
    this.#now ??= this.session.scope.clock ?? engineNow
  }

  get isBegun(): boolean {
    return this.#now !== null
  }

  /** Reads the clock, and which lanes are paused where that matters: one trip. */
  async begin(wantsPaused: boolean): Promise<ReadonlySet<string>> {
    const { now, paused } = await timeOf(this.session, wantsPaused)
    this.#now ??= now
    return paused
  }

  wake(queue: string): void {
    this.#woken.add(queue)
  }

  moved(after: JobRecord, before: JobRecord | null): void {
    if (after.state === 'queued') this.#woken.add(after.queue)
    if (before && (isTerminal(after.state) || (before.lease && !after.lease)))
      this.#ended.push({ queue: after.queue, jobId: after.id })
  }

  hints(): Hint[] {
    return [...Array.from(this.#woken, (queue) => ({ queue })), ...this.#ended]
  }
}

/** A whole number that a document keeps exactly. */
export const newNonce = (): number => randomInt(1, 2 ** 48 - 1)

export async function timeOf(
  session: Session,
  wantsPaused = false,
): Promise<{ readonly now: Ms; readonly paused: ReadonlySet<string> }> {
  const paused = { _id: { $gte: `paused${SEPARATOR}`, $lt: `paused${String.fromCharCode(1)}` } }
  const found = await session.find<{ _id: string; now: number }>(
    'meta',
    wantsPaused ? { $or: [{ _id: 'clock' }, paused] } : { _id: 'clock' },
    { projection: { now: { $toLong: '$$NOW' } } },
  )
  const engineNow = found.find(({ _id }) => _id === 'clock')?.now ?? 0
  session.scope.learn(engineNow)
  return {
    now: session.scope.clock ?? engineNow,
    paused: new Set(found.filter(({ _id }) => _id !== 'clock').map(({ _id }) => _id.slice('paused'.length + 1))),
  }
}
