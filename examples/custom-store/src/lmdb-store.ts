import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Capabilities, isStintError, StintError, type StoreOptions } from '@stint/core'
import { NO_CAPABILITIES, type Table, TableStore } from '@stint/core/store'
import { open, type RootDatabase } from 'lmdb'
import type { Key } from './keys.js'
import { LmdbTable } from './lmdb-table.js'

/** Goes up when something is written that this release could not read. */
const SCHEMA = 1

export interface LmdbStoreOptions extends StoreOptions {
  /** The file: `jobs.mdb`, say. LMDB keeps `jobs.mdb-lock` beside it, and the folder is made when it is not there. */
  readonly path: string
}

/** Jobs in one LMDB file, for all processes of one machine. */
export class LmdbStore extends TableStore {
  readonly name = 'lmdb'
  override readonly capabilities: Capabilities = {
    ...NO_CAPABILITIES,
    survivesProcessCrash: true,
    survivesPowerLoss: true,
    sharedByProcesses: true,
    atomicBatches: true,
    restorable: true,
  }
  readonly #path: string
  #db: RootDatabase<unknown, Key> | null = null

  constructor({ path, ...options }: LmdbStoreOptions) {
    super(options)
    this.#path = path
  }

  protected override async opened(): Promise<void> {
    const db = this.engine(this.#path)
    try {
      db.transactionSync(() => this.#checkSchema(db))
    } catch (error) {
      await db.close()
      throw error
    }
    this.#db = db
  }

  protected override async closed(): Promise<void> {
    await this.#db?.close()
  }

  /**
   * `transactionSync` aborts when the work throws, and waits, thread and all, while another process writes (README, "Several processes"). Reads
   * need no writer's turn: they go by one snapshot, the newest there is.
   */
  protected async transact<T>(work: (table: Table) => T, kind: 'read' | 'write'): Promise<T> {
    const db = this.#db
    if (!db) throw new TypeError('The lmdb store is not open: await open() first.')
    // Without it a chain of calls would never leave the microtasks, and timers and sockets would wait for its end.
    await nextTurn()
    const table = new LmdbTable(db, this.failpoint)
    if (kind === 'write') return db.transactionSync(() => work(table))
    db.resetReadTxn()
    return work(table)
  }

  /** Protected, so that a test may look over the engine's shoulder. */
  protected engine(path: string): RootDatabase<unknown, Key> {
    try {
      if (!isLmdbFile(path)) throw this.#broken('no LMDB file')
      // With `overlappingSync`, which is lmdb's default, a commit may be seen before it is on the disk.
      return open<unknown, Key>({ path, noSubdir: true, overlappingSync: false })
    } catch (cause) {
      if (isStintError(cause)) throw cause
      const message = `${path} could not be opened. This process has to read and write it and its folder.`
      throw new StintError('STORE_UNAVAILABLE', message, { store: this.name }, { cause })
    }
  }

  #checkSchema(db: RootDatabase<unknown, Key>): void {
    const found = db.get(['schema'])
    const [first] = db.getKeys({ limit: 1 })
    if (first === undefined) db.putSync(['schema'], SCHEMA)
    else if (typeof found !== 'number') throw this.#broken('an LMDB file of another program')
    else if (found > SCHEMA) {
      const message = `${this.#path} was written by a newer release: update this process as well.`
      const details = { store: this.name, found: String(found), expected: String(SCHEMA) }
      throw new StintError('STORE_INCOMPATIBLE', message, details)
    }
  }

  #broken(what: string): StintError<'STORE_BROKEN'> {
    return new StintError('STORE_BROKEN', `${this.#path} is ${what}; it was left as it is.`, { store: this.name })
  }
}

/** LMDB ends the process when it is given another file, so its mark is looked for first. A file that is not there, or empty, will be one. */
function isLmdbFile(path: string): boolean {
  if (!existsSync(path)) return true
  const head = Buffer.alloc(32)
  const file = openSync(path, 'r')
  const length = readSync(file, head)
  closeSync(file)
  return length === 0 || head.readUInt32LE(24) === 0xbeefc0de
}
