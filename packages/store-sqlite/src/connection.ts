import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StintError } from '@stint/core'
import Database from 'better-sqlite3'
import { Session } from './commands/session.js'
import { aborted, failureOf, failureOfCommit, isBusy, unavailable } from './failures.js'
import { fileOf, type Settled, type SqliteDatabase } from './options.js'
import { SameFiles } from './same-files.js'
import { WalBound } from './wal-bound.js'

/** The driver waits with the whole thread, so it may wait only this long; the rest of the waiting is done between tries, with the loop free. */
const BUSY_MS = 5
/** Growing waits between tries, with chance in them, so that waiting processes do not come in step. Measured: p99 17 ms beside a process that writes without pause. */
const FIRST_WAIT_MS = 2
const LONGEST_WAIT_MS = 20

/** How a connection gets its handle. The suite puts a driver that counts in its place, so that nothing counts when nobody asks. */
export type OpenDatabase = (file: string, options?: Database.Options) => Database.Database

export const openDatabase: OpenDatabase = (file, options) => new Database(file, options)

/** How long a call may wait, what ends the wait, and what to say when it was in vain. */
export interface Patience {
  readonly ms: number
  readonly signal?: AbortSignal | undefined
  readonly inVain: () => string
}

/** One connection. Its work is synchronous and in one transaction; it waits for others only between tries. */
export class Connection {
  readonly session: Session
  /** As SQLite itself calls it; null: in memory. */
  readonly file: string | null
  readonly db: SqliteDatabase
  /** Frees the handle, when it is ours. */
  readonly close: () => void
  readonly #wal: WalBound | null
  readonly #files: SameFiles | null

  private constructor(db: SqliteDatabase, settled: Settled, close: () => void) {
    this.db = db
    this.close = () => {
      this.#wal?.stop()
      close()
    }
    this.session = new Session(db, settled.prefix)
    this.file = settled.file === null ? null : fileOf(db)
    this.#wal = this.file === null ? null : new WalBound(db, this.file)
    this.#files = this.file === null ? null : new SameFiles(this.file)
  }

  static async open(settled: Settled, patience: Patience, open: OpenDatabase = openDatabase): Promise<Connection> {
    // A database in memory lives in its handle, so the user's own is the only door to it.
    if (settled.file === null) {
      if (settled.db !== null) return new Connection(settled.db, settled, () => {})
      const db = open(':memory:')
      return new Connection(db, settled, () => void db.close())
    }
    const { file } = settled
    mustHaveFolder(file)
    let db: Database.Database | undefined
    try {
      db = open(file, { timeout: BUSY_MS })
      await prepare(db, settled, patience)
      return new Connection(db, settled, db.close.bind(db))
    } catch (error) {
      db?.close()
      throw failureOf(error, file)
    }
  }

  get name(): string {
    return this.file ?? 'the database in memory'
  }

  /** Reads that see one state of the database. */
  read<T>(work: () => T, patience: Patience): Promise<T> {
    return patiently(() => this.#within('begin', work), patience)
  }

  /** A write, alone. IMMEDIATE: a transaction that reads first and asks for the write lock later is refused, whatever its patience. */
  async write<T>(work: () => T, patience: Patience): Promise<T> {
    const answer = await patiently(() => {
      this.#files?.mustBeThere()
      return this.#within('begin immediate', work)
    }, patience)
    this.#wal?.look()
    return answer
  }

  /** Grows with each commit of another connection. */
  dataVersion(): number {
    return this.session.value<number>('select data_version from pragma_data_version') ?? 0
  }

  #within<T>(begin: string, work: () => T): T {
    // Only a handle in memory is shared with its user: never join the transaction that happens to be open there, wait for its end.
    if (this.db.inTransaction) throw new UserIsWriting()
    let answer: T
    try {
      this.session.run(begin)
      answer = work()
    } catch (error) {
      this.#rollback()
      throw isBusy(error) ? error : failureOf(error, this.name)
    }
    try {
      this.session.run('commit')
    } catch (error) {
      this.#rollback()
      throw isBusy(error) ? error : failureOfCommit(error, this.name)
    }
    return answer
  }

  /** SQLite ends a transaction by itself when the disk fails. */
  #rollback(): void {
    if (this.db.inTransaction) this.session.run('rollback')
  }
}

class UserIsWriting extends Error {}

export function mustHaveFolder(file: string): void {
  if (existsSync(dirname(file))) return
  throw unavailable(`There is no folder ${dirname(file)} for ${file}. Make the folder first, or check the path.`)
}

async function prepare(db: Database.Database, { file, synchronous }: Settled, patience: Patience): Promise<void> {
  const mode = await patiently(() => db.pragma('journal_mode = wal', { simple: true }), patience)
  if (mode !== 'wal') {
    throw new StintError(
      'STORE_INCOMPATIBLE',
      `${file} does not take journal_mode = WAL (it stays at '${String(mode)}'). Put the file on a local disk of this machine that can share memory; network file systems cannot.`,
      { store: 'sqlite', found: `journal_mode ${String(mode)}`, expected: 'journal_mode wal' },
    )
  }
  db.pragma(`synchronous = ${synchronous}`)
}

const LEVELS = ['OFF', 'NORMAL', 'FULL', 'EXTRA']

/** After a write: builds of SQLite exist whose level drops at the first write in WAL mode, and an acknowledged job would go with the power. */
export function checkDurability({ session, file }: Connection, synchronous: 'FULL' | 'NORMAL'): void {
  const level = session.value<number>('select synchronous from pragma_synchronous') ?? 0
  if (file === null || level >= LEVELS.indexOf(synchronous)) return
  throw new StintError(
    'STORE_INCOMPATIBLE',
    `SQLite reads back synchronous = ${LEVELS[level]} after a write, ${synchronous} was asked for: acknowledged jobs could be lost with the power. Use a build of better-sqlite3 that keeps the setting, or say synchronous: 'NORMAL' if that is what you want.`,
    { store: 'sqlite', found: `synchronous ${LEVELS[level]}`, expected: `synchronous ${synchronous}` },
  )
}

/** Tries until it is somebody's turn, within the patience. */
async function patiently<T>(attempt: () => T, { ms, signal, inVain }: Patience): Promise<T> {
  const end = performance.now() + ms
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 1.5, LONGEST_WAIT_MS)) {
    if (signal?.aborted) throw aborted(signal.reason)
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error) && !(error instanceof UserIsWriting)) throw error
      if (performance.now() + wait > end) throw unavailable(inVain(), error)
    }
    await sleep(wait * (0.5 + Math.random()), undefined, signal && { signal }).catch(() => {})
  }
}
