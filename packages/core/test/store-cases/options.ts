import type { Capabilities } from '../../src/capabilities.js'
import type { Batch, BatchResult, Store, StoreOptions } from '../../src/store.js'

/** A transaction of the user, begun on a connection of the user's own. */
export interface UserTransaction {
  /** What `CallOptions.tx` takes. */
  readonly tx: unknown
  commit(): Promise<void> | void
  rollback(): Promise<void> | void
  /** Called after one of them, whatever happened: frees the connection. */
  close(): Promise<void> | void
}

/** A store over a connection, pool or handle that the user made. */
export interface OverGiven {
  readonly store: Store
  /** Begins the user's own transaction on the single handle that was given; null: a pool, which has no single handle. */
  begin: (() => Promise<{ rollback(): Promise<void> | void }>) | null
  isUsable(): Promise<boolean> | boolean
  dispose(): Promise<void> | void
}

/**
 * What the cases need to know of an engine. `make` and `destroy` are enough; each of the others opens cases that a black box cannot
 * judge, which are skipped without it, with its name as the reason.
 */
export interface StoreCasesOptions {
  readonly name: string
  /** A store over `space` (a folder, a prefix, a schema), not opened yet. The same `space` again: another "process" over the same data. */
  make(space: string, options: StoreOptions): Store | Promise<Store>
  /** Removes what `space` left behind. */
  destroy?(space: string): Promise<void> | void
  /** Only the clauses or chapters that match: `['FENCE', 'claims']`. */
  readonly only?: readonly string[]

  /** Counted work of all stores so far: records looked at, pages or keys read. A figure that no machine noise disturbs. */
  work?(): number
  /** Round trips, or commits, of all stores so far. */
  trips?(): number
  /** What the space takes just now, in bytes. */
  size?(space: string): Promise<number> | number
  /** Begins a transaction of the user over the same data. */
  begin?(space: string): Promise<UserTransaction> | UserTransaction
  /** Leaves in the space what a newer version of the store would have left. */
  makeNewer?(space: string): Promise<void> | void
  /** A store whose engine is set up so that a promise would break; opening it must be refused. */
  makeUnsafe?(space: string): Store | Promise<Store>
  /** A store over a handle of the user's. */
  makeOverGiven?(space: string, options: StoreOptions): OverGiven | Promise<OverGiven>
  /** Keeps every other writer of the space waiting until the answer is called. */
  block?(space: string): Promise<() => Promise<void> | void>
}

/** Inside the user's transaction, awaited or not: a synchronous store answers at once, any other by a promise. */
export async function exchangeIn(store: Store, batch: Batch, tx: unknown): Promise<BatchResult> {
  if (store.capabilities.transactions === 'sync')
    return (store.exchangeSync as (batch: Batch, options: { tx: unknown }) => BatchResult)(batch, { tx })
  return store.exchange(batch, { tx: tx as never })
}

/** Why a case cannot be run on a store; null: it can. From what is declared, never from what is seen. */
export type Need = (capabilities: Capabilities, options: StoreCasesOptions) => string | null

const declared =
  (isThere: (capabilities: Capabilities) => boolean, reason: string): Need =>
  (capabilities) =>
    isThere(capabilities) ? null : reason

const given =
  (hook: keyof StoreCasesOptions): Need =>
  (_, options) =>
    options[hook] === undefined ? `the suite was given no \`${hook}\`` : null

export const NEEDS = {
  sharing: declared((can) => can.sharedByProcesses, 'the store is not shared by processes'),
  survival: declared((can) => can.survivesProcessCrash, 'nothing of the store survives its process'),
  wholeBatches: declared((can) => can.atomicBatches, 'batches of the store are not atomic'),
  restore: declared((can) => can.restorable, 'the store cannot restore'),
  transactions: declared((can) => can.transactions !== 'none', 'the store joins no transactions'),
  syncTransactions: declared((can) => can.transactions === 'sync', 'the store has no synchronous transactions'),
  work: given('work'),
  trips: given('trips'),
  size: given('size'),
  begin: given('begin'),
  makeNewer: given('makeNewer'),
  makeUnsafe: given('makeUnsafe'),
  makeOverGiven: given('makeOverGiven'),
  block: given('block'),
} as const satisfies Readonly<Record<string, Need>>
