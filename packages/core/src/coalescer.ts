import { tracingChannel } from 'node:diagnostics_channel'
import { isStintError, StintError } from './errors.js'
import { foldBeats, foldIntoChange } from './fold.js'
import type { Seam } from './seam.js'
import type {
  Batch,
  BatchResult,
  Beat,
  Change,
  ChangeResult,
  Claim,
  ClaimResult,
  InsertResult,
  NewJob,
  Store,
} from './store.js'

export interface CoalescerOptions {
  readonly store: Pick<Store, 'exchange' | 'capabilities' | 'name'>
  /** null: open, no hop. Else awaited before a batch is sent; its rejection rejects the items. */
  readonly ready: () => Promise<void> | null
  readonly seam: Seam
  /** Batches under way at once. Default 1; 2 where a wire lies between (`ownClock`). Never two with the same job. */
  readonly inFlight?: number
}

/** `repeated`: sent again after an outcome that was not known. */
export interface Sent<T> {
  readonly result: T
  readonly repeated: boolean
}

const MOST_ITEMS = 500
const MOST_BYTES = 4 * 1024 * 1024
const MOST_CLAIMS = 16
/** After an outcome that is not known; ever longer, and never all callers at once. */
const REPEATS = 3
const FIRST_PAUSE_MS = 50

type Part = 'inserts' | 'changes' | 'beats' | 'claims'
const PARTS = ['inserts', 'changes', 'beats', 'claims'] as const

interface Item {
  part: Part
  /** null: a claim stands in nobody's line. */
  readonly id: string | null
  given: NewJob | Change | Beat | Claim
  readonly build: (() => Claim | null) | null
  bytes: number
  readonly group: Group | null
  resolve(sent: Sent<unknown> | null): void
  reject(error: unknown): void
}

/** Inserts that go in one batch of their own. */
interface Group {
  readonly items: Item[]
  waiting: number
}

/** Calls about one job: one is ready or under way, the others wait behind it. */
interface Line {
  head: Item
  isSent: boolean
  readonly rest: Item[]
}

/**
 * Adaptive group commit: calls made while a batch is under way go out together as the next one. No timer: the first call when idle goes at the
 * end of its turn, so a lone caller pays nothing and a crowd pays one commit. A promise settles when its own batch is durable, calls about one
 * job go in the order they were made, and one bad item never fails its neighbours.
 */
export class Coalescer {
  readonly #options: CoalescerOptions
  /** Heads of lines, claims and whole groups, in the order they became ready. */
  #ready: (Item | Group)[] = []
  readonly #lines = new Map<string, Line>()
  #underWay = 0
  #pending = 0
  #isScheduled = false
  #isOpen = false
  #whenIdle: (() => void)[] = []

  constructor(options: CoalescerOptions) {
    this.#options = options
  }

  get pending(): number {
    return this.#pending
  }

  insert(job: NewJob, bytes: number = bytesOf(job)): Promise<Sent<InsertResult>> {
    return this.#enter('inserts', job.id, job, bytes)
  }

  change(change: Change, bytes: number = bytesOf(change.set)): Promise<Sent<ChangeResult>> {
    return this.#enter('changes', change.id, change, bytes)
  }

  beat(beat: Beat, bytes: number = bytesOf(beat)): Promise<Sent<ChangeResult>> {
    return this.#enter('beats', beat.id, beat, bytes)
  }

  /** Built when its batch is cut, so it asks for what is free at that moment; null: not needed any more. */
  claim(build: () => Claim | null): Promise<Sent<ClaimResult> | null> {
    return new Promise((resolve, reject) => {
      const item: Item = {
        part: 'claims',
        id: null,
        given: NO_CLAIM,
        build,
        bytes: 0,
        group: null,
        resolve: resolve as Item['resolve'],
        reject,
      }
      this.#pending++
      this.#makeReady(item)
    })
  }

  /** All in one batch of their own (at most 500), whole with `atomicBatches`. */
  async insertTogether(jobs: readonly NewJob[]): Promise<Sent<readonly InsertResult[]>> {
    const group: Group = { items: [], waiting: jobs.length }
    const answers = await Promise.all(
      jobs.map((job) => this.#enter<InsertResult>('inserts', job.id, job, bytesOf(job), group)),
    )
    return { result: answers.map((sent) => sent.result), repeated: answers.some((sent) => sent.repeated) }
  }

  /** Resolves when nothing is pending or under way. */
  idle(): Promise<void> {
    return this.#pending === 0 ? Promise.resolve() : new Promise((resolve) => void this.#whenIdle.push(resolve))
  }

  // ---- lines ----------------------------------------------------------------------------------------------------------------

  #enter<T>(
    part: Part,
    id: string,
    given: NewJob | Change | Beat,
    bytes: number,
    group: Group | null = null,
  ): Promise<Sent<T>> {
    return new Promise<Sent<T>>((resolve, reject) => {
      const item: Item = { part, id, given, build: null, bytes, group, resolve: resolve as Item['resolve'], reject }
      group?.items.push(item)
      const line = this.#lines.get(id)
      if (line && fold(line.rest.at(-1) ?? (line.isSent ? null : line.head), item)) return
      this.#pending++
      if (line) {
        line.rest.push(item)
        return
      }
      this.#lines.set(id, { head: item, isSent: false, rest: [] })
      this.#makeReady(item)
    })
  }

