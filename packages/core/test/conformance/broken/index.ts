import { claimsAndOrder } from './claims-and-order.js'
import { eventsAndReads } from './events-and-reads.js'
import { fencesAndGuards } from './fences-and-guards.js'
import { keysAndRemoval } from './keys-and-removal.js'
import type { BrokenStore } from './on-memory.js'
import { timesAndBatches } from './times-and-batches.js'

export type { BrokenStore } from './on-memory.js'
export { OnMemory } from './on-memory.js'

export const BROKEN_STORES: readonly BrokenStore[] = [
  ...fencesAndGuards,
  ...claimsAndOrder,
  ...keysAndRemoval,
  ...eventsAndReads,
  ...timesAndBatches,
]
