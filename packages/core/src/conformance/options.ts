import type { Store, StoreOptions } from '../store.js'

/**
 * What the suite needs to know of a store. `store` and `destroy` are enough; each of the others opens cases that a black box cannot judge, which
 * are skipped without it, with its name as the reason.
 */
export interface ConformanceOptions {
  /** What reports call the store. Default `store`. */
  readonly name?: string | undefined
  /**
   * A store over `space` (a folder, a prefix, a schema), not opened yet. The same `space` again: another "process" over the same data. A store
   * whose abilities are final only once it is open comes as a promise.
   */
  readonly store: (space: string, options: StoreOptions) => Store | Promise<Store>
  /** Removes what `space` left behind. */
  readonly destroy?: ((space: string) => Promise<void> | void) | undefined
  /** Only the clauses or chapters that match: `['FENCE', 'claims']`. */
  readonly only?: readonly string[] | undefined
  /** How many histories the model plays: half of them call after call, half with calls at once. Default 300. */
  readonly runs?: number | undefined
  /** Where the model's chance begins, a whole number; each history has the next one. Default: drawn. It is printed, with a failure that of the history which failed. */
  readonly seed?: number | undefined
  /** How many jobs stand in the way where cost must not grow with them. Default 20,000. */
  readonly crowd?: number | undefined
  /** Longest time of a case in ms, its invariants included; the model's cases have ten times as long. Default 30,000. */
  readonly caseMs?: number | undefined
  /** What may be asked of the engine under the store. */
  readonly engine?: EngineHooks | undefined
}

export interface EngineHooks {
  /** Counted work of all stores so far: records looked at, pages or keys read. A figure that no machine noise disturbs. */
  readonly work?: () => number
  /** Round trips of all stores so far. An engine inside the process makes none: leave it out. */
  readonly trips?: () => number
  /** Calls into an engine inside the process by all stores so far: statements, or what it has in their place. They may grow with a batch. */
  readonly statements?: () => number
  /** Commits of all stores so far, made durable or not. */
  readonly commits?: () => number
  /** What the space takes just now, in bytes. */
  readonly size?: (space: string) => Promise<number> | number
  /** Begins a transaction of the user over the same data. */
  readonly begin?: (space: string) => Promise<UserTransaction> | UserTransaction
  /** Leaves in the space what a newer version of the store would have left. */
  readonly makeNewer?: (space: string) => Promise<void> | void
  /** A store whose engine is set up so that a promise would break; opening it must be refused. */
  readonly makeUnsafe?: (space: string) => Store | Promise<Store>
  /** A store over a handle of the user's. */
  readonly makeOverGiven?: (space: string, options: StoreOptions) => OverGiven | Promise<OverGiven>
  /** Keeps every other writer of the space waiting until the answer is called. */
  readonly block?: (space: string) => Promise<() => Promise<void> | void>
  /** Breaks every connection of the space's stores at the engine's side; they may connect anew at once. */
  readonly cut?: (space: string) => Promise<void> | void
  /** How another process makes these very options, for the cases that start processes and kill them. */
  readonly processes?: ProcessHook
  /** Why a hook is not there, where there is a reason: the skipped cases then give it. */
  readonly cannot?: { readonly [hook in Exclude<keyof EngineHooks, 'cannot'>]?: string }
}

/** The module is imported in each process; its export (default `conformance`) is a `ConformanceOptions` or a function that gives one. */
export interface ProcessHook {
  readonly module: string | URL
  /** Default `conformance`. */
  readonly export?: string
  /** Arguments of that export when it is a function. Must survive JSON. */
  readonly args?: readonly unknown[]
  /** For Node, before the program: what loads TypeScript, say. */
  readonly execArgv?: readonly string[]
  /** Why the engine does not bear that a process is killed while others wait for it: the case about that is skipped, and says so. */
  readonly noKillBesideOthers?: string
}

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
