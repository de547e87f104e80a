/** The model: whatever is done to a store, one call after another or several at once, it answers as the kit on a Map would. */
import { fact, type StoreCase } from '../case.js'
import { longestOf } from '../stage/run-case.js'
import { type Property, play } from './play.js'
import { AT_ONCE, ONE_AFTER_ANOTHER } from './tally.js'

const long = (name: string, property: Property): StoreCase => {
  const one: StoreCase = {
    ...fact(name, (stage) => play(property, stage, longestOf(one, stage.options))),
    isLong: true,
  }
  return one
}

export const model: readonly StoreCase[] = [
  long(
    'model › commands one after another, by two handles › every answer and every record is the model’s [GUARD-1, FENCE-1, CLAIM-1, ORDER-1, IDEM-1, UNIQ-1, ATOM-2, ATOM-3, TIME-5, LIST-1, COUNT-1, FEED-1]',
    { draw: ({ oneAfterAnother }) => oneAfterAnother, isRace: false, needed: ONE_AFTER_ANOTHER },
  ),
  long(
    'model › calls at once, by two handles › the answers have a legal order, and it leads to what is there [ATOM-5, GUARD-1, GUARD-2, GUARD-3, FENCE-1, CLAIM-2, ORDER-4, UNIQ-4, READ-1]',
    { draw: ({ atOnce }) => atOnce, isRace: true, needed: AT_ONCE },
  ),
]