  #makeReady(item: Item): void {
    const { group } = item
    if (group === null) this.#ready.push(item)
    else if (--group.waiting === 0) this.#ready.push(group)
    this.#schedule()
  }

  /** The item is answered: the next of its line may go. */
  #leave(item: Item): void {
    this.#pending--
    if (item.id !== null) {
      const line = this.#lines.get(item.id) as Line
      const next = line.rest.shift()
      if (next) {
        line.head = next
        line.isSent = false
        this.#makeReady(next)
      } else this.#lines.delete(item.id)
    }
    if (this.#pending > 0) return
    for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  // ---- batches --------------------------------------------------------------------------------------------------------------

  #schedule(): void {
    if (this.#isScheduled || this.#ready.length === 0 || this.#underWay >= this.#mostUnderWay()) return
    this.#isScheduled = true
    this.#options.seam.soon(() => this.#flush())
  }

  #mostUnderWay(): number {
    if (this.#options.inFlight !== undefined) return this.#options.inFlight
    // Before the store is open its abilities are not known, and one batch waits for it as well as two.
    return this.#isOpen && this.#options.store.capabilities.ownClock ? 2 : 1
  }

  #flush(): void {
    this.#isScheduled = false
    const items = this.#cut()
    if (items.length > 0) {
      this.#underWay++
      void this.#sendFirst(items).finally(() => {
        this.#underWay--
        this.#schedule()
      })
    }
    this.#schedule()
  }

  /** What fits into one batch, in order. A group goes alone. */
  #cut(): Item[] {
    const items: Item[] = []
    let bytes = 0
    let claims = 0
    let taken = 0
    for (const entry of this.#ready) {
      if ('items' in entry) {
        if (items.length > 0) break
        this.#ready.splice(0, taken + 1)
        for (const item of entry.items) this.#markSent(item)
        return entry.items
      }
      if (
        items.length === MOST_ITEMS ||
        (items.length > 0 && bytes + entry.bytes > MOST_BYTES) ||
        (entry.part === 'claims' && claims === MOST_CLAIMS)
      )
        break
      taken++
      if (entry.build && !this.#build(entry, entry.build)) continue
      bytes += entry.bytes
      if (entry.part === 'claims') claims++
      this.#markSent(entry)
      items.push(entry)
    }
    if (taken === this.#ready.length) this.#ready = []
    else this.#ready.splice(0, taken)
    return items
  }

  #build(item: Item, build: () => Claim | null): boolean {
    try {
      const claim = build()
      if (claim) item.given = claim
      else this.#answer(item, null)
      return claim !== null
    } catch (error) {
      this.#refuse(item, error)
      return false
    }
  }

  #markSent(item: Item): void {
    if (item.id === null) return
    const line = this.#lines.get(item.id)
    if (line) line.isSent = true
  }

  async #sendFirst(items: readonly Item[]): Promise<void> {
    try {
      const wait = this.#options.ready()
      if (wait) await wait
      this.#isOpen = true
    } catch (error) {
      for (const item of items) this.#refuse(item, error)
      return
    }
    await this.#send(items)
  }

  async #send(items: readonly Item[]): Promise<void> {
    let result: BatchResult
    try {
      result = await this.#exchange(items, false)
    } catch (error) {
      if (isAboutStore(error)) for (const item of items) this.#refuse(item, error)
      else if (isUnknown(error)) await this.#repeatAll(items, error)
      else await this.#split(items, error)
      return
    }
    this.#deliver(items, result, false)
  }

  #deliver(items: readonly Item[], result: BatchResult, repeated: boolean): void {
    const next = { inserts: 0, changes: 0, beats: 0, claims: 0 }
    for (const part of PARTS) {
      const asked = items.reduce((sum, item) => sum + (item.part === part ? 1 : 0), 0)
      if (result[part].length === asked) continue
      const error = broken(this.#options.store.name, part, asked, result[part].length)
      for (const item of items) this.#refuse(item, error)
      return
    }
    for (const item of items) this.#answer(item, { result: result[item.part][next[item.part]++], repeated })
  }

  /** Surely nothing happened: halves, down to the culprit. What must go together is refused together. */
  async #split(items: readonly Item[], error: unknown): Promise<void> {
    const [first] = items
    if (items.length === 1 || (first?.group && this.#options.store.capabilities.atomicBatches)) {
      for (const item of items) this.#refuse(item, error)
      return
    }
    const middle = items.length >> 1
    await this.#send(items.slice(0, middle))
    await this.#send(items.slice(middle))
  }

  // ---- outcomes that are not known ------------------------------------------------------------------------------------------

  /** Each item again by itself, a group whole. Once the store stays away, the rest is not held up by it. */
  async #repeatAll(items: readonly Item[], error: unknown): Promise<void> {
    let away: unknown = null
    const whole = items[0]?.group ? [items] : items.map((item) => [item])
    for (const some of whole) {
      if (away === null) away = await this.#repeat(some, error)
      else for (const item of some) this.#refuse(item, unknown(this.#options.store.name, away))
    }
  }

  /** Answers what kept the store away, if it did. */
  async #repeat(items: readonly Item[], first: unknown): Promise<unknown> {
    let last = first
    for (let tries = 0; tries < REPEATS; tries++) {
      await this.#pause(FIRST_PAUSE_MS * 2 ** tries)
      try {
        this.#deliver(items, await this.#exchange(items, true), true)
        return null
      } catch (error) {
        last = error
        if (isUnknown(error) || isAboutStore(error)) continue
        for (const item of items) this.#refuse(item, error)
        return null
      }
    }
    // Never "unavailable", since the first try may have happened.
    for (const item of items) this.#refuse(item, unknown(this.#options.store.name, last))
    return last
  }

  #pause(ms: number): Promise<void> {
    const { seam } = this.#options
    return new Promise((resolve) => void seam.after(ms * (0.5 + seam.random()), resolve))
  }

  // ---- the store ------------------------------------------------------------------------------------------------------------

  async #exchange(items: readonly Item[], again: boolean): Promise<BatchResult> {
    const { seam, store } = this.#options
    const batch = batchOf(items, again)
    const done = seam.busy()
    try {
      return await (exchanges.hasSubscribers
        ? exchanges.tracePromise(() => store.exchange(batch), traceOf(store.name, batch))
        : store.exchange(batch))
    } finally {
      done()
    }
  }

  #answer(item: Item, sent: Sent<unknown> | null): void {
    item.resolve(sent)
    this.#leave(item)
  }

  #refuse(item: Item, error: unknown): void {
    item.reject(error)
    this.#leave(item)
  }
}

