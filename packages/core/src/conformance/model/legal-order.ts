/**
 * The search for a legal order of calls that overlap (after Wing and Gong; with Lowe's memory of what was tried): an order of their steps in
 * which a call that had ended before another began stands before it, and in which the model gives the answers that were seen. A place in the
 * search is the set of steps done and the state that they led to; each is looked at once.
 */
import type { Ms } from '../../record.js'
import type { Mismatch } from './mismatch.js'
import type { ModelStore } from './model-store.js'
import type { Step } from './step.js'

/** The farthest that any order came. */
export interface Blocked {
  readonly prefix: readonly Step[]
  /** Where it led. */
  readonly model: ModelStore
  /** Of each step that may come next by time, why it cannot. */
  readonly reasons: readonly { readonly step: Step; readonly found: Mismatch }[]
}

export type Verdict =
  /** Each state that a legal order leads to, and the first order found: as the calls began, where that is legal. */
  | { readonly isLegal: true; readonly states: readonly ModelStore[]; readonly order: readonly Step[] }
  | { readonly isLegal: false; readonly blocked: Blocked }

/** Waves are small; more than this many places means that a wave is not what it should be. */
const MOST_PLACES = 20_000

export function legalOrders(from: readonly ModelStore[], steps: readonly Step[], now: Ms): Verdict {
  const search = new Search(steps, now)
  for (const model of from) search.explore(model)
  return search.verdict()
}

class Search {
  readonly #steps: readonly Step[]
  readonly #now: Ms
  readonly #tried = new Set<string>()
  readonly #ends = new Map<string, ModelStore>()
  #order: readonly Step[] | null = null
  #blocked: Blocked | null = null

  constructor(steps: readonly Step[], now: Ms) {
    this.#steps = [...steps].sort((a, b) => a.made.begun - b.made.begun)
    this.#now = now
  }

  explore(model: ModelStore, done: ReadonlySet<Step> = new Set()): void {
    const order = this.#readAllThatFits(model, new Set(done))
    if (order.size === this.#steps.length) {
      this.#ends.set(model.fingerprint(), model)
      this.#order ??= [...order]
      return
    }
    const place = `${this.#steps.map((step) => (order.has(step) ? 1 : 0)).join('')} ${model.fingerprint()}`
    if (this.#tried.has(place)) return
    this.#tried.add(place)
    if (this.#tried.size > MOST_PLACES)
      throw new Error(`the search for a legal order is too large: ${this.#steps.length} steps`)
    const reasons: { step: Step; found: Mismatch }[] = []
    for (const step of this.#mayComeNext(order)) {
      const next = model.copy()
      const met = new Set<Step>()
      const found = step.follow(next, this.#now, met)
      if (found) reasons.push({ step, found })
      else this.explore(next, new Set([...order, step, ...met]))
    }
    if (!this.#blocked || order.size > this.#blocked.prefix.length)
      this.#blocked = { prefix: [...order], model, reasons }
  }

  verdict(): Verdict {
    if (this.#order) return { isLegal: true, states: [...this.#ends.values()], order: this.#order }
    if (this.#blocked) return { isLegal: false, blocked: this.#blocked }
    throw new Error('a search for a legal order needs a state to begin from')
  }

  /** A reading that fits is taken at once: it changes nothing, so whatever was possible without it still is. */
  #readAllThatFits(model: ModelStore, done: Set<Step>): Set<Step> {
    for (let isMoving = true; isMoving; ) {
      isMoving = false
      for (const step of this.#mayComeNext(done)) {
        if (!step.isReading || step.follow(model.copy(), this.#now, done)) continue
        done.add(step)
        isMoving = true
      }
    }
    return done
  }

  #mayComeNext(done: ReadonlySet<Step>): Step[] {
    const open = this.#steps.filter((step) => !done.has(step))
    return open.filter(
      (step) =>
        step.after.every((before) => done.has(before)) &&
        open.every(({ made }) => made === step.made || made.ended > step.made.begun),
    )
  }
}
