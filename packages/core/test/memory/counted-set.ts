/** The work of the memory store, counted: each comparison, each judgement of a search, each item that a walk meets. */
import type { OrderedSet } from '../../src/memory/ordered-set.js'

export const count = { looks: 0 }

type Judge<T> = (item: T) => boolean
const judging =
  <T>(isBefore: Judge<T>): Judge<T> =>
  (item) => {
    count.looks += 1
    return isBefore(item)
  }

/** For `vi.mock`: the module of the ordered set with a set that counts. */
export function counted(module: { OrderedSet: typeof OrderedSet }): { OrderedSet: typeof OrderedSet } {
  class CountedSet<T> extends module.OrderedSet<T> {
    constructor(compare: (a: T, b: T) => number) {
      super((a, b) => {
        count.looks += 1
        return compare(a, b)
      })
    }

    override first(isBefore: Judge<T>): T | undefined {
      return super.first(judging(isBefore))
    }

    override *up(isBefore: Judge<T>): Generator<T, void, undefined> {
      for (const item of super.up(judging(isBefore))) {
        count.looks += 1
        yield item
      }
    }

    override *down(isBefore: Judge<T>): Generator<T, void, undefined> {
      for (const item of super.down(judging(isBefore))) {
        count.looks += 1
        yield item
      }
    }
  }
  return { OrderedSet: CountedSet }
}
