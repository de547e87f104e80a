import type { Hint, Ms } from '@stint/core'
import { OwedHints } from '@stint/core/store'
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
  readonly #owed = new OwedHints()

  constructor(session: Session, now: Ms, point: (name: string) => void) {
    this.session = session
    this.now = now
    this.point = point
  }

  tell(event: Parameters<OwedHints['moved']>[0]): void {
    this.#owed.moved(event)
  }

  wake(queue: string): void {
    this.#owed.wake(queue)
  }

  hints(): Hint[] {
    return this.#owed.all()
  }
}
