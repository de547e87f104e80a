/** Around an engine that the suite may ask more of: its schema, its settings, a handle of the user's, transactions of the user's. */

import type { OverGiven } from '../../../src/conformance/options.js'
import { StintError } from '../../../src/errors.js'
import type { Batch, BatchResult, StoreOptions } from '../../../src/store.js'
import type { Table } from '../../../src/table.js'
import { TableCall } from '../../../src/table-call.js'
import { broken } from './broken-store.js'
import { lying } from './on-memory.js'
import { OnShared, placeOf } from './on-shared.js'
import { type Begun, begin, joined, OnTransactions } from './on-transactions.js'

export const makeNewer = (space: string): void => {
  placeOf(space).schema = 2
}

class LooksAtNoSchema extends OnShared {
  protected override async opened(): Promise<void> {}
}

class LooksOnceAtTheSchema extends OnShared {
  #hasLooked = false

  protected override async opened(): Promise<void> {
    if (this.#hasLooked) return
    this.#hasLooked = true
    await super.opened()
  }
}

/** A line in a log is all that comes of it; here nobody reads that either. */
class WarnsOfEviction extends OnShared {}

/** A handle that the user made. */
interface Handle {
  isOpen: boolean
  /** What was inserted inside the user's own transaction on it, which is open; null: none is. */
  within: string[] | null
}

abstract class OverHandle extends OnShared {
  readonly handle: Handle = { isOpen: true, within: null }

  undo(ids: readonly string[]): void {
    this.inTable((table) => {
      for (const job of ids.map((id) => table.job(id))) if (job) table.drop(job)
    })
  }
}

class ClosesTheGivenHandle extends OverHandle {
  protected override async closed(): Promise<void> {
    this.handle.isOpen = false
  }
}

class JoinsTheTransactionThatIsOpen extends OverHandle {
  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) => {
      if (!before) this.handle.within?.push(after.id)
      this.memory.put(after, before, event)
    }
    return lying(this.memory, { put })
  }
}

const over =
  (Made: new (options: StoreOptions, space: string) => OverHandle) =>
  (space: string, options: StoreOptions): OverGiven => {
    const store = new Made(options, space)
    const { handle } = store
    const begin = async (): Promise<{ rollback(): void }> => {
      handle.within = []
      return {
        rollback: () => {
          store.undo(handle.within ?? [])
          handle.within = null
        },
      }
    }
    return { store, begin, isUsable: () => handle.isOpen, dispose: () => {} }
  }

class RunsBesideTheTransaction extends OnTransactions {
  protected override async within(batch: Batch): Promise<BatchResult> {
    this.refuseClaims(batch)
    return this.inTable(() => this.beside(batch))
  }

  /** On another connection of its pool, which here waits for nobody. */
  protected beside(batch: Batch): BatchResult {
    const call = new TableCall(this.memory, this.at, () => {})
    return {
      inserts: (batch.inserts ?? []).map((job) => call.insert(job)),
      changes: (batch.changes ?? []).map((change) => call.change(change)),
      beats: (batch.beats ?? []).map((beat) => call.beat(beat)),
      claims: [],
    }
  }
}

class BreaksAtARefusal extends OnTransactions {
  protected override async within(batch: Batch, begun: Begun): Promise<BatchResult> {
    if (broke.has(begun))
      throw new StintError('TX_FAILED', 'The transaction is aborted; roll it back.', { store: this.name })
    const answer = await super.within(batch, begun)
    if (answer.inserts.some(({ isNew }) => !isNew)) broke.add(begun)
    return answer
  }
}
const broke = new WeakSet<Begun>()

class CommitsEachCall extends OnTransactions {
  protected override async within(batch: Batch, begun: Begun): Promise<BatchResult> {
    if (begun.batches.length > 0 && begun.commit) this.inTable(() => this.#now(joined(begun.batches)))
    begun.batches.splice(0)
    return super.within(batch, begun)
  }

  #now(batch: Batch): void {
    const call = new TableCall(this.memory, this.at, () => {})
    for (const job of batch.inserts ?? []) call.insert(job)
    for (const change of batch.changes ?? []) call.change(change)
  }
}

class ClaimsInTransactions extends OnTransactions {
  protected override refuseClaims(): void {}
}

export const engines = [
  broken('a newer schema is opened', 'OPEN-2', LooksAtNoSchema, {
    how: 'SQL: the migrations that are known are all there, so nothing is to be done',
    engine: { makeNewer },
  }),
  broken('a newer schema is opened at the second try', 'OPEN-2', LooksOnceAtTheSchema, {
    how: 'any: a flag `isMigrated`, set before the look',
    engine: { makeNewer },
  }),
  broken('settings that break a promise are warned of', 'OPEN-3', WarnsOfEviction, {
    how: 'BullMQ and others: an evicting Redis is a line in the log',
    engine: { makeUnsafe: (space) => new WarnsOfEviction({}, space) },
  }),
  broken('a handle that was given is closed', 'OPEN-4', ClosesTheGivenHandle, {
    how: 'any: `close` ends what it has, whoever made it',
    engine: { makeOverGiven: over(ClosesTheGivenHandle) },
  }),
  broken('a given handle is used inside its user’s transaction', 'OPEN-4', JoinsTheTransactionThatIsOpen, {
    how: 'better-sqlite3: one handle for all, and a BEGIN of the user on it',
    engine: { makeOverGiven: over(JoinsTheTransactionThatIsOpen) },
  }),
  broken('a call in a transaction runs beside it', 'TX-1', RunsBesideTheTransaction, {
    how: 'any: one statement of many takes `this.pool` in place of the client that it was given',
    engine: { begin },
  }),
  broken('a duplicate breaks the transaction of its user', 'TX-2', BreaksAtARefusal, {
    how: 'Postgres: INSERT without ON CONFLICT, and the unique violation caught in JavaScript',
    engine: { begin },
  }),
  broken('a second call in a transaction commits the first', 'TX-2', CommitsEachCall, {
    how: 'SQL: BEGIN inside a transaction; MySQL commits what was open',
    engine: { begin },
  }),
  broken('a claim may join a transaction', 'TX-3', ClaimsInTransactions, {
    how: 'any: one `exchange` for all, with a client that is passed on',
    engine: { begin },
  }),
]
