import type { State } from '../../record.js'
import type { Store } from '../../store.js'
import type { Need } from '../needs.js'
import type { Stage } from '../stage/stage.js'

/** Where a write finds its job, and where it leaves it. `no job`: there is none, or the write is about a setting. */
export type Place = State | 'no job'

/** A kind of write, as the table of commands has it (contract 2.2): what it needs, what it sends, how its repeat is recognised. */
export interface KindOfWrite {
  readonly name: string
  readonly before: Place
  readonly after: Place
  /** A job without a lease that nobody may claim or retry. */
  readonly isTracked?: true
  /** Whether it writes an event. */
  readonly hasEvent: boolean
  /** Whether the events tell for ever that it happened; otherwise only as long as what it left stands. */
  readonly lasts: boolean
  readonly needs: readonly Need[]
  /** Brings a job to where the write is legal. Nothing of the write is sent yet. */
  readonly prepare: (stage: Stage) => Promise<Sent>
}

/** One write, to be sent, and to be sent once more. */
export interface Sent {
  /** The job that it is about; null: a setting. */
  readonly jobId: string | null
  /** The unique key that an insert asks for, or the name of a setting. */
  readonly key: string | null
  /** Sends it; answers whether its caller learns, by the answer and by what it may look up, that it happened: now or before. */
  readonly send: (store: Store, isRepeat: boolean) => Promise<boolean>
  /** Whether what it leaves stands as it left it. */
  readonly isThere: (store: Store) => Promise<boolean>
  /** Whether it would be applied by what is there now: the kit's judgement, not the store's. */
  readonly wouldApply: (store: Store, now: number) => Promise<boolean>
  /** How many events there are that only this write can have made. */
  readonly ownEvents: (store: Store) => Promise<number>
}
