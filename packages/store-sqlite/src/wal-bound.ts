import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { SqliteDatabase } from './options.js'

/** In normal running the log is started anew at about 4 MiB; above this somebody's reading keeps it from that. */
const BOUND_BYTES = 16 * 1024 * 1024
const LOOK_EVERY_WRITES = 16
/** How long writers may be held off for it, and how long between two looks meanwhile. */
const HOLD_MS = 250
const STEP_MS = 5
/** Waits after a try in vain: somebody reads one state for long, and holding writers off does not help. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000

/**
 * Keeps the write-ahead log bounded. SQLite starts it anew only when nobody reads from it, and with readers that come and go without a gap
 * that never happens by itself. Letting SQLite wait for the moment (`RESTART`) stops the whole thread, for longer than the readers read; so a
 * second connection takes the write lock and holds it with the loop free. Then the readers of older states end, all of the log is copied, and
 * whoever comes reads from the file alone: one reading's length later nobody needs the log.
 */
export class WalBound {
  readonly #db: SqliteDatabase
  readonly #file: string
  #writes = 0
  #notBefore = 0
  #pauseMs = 0
  #keeper: Database.Database | null = null
  #isOver = false

  constructor(db: SqliteDatabase, file: string) {
    this.#db = db
    this.#file = file
  }

  /** After a write. */
  look(): void {
    if (++this.#writes % LOOK_EVERY_WRITES !== 0 || this.#keeper !== null || performance.now() < this.#notBefore) return
    if ((statSync(`${this.#file}-wal`, { throwIfNoEntry: false })?.size ?? 0) <= BOUND_BYTES) return
    void this.#cut()
  }

  /** Before the connection is closed. */
  stop(): void {
    this.#isOver = true
    this.#keeper?.close()
    this.#keeper = null
  }

  async #cut(): Promise<void> {
    let isDone = false
    try {
      this.#keeper = new Database(this.#file, { timeout: 0 })
      isDone = await this.#cutWhileHeld(this.#keeper)
    } catch {
      // The writes are done and durable; the log is only longer than it should be, and the next look tries again.
    }
    this.#keeper?.close()
    this.#keeper = null
    this.#pauseMs = isDone ? 0 : Math.min(Math.max(2 * this.#pauseMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
    this.#notBefore = performance.now() + this.#pauseMs
  }

  async #cutWhileHeld(keeper: Database.Database): Promise<boolean> {
    for (const end = performance.now() + HOLD_MS; performance.now() < end; ) {
      const isHeld = keeper.inTransaction || begins(keeper)
      const [, frames, copied] = isHeld ? this.#checkpoint('passive') : [1, 1, 0]
      if (frames === copied) {
        keeper.exec('rollback')
        if (this.#checkpoint('truncate')[0] === 0) return true
        begins(keeper) // before any other turn: most often nobody has come between
      }
      await sleep(STEP_MS, undefined, { ref: false })
      if (this.#isOver) break
    }
    return false
  }

  /** Busy (0: no), frames in the log, frames that stand in the file. */
  #checkpoint(mode: 'passive' | 'truncate'): number[] {
    return this.#db.prepare(`pragma wal_checkpoint(${mode})`).raw().get() as number[]
  }
}

function begins(keeper: Database.Database): boolean {
  try {
    keeper.exec('begin immediate')
    return true
  } catch {
    return false // somebody writes just now
  }
}
