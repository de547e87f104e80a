/** The memory store with its inside open: a broken store is a subclass that does one thing wrong. */

import { START } from '../../../src/conformance/movable-clock.js'
import type { EngineHooks } from '../../../src/conformance/options.js'
import { MemoryTable } from '../../../src/memory/memory-table.js'
import type { Ms } from '../../../src/record.js'
import type { Batch, Beat, Change, Claim, NewJob, Store, StoreOptions } from '../../../src/store.js'
import type { Table } from '../../../src/table.js'
import { TableStore } from '../../../src/table-store.js'

export class OnMemory extends TableStore {
  readonly name: string = 'memory with its inside open'
  protected readonly memory = new MemoryTable(this.failpoint)

  /** What the calls see in place of the table. */
  protected seen(): Table {
    return this.memory
  }

  protected async transact<T>(work: (table: Table) => T): Promise<T> {
    return this.inTable(() => work(this.seen()))
  }

  /** Behind the back of the kit. */
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

export interface BrokenStore {
  /** What it does wrong. */
  readonly name: string
  /** Of these, at least one case fails for each. */
  readonly clauses: readonly string[]
  readonly make: (options: StoreOptions) => Store
  /** What the suite counts of it. */
  readonly counts: Counts
}
type Counts = Pick<EngineHooks, 'work' | 'trips' | 'size'>

export const broken = (
  name: string,
  clauses: string,
  Made: new (options: StoreOptions) => Store,
  counts: Counts = {},
): BrokenStore => ({
  name,
  clauses: clauses.split(', '),
  make: (options) => new Made(options),
  counts,
})

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
