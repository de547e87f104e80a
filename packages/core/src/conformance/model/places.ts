/** Where the runs are played: spaces that serve many, since a schema or a file for each would cost more than the run. */
import type { Store } from '../../store.js'
import { within } from '../stage/deadline.js'
import type { Stage } from '../stage/stage.js'
import { newSpace } from '../stage/stage.js'
import type { Place } from './run.js'

/**
 * Each run names its jobs and lanes for itself and ends by looking that nothing of it is left, so the next begins from nothing. A new space
 * every so often all the same, so that what builds up unseen (dead rows, statistics, a log) has several beginnings.
 */
const RUNS_A_SPACE = 50
const ABANDON_MS = 5000

export class Places {
  readonly #stage: Stage
  #now: { readonly space: string; readonly place: Place; readonly stores: readonly Store[] } | null = null
  #served = 0
  #runs = 0

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** A space for one more run, and the prefix of its names. */
  async next(): Promise<{ place: Place; prefix: string }> {
    if (this.#served >= RUNS_A_SPACE) await this.leave()
    this.#now ??= await this.#opened()
    this.#served += 1
    this.#runs += 1
    return { place: this.#now.place, prefix: `r${this.#runs}` }
  }

  async leave(): Promise<void> {
    const old = this.#now
    this.#now = null
    this.#served = 0
    if (!old) return
    for (const store of old.stores) await store.close()
    await this.#stage.options.destroy?.(old.space)
  }

  /**
   * After a run that failed, which may have left anything behind: the next, and each step of shrinking, must not begin from that. What failed
   * first is what is told, so a store that cannot be closed any more is let go.
   */
  async abandon(): Promise<void> {
    await within(ABANDON_MS, 'closing a store after a run that failed', this.leave(), () => 'the store').catch(() => {})
  }

  /** Not by the stage: its transcript is for the one run that is told in the end. */
  async #opened() {
    const { options, clock } = this.#stage
    const space = newSpace('model')
    const a = await options.store(space, { clock })
    await a.open()
    const stores = [a]
    if (a.capabilities.sharedByProcesses) {
      const b = await options.store(space, { clock })
      await b.open()
      stores.push(b)
    }
    return { space, stores, place: { a, b: stores[1] ?? a, clock } }
  }
}
