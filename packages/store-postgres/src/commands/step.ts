import type { EventRecord, Hint, Ms, State } from '@stint/core'
import { isHeld, isTerminal } from '../record.js'
import type { Session } from './session.js'

/**
 * How each write begins: $1 a test clock's reading, $2 the instant behind which it must undo itself, $3 who is asking. One reading of the clock;
 * one key for the feed, of which a record takes the greater of this and its own, so that the events of a job never turn round.
 */
export const STAMPED = `with t as materialized (
  select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now,
    pg_current_xact_id()::text::bigint + m.tx_offset as xid, $3::text as me
  from stint.meta m where m.one and ($2::bigint is null or stint.must_be_by($2::bigint)))`

/** How each write ends, behind all that it waited for. */
export const IN_TIME = '($2::bigint is null or stint.must_be_by($2::bigint))'
/** Whether somebody else sleeps and wants to be woken. */
export const IS_HEARD = 'exists (select from stint.sleeper where until > clock_timestamp() and id <> $3::text)'
/** The engine's own clock, whatever a test's says. */
export const ENGINE_MS = 'floor(extract(epoch from clock_timestamp()) * 1000)::bigint'

/** One write under way: its only reading of the clock, and whom it will have to wake. */
export class Step {
  readonly session: Session
  readonly now: Ms
  /** A failpoint between two statements. */
  readonly point: (name: string) => void
  readonly #woken = new Set<string>()
  readonly #ended: Hint[] = []

  constructor(session: Session, now: Ms, point: (name: string) => void) {
    this.session = session
    this.now = now
    this.point = point
  }

  tell({ jobId, queue, from, to }: Pick<EventRecord, 'jobId' | 'queue' | 'from' | 'to'>): void {
    if (to === 'queued') this.wake(queue)
    if (from !== null && (isTerminal(to) || leaves(from, to))) this.#ended.push({ queue, jobId })
  }

  wake(queue: string): void {
    this.#woken.add(queue)
  }

  /** Each lane that got work once, and each job that is over or out of its holder's hands. */
  hints(): Hint[] {
    return [...Array.from(this.#woken, (queue) => ({ queue })), ...this.#ended]
  }
}

const leaves = (from: State, to: State): boolean => isHeld(from) && !isHeld(to)
