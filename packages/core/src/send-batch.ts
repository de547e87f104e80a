import { tracingChannel } from 'node:diagnostics_channel'
import { batchOf, type Item, PARTS, type Part, type Sent } from './batch-item.js'
import { isStintError, StintError, type StintErrorCode } from './errors.js'
import { pauseAbout, type Seam } from './seam.js'
import type { Batch, BatchResult, Store } from './store.js'

/** After an outcome that is not known; ever longer, and never all callers at once. */
const REPEATS = 3
const FIRST_PAUSE_MS = 50
/** Three calls of the default deadline. A store that says nothing for so long would hold up every call behind the batch. */
const LONGEST_SILENCE_MS = 30_000

/** What repeating has learnt about the store, shared by the items of one batch. */
interface Doubt {
  /** The last that was heard instead of an answer. */
  cause: unknown
  isAnswering: boolean
  answeredAt: number
  isAway: boolean
}

/** Sends a batch, in parts and again where it must, until each of its items has an answer of its own. */
export class BatchSender {
  readonly #store: Pick<Store, 'exchange' | 'capabilities' | 'name'>
  readonly #seam: Seam
  readonly #leave: (item: Item) => void
  /** Asked for at each call: before the store is open there may be none to ask. */
  #name = 'given'

  /** `leave`: the item has its answer. */
  constructor(store: Pick<Store, 'exchange' | 'capabilities' | 'name'>, seam: Seam, leave: (item: Item) => void) {
    this.#store = store
    this.#seam = seam
    this.#leave = leave
  }

  /** Never rejects. */
  async send(items: readonly Item[]): Promise<void> {
    try {
      await this.#sendOrSplit(items)
    } catch (error) {
      // A clock of the user's, or a getter of the store, threw. Nobody may be left waiting, and a write may have happened.
      this.#refuseAll(
        items.filter((item) => !item.isOver),
        unknown(this.#name, error),
      )
    }
  }

  answer(item: Item, sent: Sent<unknown> | null): void {
    item.isOver = true
    item.caller.resolve(sent)
    if (item.joined) for (const caller of item.joined) caller.resolve(sent)
    this.#leave(item)
  }

  refuse(item: Item, error: unknown): void {
    item.isOver = true
    item.caller.reject(error)
    if (item.joined) for (const caller of item.joined) caller.reject(error)
    this.#leave(item)
  }

