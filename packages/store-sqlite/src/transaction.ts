import { Session } from './commands/session.js'
import type { Connection } from './connection.js'
import { failureInTx } from './failures.js'
import { fileOf, type Settled, type SqliteDatabase } from './options.js'

interface Guest {
  readonly session: Session
  readonly file: string | null
}

/** The user's own handles, whose open transactions calls may join. Prepared statements live as long as the handle does. */
export class Guests {
  readonly #known = new WeakMap<SqliteDatabase, Guest>()
  /** Whom to suspect when the file stays busy. */
  readonly #seen = new Set<WeakRef<SqliteDatabase>>()
  readonly #prefix: string

  constructor(settled: Settled) {
    this.#prefix = settled.prefix
    if (settled.db !== null) this.#seen.add(new WeakRef(settled.db))
  }

  /**
   * Runs `work` inside the transaction that is open on `tx`: whole or not at all, by a savepoint, so whoever catches its error may still
   * commit the rest. Begins, commits and rolls back nothing of the user's.
   */
  within<T>(connection: Connection, tx: SqliteDatabase, work: (session: Session) => T): T {
    const { session, file } = this.#guest(tx)
    if (connection.file === null ? tx !== connection.db : file !== connection.file) {
      throw new TypeError(
        `withTx(db): the handle works on ${file ?? 'a database in memory'}, the jobs are in ${connection.name}. Give a handle on the same file.`,
      )
    }
    if (!tx.inTransaction) {
      throw new TypeError(
        'withTx(db): the handle is not inside a transaction. Call it inside db.transaction(() => { … }) or between BEGIN and COMMIT.',
      )
    }
    try {
      session.run('savepoint stint_batch')
      const answer = work(session)
      session.run('release stint_batch')
      return answer
    } catch (error) {
      if (tx.inTransaction) undo(session)
      throw failureInTx(error, tx.inTransaction)
    }
  }

  /** Why a call waited in vain, with the likeliest cause first. */
  whyBusy(file: string, waitedMs: number): string {
    const own = [...this.#seen].some((ref) => ref.deref()?.inTransaction)
    const cause = own
      ? 'This process itself holds a transaction open on it: use withTx(db) for calls inside your transaction, and end it before you await others.'
      : 'Another connection holds its write lock; look for a long transaction in another program, or a tool with the file open.'
    return `${file} stayed busy for ${waitedMs} ms; nothing was written. ${cause}`
  }

  #guest(tx: SqliteDatabase): Guest {
    let guest = this.#known.get(tx)
    if (guest === undefined) {
      guest = { session: new Session(tx, this.#prefix), file: fileOf(tx) }
      this.#known.set(tx, guest)
      for (const ref of this.#seen) if (ref.deref() === undefined) this.#seen.delete(ref)
      this.#seen.add(new WeakRef(tx))
    }
    return guest
  }
}

/** The savepoint may not even have been reached. */
function undo(session: Session): void {
  try {
    session.run('rollback to stint_batch')
    session.run('release stint_batch')
  } catch {
    // The first error says what was wrong.
  }
}
