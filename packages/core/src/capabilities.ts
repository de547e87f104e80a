/** Yes or no, each with its consequence for the user; printed in the table of stores. Defaults (BaseStore): false and `'none'`. */
export interface Capabilities {
  /** Acknowledged writes are there after the worker's process, or an embedded engine's, is killed. */
  readonly survivesProcessCrash: boolean
  /** Acknowledged writes are there after the machine lost its power. */
  readonly survivesPowerLoss: boolean
  /** Acknowledged writes are there after another server took over. */
  readonly survivesFailover: boolean
  /** Several processes may work on the same data. */
  readonly sharedByProcesses: boolean
  /** Due and expiry are judged by the engine's clock, not by this host's. */
  readonly ownClock: boolean
  /** One exchange commits as one. */
  readonly atomicBatches: boolean
  /** Calls may join the user's own transaction, synchronously or asynchronously. */
  readonly transactions: 'none' | 'sync' | 'async'
  /** A write in one process wakes sleepers in another. */
  readonly hintsAcrossProcesses: boolean
  /** `restore()` is there. */
  readonly restorable: boolean
}

export const NO_CAPABILITIES: Capabilities = Object.freeze({
  survivesProcessCrash: false,
  survivesPowerLoss: false,
  survivesFailover: false,
  sharedByProcesses: false,
  ownClock: false,
  atomicBatches: false,
  transactions: 'none',
  hintsAcrossProcesses: false,
  restorable: false,
})