  #refuseAll(items: readonly Item[], error: unknown): void {
    for (const item of items) this.refuse(item, error)
  }

  async #sendOrSplit(items: readonly Item[]): Promise<void> {
    let result: BatchResult
    try {
      result = await this.#exchange(items, false)
    } catch (error) {
      if (isAboutStore(error)) this.#refuseAll(items, error)
      else if (isUnknown(error)) await this.#repeatAll(items, error)
      else await this.#split(items, error)
      return
    }
    this.#deliver(items, result, false)
  }

  #deliver(items: readonly Item[], result: BatchResult, repeated: boolean): void {
    const next = { inserts: 0, changes: 0, beats: 0, claims: 0 }
    for (const { part } of items) next[part]++
    for (const part of PARTS) {
      // A store of a stranger may answer anything at all.
      const answered = result?.[part]?.length ?? 0
      if (answered !== next[part]) return this.#refuseAll(items, broken(this.#name, part, next[part], answered))
      next[part] = 0
    }
    for (const item of items) this.answer(item, { result: result[item.part][next[item.part]++], repeated })
  }

  /** Surely nothing happened: halves, down to the culprit. What must go together is refused together. */
  async #split(items: readonly Item[], error: unknown): Promise<void> {
    if (items.length === 1 || this.#isWhole(items)) return this.#refuseAll(items, error)
    const middle = items.length >> 1
    await this.#sendOrSplit(items.slice(0, middle))
    await this.#sendOrSplit(items.slice(middle))
  }

  #isWhole(items: readonly Item[]): boolean {
    return items[0]?.group !== null && this.#store.capabilities.atomicBatches
  }

  // ---- outcomes that are not known ------------------------------------------------------------------------------------------

  /** Each item again by itself, a group whole. Once the store stays away, the rest is not held up by it. */
  async #repeatAll(items: readonly Item[], cause: unknown): Promise<void> {
    const doubt: Doubt = { cause, isAnswering: false, answeredAt: this.#seam.monotonic(), isAway: false }
    if (items[0]?.group) await this.#repeat(items, doubt)
    else await this.#repeatEach(items, doubt)
  }

  async #repeatEach(items: readonly Item[], doubt: Doubt): Promise<void> {
    for (const item of items) await this.#repeat([item], doubt)
  }

  async #repeat(items: readonly Item[], doubt: Doubt): Promise<void> {
    for (let tries = 0; tries < REPEATS && this.#mayAnswer(doubt); tries++) {
      // A store that answers is not kept waiting: one lost reply costs a full batch one pause, not five hundred.
      if (!doubt.isAnswering) await pauseAbout(this.#seam, FIRST_PAUSE_MS * 2 ** tries)
      let result: BatchResult
      try {
        result = await this.#exchange(items, true)
      } catch (error) {
        if (isUnknown(error) || isAboutStore(error)) {
          doubt.isAnswering = false
          doubt.cause = error
          doubt.isAway = isForGood(error)
          continue
        }
        this.#hear(doubt)
        if (items.length > 1 && !this.#isWhole(items)) return this.#repeatEach(items, doubt)
        return this.#refuseAll(items, error)
      }
      this.#hear(doubt)
      return this.#deliver(items, result, true)
    }
    // What no call comes through to is away for the others too; an outcome that is not known may be the fault of this very item.
    doubt.isAway ||= isAboutStore(doubt.cause)
    // Never "unavailable", since the first try may have happened.
    this.#refuseAll(items, unknown(this.#name, doubt.cause))
  }

  #mayAnswer(doubt: Doubt): boolean {
    return !doubt.isAway && this.#seam.monotonic() - doubt.answeredAt < LONGEST_SILENCE_MS
  }

  #hear(doubt: Doubt): void {
    doubt.isAnswering = true
    doubt.answeredAt = this.#seam.monotonic()
  }

  // ---- the store ------------------------------------------------------------------------------------------------------------

  async #exchange(items: readonly Item[], again: boolean): Promise<BatchResult> {
    const store = this.#store
    const batch = batchOf(items, again)
    const done = this.#seam.busy()
    try {
      this.#name = store.name
      return await (exchanges.hasSubscribers
        ? exchanges.tracePromise(() => store.exchange(batch), traceOf(this.#name, batch))
        : store.exchange(batch))
    } finally {
      done()
    }
  }
}

const hasCode = (error: unknown, codes: readonly StintErrorCode[]): boolean =>
  isStintError(error) && codes.includes(error.code)

/** Nothing happened, and nothing would happen to any part of the batch. */
const isAboutStore = (error: unknown): boolean => hasCode(error, ['STORE_UNAVAILABLE', 'ABORTED']) || isForGood(error)

/** No later try can come through. */
const isForGood = (error: unknown): boolean => hasCode(error, ['STORE_CLOSED', 'STORE_INCOMPATIBLE', 'QUEUE_CLOSED'])

/** What is no error of ours is a bug of a store, and nobody knows what it did. */
const isUnknown = (error: unknown): boolean => !isStintError(error) || error.code === 'OUTCOME_UNKNOWN'

const unknown = (store: string, cause: unknown): StintError<'OUTCOME_UNKNOWN'> =>
  isStintError(cause, 'OUTCOME_UNKNOWN')
    ? cause
    : new StintError(
        'OUTCOME_UNKNOWN',
        `The ${store} store did not say whether a write happened, and could not be asked again. It is safe to repeat it with the same id or token.`,
        { store },
        { cause },
      )

const broken = (store: string, part: Part, asked: number, answered: number): StintError<'STORE_BROKEN'> =>
  new StintError(
    'STORE_BROKEN',
    `The ${store} store answered ${answered} of ${asked} ${part}. This is a bug of the store.`,
    { store },
  )

/** What `tracing:stint:exchange:*` tells. */
export interface ExchangeTrace {
  readonly store: string
  readonly inserts: number
  readonly changes: number
  readonly beats: number
  readonly claims: number
}
const exchanges = tracingChannel<ExchangeTrace>('stint:exchange')

const traceOf = (store: string, batch: Batch): ExchangeTrace => ({
  store,
  inserts: batch.inserts?.length ?? 0,
  changes: batch.changes?.length ?? 0,
  beats: batch.beats?.length ?? 0,
  claims: batch.claims?.length ?? 0,
})
