import type { LeasedHold } from './hold.js'

/**
 * Holds that a transaction of the user has completed. Whether it commits is the user's affair, so the attempt behind one neither succeeds by
 * its return value nor hides a roll-back: what the handler throws is told to the store, which knows whether the token still lives.
 */
const inTx = new WeakSet<object>()

export const settledInTx = (held: LeasedHold): void => void inTx.add(held)
export const isSettledInTx = (held: object): boolean => inTx.has(held)
