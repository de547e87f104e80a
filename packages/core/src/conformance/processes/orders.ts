/** What is said between the suite and the processes that it starts; by Node's own messages, so plain data. */
import type { Ms } from '../../record.js'

/** The first order: makes the store of a space, not opened yet, as the module's options have it. */
export interface Make {
  readonly do: 'make'
  /** An address that `import()` takes. */
  readonly module: string
  readonly export: string
  readonly args: readonly unknown[]
  readonly space: string
}

/** Calls a method of the store. */
export interface Call {
  readonly do: 'call'
  readonly method: string
  readonly args: readonly unknown[]
}

/** Claims from a lane until there is nothing more in it; answers with the ids in the order in which they were taken. */
export interface ClaimAll {
  readonly do: 'claim all'
  readonly queue: string
  /** Jobs of one claim. */
  readonly max: number
  /** Its tokens begin with it. */
  readonly workerId: string
}

/** Writes and goes on writing until it is killed. */
export interface WriteOn {
  readonly do: 'write on'
  /** Its ids begin with it. */
  readonly name: string
  /** Real time between two writes. Default 0. Nothing says that an engine is fair to who waits beside one that never rests. */
  readonly restMs?: number
}

export type Order = Make | Call | ClaimAll | WriteOn

/** Each with the time that is now on the suite's clock: the store in the process has a clock of its own, which is set by it. */
export interface Sent {
  readonly id: number
  readonly at: Ms
  readonly order: Order
}

export type Said =
  | { readonly what: 'ready' }
  | { readonly what: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly what: 'error'; readonly id: number; readonly error: ToldError }
  | { readonly what: 'write'; readonly write: ToldWrite }

/** An error as it crosses: its class does not, its code does. */
export interface ToldError {
  readonly message: string
  readonly code: string | null
  readonly details: unknown
}

/** A write of `write on`, told of when it is about to be sent and again when it is done. */
export interface ToldWrite {
  readonly n: number
  readonly isDone: boolean
  /** Once it is done: what is there from then on, at that version or a later one. */
  readonly jobs: readonly { readonly id: string; readonly version: number }[]
  /** The jobs that it removes. */
  readonly removed: readonly string[]
}
