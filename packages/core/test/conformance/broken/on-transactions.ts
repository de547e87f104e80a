/** The shared table with transactions of the user, as an engine with one writer has them: what is in one waits for its commit, others wait for its end. */
import { type Capabilities, NO_CAPABILITIES } from '../../../src/capabilities.js'
import type { UserTransaction } from '../../../src/conformance/options.js'
import type { MemoryTable } from '../../../src/memory/memory-table.js'
import type { Batch, BatchResult, CallOptions, StoreOptions } from '../../../src/store.js'
import { OnMemory } from './on-memory.js'
import { holdUp, OnShared, placeOf } from './on-shared.js'

/** A transaction that was begun: what it did so far, and how it is done for good. */
export interface Begun {
  readonly batches: Batch[]
  commit: (() => Promise<unknown>) | null
}

export const joined = (batches: readonly Batch[]): Batch => ({
  inserts: batches.flatMap(({ inserts = [] }) => inserts),
  changes: batches.flatMap(({ changes = [] }) => changes),
  beats: batches.flatMap(({ beats = [] }) => beats),
})

/** Does the work on the very table, answers, and leaves nothing of it. */
class Preview extends OnMemory {
  protected override tableOf(space: string): MemoryTable {
    return placeOf(space).table
  }

  protected override async transact<T>(work: (table: MemoryTable) => T): Promise<T> {
    try {
      return work(this.memory)
    } finally {
      this.memory.rollback()
    }
  }
}

export class OnTransactions extends OnShared {
  override readonly capabilities: Capabilities = {
    ...NO_CAPABILITIES,
    sharedByProcesses: true,
    atomicBatches: true,
    restorable: true,
    transactions: 'async',
  }
  readonly #preview: Preview

  constructor(options: StoreOptions, space: string) {
    super(options, space)
    this.#preview = new Preview({ clock: options.clock }, space)
  }

  override exchange(batch: Batch, options: CallOptions<never> = {}): Promise<BatchResult> {
    const { tx, ...rest } = options
    return tx ? this.within(batch, tx as Begun) : super.exchange(batch, rest)
  }

  protected async within(batch: Batch, begun: Begun): Promise<BatchResult> {
    this.refuseClaims(batch)
    const all = joined([...begun.batches, batch])
    const answer = await this.#preview.exchange(all)
    begun.batches.push(batch)
    begun.commit = () => this.commit(all)
    const last = <T>(answers: readonly T[], own: readonly unknown[] = []): T[] =>
      answers.slice(answers.length - own.length)
    return {
      inserts: last(answer.inserts, batch.inserts),
      changes: last(answer.changes, batch.changes),
      beats: last(answer.beats, batch.beats),
      claims: [],
    }
  }

  protected refuseClaims({ claims = [] }: Batch): void {
    if (claims.length > 0) throw new TypeError('Expected no claims in a transaction: a claim never waits for a commit.')
  }

  protected commit(all: Batch): Promise<unknown> {
    return this.write(all)
  }
}

/** On a connection of the user's own; from here to its end nobody else writes. */
export async function begin(space: string): Promise<UserTransaction> {
  while (placeOf(space).heldUp) await placeOf(space).heldUp
  const free = await holdUp(space)
  const begun: Begun = { batches: [], commit: null }
  return {
    tx: begun,
    commit: async () => {
      free()
      await begun.commit?.()
      begun.commit = null
    },
    rollback: () => {
      begun.commit = null
      free()
    },
    close: () => free(),
  }
}
