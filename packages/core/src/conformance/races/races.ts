import type { StoreCase } from '../case.js'
import { lostReplies } from '../faults/lost.js'
import { racesOfAdministration } from './administration.js'
import { racesOfBatches } from './batches.js'
import { racesOfCancels } from './cancels.js'
import { racesOfClaims } from './claims.js'
import { racesOfTheFeed } from './feed.js'
import { racesOfKeys } from './keys.js'
import { racesOfLeases } from './leases.js'
import { racesOfRepeats } from './repeats.js'

/** Which of the contract's interleavings (2.9) a case forces; its name begins with it. */
export const numberOf = ({ name }: StoreCase): number => Number(/^race (\d+) › /.exec(name)?.[1])

/** In the order of the contract's table. */
export const races: readonly StoreCase[] = [
  ...racesOfClaims,
  ...racesOfLeases,
  ...racesOfCancels,
  ...racesOfKeys,
  ...racesOfAdministration,
  ...lostReplies,
  ...racesOfRepeats,
  ...racesOfTheFeed,
  ...racesOfBatches,
].sort((one, other) => numberOf(one) - numberOf(other))
