import type { ConformanceOptions } from '../../../src/conformance/index.js'
import type { BrokenStore } from './broken-store.js'
import { claimsAndOrder } from './claims-and-order.js'
import { clocks } from './clocks.js'
import { engines, makeNewer } from './engines.js'
import { eventsAndReads } from './events-and-reads.js'
import { faults } from './faults.js'
import { fencesAndGuards } from './fences-and-guards.js'
import { handles } from './handles.js'
import { histories } from './histories.js'
import { keysAndRemoval } from './keys-and-removal.js'
import { keysOfOthers } from './keys-of-others.js'
import { lists } from './lists.js'
import { OnMemory } from './on-memory.js'
import { forget, holdUp, OnShared } from './on-shared.js'
import { begin, OnTransactions } from './on-transactions.js'
import { plans } from './plans.js'
import { steps } from './steps.js'
import { texts } from './texts.js'
import { timesAndBatches } from './times-and-batches.js'

export type { BrokenStore } from './broken-store.js'

export const BROKEN_STORES: readonly BrokenStore[] = [
  ...fencesAndGuards,
  ...claimsAndOrder,
  ...plans,
  ...keysAndRemoval,
  ...keysOfOthers,
  ...eventsAndReads,
  ...histories,
  ...lists,
  ...timesAndBatches,
  ...clocks,
  ...texts,
  ...handles,
  ...steps,
  ...faults,
  ...engines,
]

/** What the broken ones are made of; these pass. */
export const WHOLE_STORES: readonly ConformanceOptions[] = [
  { name: 'on a table of its own', store: (space, options) => new OnMemory(options, space) },
  {
    name: 'on a table that handles share',
    store: (space, options) => new OnShared(options, space),
    destroy: forget,
    engine: { block: holdUp, makeNewer },
  },
  {
    name: 'on a table with transactions',
    store: (space, options) => new OnTransactions(options, space),
    destroy: forget,
    engine: { begin },
  },
]

export const optionsOf = ({ name, make, engine }: BrokenStore): ConformanceOptions => ({
  name,
  engine,
  store: (space, options) => make(options, space),
  destroy: forget,
})