/** Joins `item` to the last one of its line that is not sent, where the two are one write. */
function fold(last: Item | null | undefined, item: Item): boolean {
  if (last?.part !== 'beats') return false
  const beat = last.given as Beat
  const folded =
    item.part === 'beats'
      ? foldBeats(beat, item.given as Beat)
      : item.part === 'changes'
        ? foldIntoChange(beat, item.given as Change)
        : null
  if (folded === null) return false
  const { resolve, reject } = last
  last.part = item.part
  last.given = folded
  last.bytes += item.bytes
  last.resolve = (sent) => {
    resolve(sent)
    item.resolve(sent)
  }
  last.reject = (error) => {
    reject(error)
    item.reject(error)
  }
  return true
}

function batchOf(items: readonly Item[], again: boolean): Batch {
  const of = <T>(part: Part): T[] => items.filter((item) => item.part === part).map((item) => item.given as T)
  const claims = of<Claim>('claims')
  return {
    inserts: of<NewJob>('inserts'),
    changes: of<Change>('changes'),
    beats: of<Beat>('beats'),
    claims: again ? claims.map((claim) => ({ ...claim, again: true })) : claims,
  }
}

const NO_CLAIM: Claim = Object.freeze({
  token: '',
  workerId: '',
  leaseMs: 0,
  to: 'running',
  max: 0,
  event: { type: 'leased', actor: null, detail: null },
  from: [],
})

type Bodies = Pick<NewJob, 'payload' | 'ext'> | Pick<Beat, 'progress' | 'checkpoint' | 'log'>

/** Code units of the texts: near enough to bytes for a bound that no store takes to the byte. */
function bytesOf(bodies: Partial<Bodies>): number {
  let units = 0
  for (const value of Object.values(bodies)) if (typeof value === 'string') units += value.length
  return units
}

/** Nothing happened, and nothing would happen to any part of the batch. */
const isAboutStore = (error: unknown): boolean =>
  isStintError(error) &&
  ['STORE_UNAVAILABLE', 'STORE_CLOSED', 'STORE_INCOMPATIBLE', 'QUEUE_CLOSED', 'ABORTED'].includes(error.code)

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
