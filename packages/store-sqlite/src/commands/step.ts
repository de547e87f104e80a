import type { EventRecord, Hint, Ms, State } from '@stint/core'
import { OwedHints } from '@stint/core/store'
import { codeOf } from '../record.js'
import type { Session } from './session.js'

const EVENT = `insert into stint_event(job, seq, at, type, from_state, to_state, attempt, fence, worker, actor, detail)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
const FORGET = 'delete from stint_count where queue = ? and n = 0'
const COUNT = 'insert into stint_count values (?, ?, ?) on conflict(queue, state) do update set n = n + excluded.n'

/** One write under way: its only reading of the clock, the counts that it will have moved, and whom it will have to wake. */
export class Step {
  readonly session: Session
  readonly now: Ms
  /** A failpoint between two statements. */
  readonly point: (name: string) => void
  readonly #moved = new Map<string, Map<number, number>>()
  readonly #removedFrom = new Set<string>()
  readonly #owed = new OwedHints()

  constructor(session: Session, now: Ms, point: (name: string) => void) {
    this.session = session
    this.now = now
    this.point = point
  }

  /** Writes the event of job `n`, and counts the job where it went. */
  tell(n: number, event: EventRecord): void {
    this.point('event')
    this.write(n, event)
    this.move(event.queue, event.from, event.to)
    this.#owed.moved(event)
  }

  wake(queue: string): void {
    this.#owed.wake(queue)
  }

  hints(): Hint[] {
    return this.#owed.all()
  }

  write(n: number, e: EventRecord): void {
    this.session.run(
      EVENT,
      n,
      e.seq,
      e.at,
      e.type,
      e.from === null ? null : codeOf(e.from),
      codeOf(e.to),
      e.attempt,
      e.fence,
      e.workerId,
      e.actor,
      e.detail,
    )
  }

  move(queue: string, from: State | null, to: State | null): void {
    if (from === to) return
    if (to === null) this.#removedFrom.add(queue)
    let moved = this.#moved.get(queue)
    if (moved === undefined) this.#moved.set(queue, (moved = new Map()))
    if (from !== null) moved.set(codeOf(from), (moved.get(codeOf(from)) ?? 0) - 1)
    if (to !== null) moved.set(codeOf(to), (moved.get(codeOf(to)) ?? 0) + 1)
  }

  /** Once, at the end: a row for each lane and state that was touched, however many jobs moved. */
  finish(): void {
    this.point('count')
    for (const [queue, moved] of this.#moved) {
      for (const [state, by] of moved) if (by !== 0) this.session.run(COUNT, queue, state, by)
    }
    // A lane that was emptied leaves nothing behind; one that only rests keeps its rows, since they would come back at once.
    for (const queue of this.#removedFrom) this.session.run(FORGET, queue)
    this.point('commit')
  }
}
