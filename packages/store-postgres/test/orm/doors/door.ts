import type { UserTransaction } from '@stint/core/conformance'
import type { PostgresTx } from '../../../src/index.js'

/** One ORM as its users have it, set up so that it meddles as much as it can: with names of columns, with types, with what it logs. */
export interface Door {
  readonly name: string
  /** Runs the work in a transaction of the ORM; what it rejects with rolls back. */
  transaction(work: (inside: Inside) => Promise<void>, isolation?: 'repeatable read'): Promise<void>
  /** What its users might give by mistake in place of a transaction. */
  mistake(): unknown
  /** Whether the store knows by it that a transaction is open. */
  readonly tellsStatus: boolean
  close(): Promise<void>
}

export interface Inside {
  /** What the door makes of the transaction. */
  readonly tx: PostgresTx
  /** The user's own row, written by the ORM's own ways. */
  order(id: number): Promise<void>
  /** A transaction in this one, that is: a savepoint. */
  nested(work: (inside: Inside) => Promise<void>): Promise<void>
}

export type Open = (place: Place) => Door | Promise<Door>

export interface Place {
  readonly url: string
  /** Where the table `Order (id, placed_by)` is. */
  readonly schema: string
  /** How many connections. */
  readonly max: number
}

class RolledBack extends Error {}

/** For who ends a transaction from outside: most ORMs do it by the end of a callback. */
export async function begun(door: Door): Promise<UserTransaction> {
  const inside = Promise.withResolvers<Inside>()
  const end = Promise.withResolvers<void>()
  const over = door.transaction((given) => {
    inside.resolve(given)
    return end.promise
  })
  over.catch(inside.reject)
  const { tx } = await inside.promise
  return {
    tx,
    async commit() {
      end.resolve()
      await over
    },
    async rollback() {
      end.reject(new RolledBack())
      await over.catch((error: unknown) => {
        if (!(error instanceof RolledBack)) throw error
      })
    },
    close() {},
  }
}
