import type { Store, StoreOptions } from '../store.js'
import type { Table } from '../table.js'
import { TableStore } from '../table-store.js'
import { MemoryTable } from './memory-table.js'

/** Every call runs to its end within one turn, so no two of them ever meet. */
class MemoryStore extends TableStore {
  readonly name = 'memory'
  readonly #table = new MemoryTable(this.failpoint)

  protected async transact<T>(work: (table: Table) => T): Promise<T> {
    try {
      const answer = work(this.#table)
      this.#table.commit()
      return answer
    } catch (error) {
      this.#table.rollback()
      throw error
    }
  }
}

/**
 * The reference store: for tests, for trying out, and to read. Everything in it ends with the process. Applications get it by `memoryStore`, which loads it late.
 * A waiting job takes about 0.7 KiB besides its payload, each event about 0.2 KiB; both come back when the job is removed.
 */
export function memoryTableStore(options: StoreOptions = {}): Store<never, false> {
  return new MemoryStore(options)
}
