/** The memory store with its inside open: a broken store is a subclass that does one thing wrong. */

import { START } from '../../../src/conformance/stage/movable-clock.js'
import { MemoryTable } from '../../../src/memory/memory-table.js'
import type { Ms } from '../../../src/record.js'
import type { Batch, BatchResult, Beat, CallOptions, Change, Claim, NewJob, StoreOptions } from '../../../src/store.js'
import type { Table } from '../../../src/table.js'
import { TableStore } from '../../../src/table-store.js'

export class OnMemory extends TableStore {
  readonly name: string = 'memory with its inside open'
  protected readonly memory: MemoryTable

  protected readonly space: string

  constructor(options: StoreOptions, space: string) {
    super(options)
    this.space = space
    this.memory = this.tableOf(space)
  }

  protected tableOf(_space: string): MemoryTable {
    return new MemoryTable((name) => this.passing(name))
  }

  #writing = 0

  /** What is not the defect stays as it is: signals, transactions that are not offered, a close that waits. */
  override exchange(batch: Batch, options?: CallOptions<never>): Promise<BatchResult> {
    if (options && 'tx' in options) return Promise.reject(this.unsupported('transactions'))
    const work = async (): Promise<BatchResult> => {
      this.#writing++
      try {
        return await this.write(batch)
      } finally {
        this.#writing--
      }
    }
    return super.during(work, options?.signal)
  }

  /** A write of one batch, in as many steps as a broken store needs. */
  protected write(batch: Batch): Promise<BatchResult> {
    return super.exchange(batch)
  }

  protected override during<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#writing > 0 ? work() : super.during(work, signal)
  }

  /** What the calls see in place of the table. */
  protected seen(): Table {
    return this.memory
  }

  protected async transact<T>(work: (table: Table) => T): Promise<T> {
    return this.inTable(() => work(this.seen()))
  }

  #isAside = false

  protected readonly passing = (name: string): void => {
    if (!this.#isAside) this.failpoint(name)
  }

  /** What a broken store does behind the back of the kit passes no failpoints: it has the one defect, and not that of a second step. */
  protected aside<T>(work: (table: MemoryTable) => T): T {
    this.#isAside = true
    try {
      return this.inTable(work)
    } finally {
      this.#isAside = false
    }
  }

  protected inTable<T>(work: (table: MemoryTable) => T): T {
    try {
      const answer = work(this.memory)
      this.memory.commit()
      return answer
    } catch (error) {
      this.memory.rollback()
      throw error
    }
  }

  protected get at(): Ms {
    return Math.floor(this.clock?.now() ?? START)
  }
}

/** A table that answers some questions otherwise. */
export const lying = (table: MemoryTable, lies: Partial<Table>): Table =>
  new Proxy<Table>(table, {
    get: (_, name) => {
      const honest: unknown = Reflect.get(table, name)
      return Reflect.get(lies, name) ?? (typeof honest === 'function' ? honest.bind(table) : honest)
    },
  })

interface Edits {
  readonly inserts?: (job: NewJob) => NewJob
  readonly changes?: (change: Change) => Change
  readonly beats?: (beat: Beat) => Beat
  readonly claims?: (claim: Claim) => Claim
}

const same = <T>(item: T): T => item

/** The batch as a broken store understands it. */
export const misread = (
  batch: Batch,
  { inserts = same, changes = same, beats = same, claims = same }: Edits,
): Batch => ({
  inserts: (batch.inserts ?? []).map(inserts),
  changes: (batch.changes ?? []).map(changes),
  beats: (batch.beats ?? []).map(beats),
  claims: (batch.claims ?? []).map(claims),
})

/** Long enough for a call that was begun up to two milliseconds later to get in between. */
export const gap = (ms = 3): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
