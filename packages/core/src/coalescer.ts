import { bytesOf, fold, type Group, type Item, type Part, type Sent } from './batch-item.js'
import type { Seam } from './seam.js'
import { BatchSender } from './send-batch.js'
import type { Beat, Change, ChangeResult, Claim, ClaimResult, InsertResult, NewJob, Store } from './store.js'

export interface CoalescerOptions {
  readonly store: Pick<Store, 'exchange' | 'capabilities' | 'name'>
  /** null: open, no hop. Else awaited before a batch is sent; its rejection rejects the items. */
  readonly ready: () => Promise<void> | null
  readonly seam: Seam
  /** Batches under way at once. Default 1; 2 where a wire lies between (`ownClock`). Never two with the same job. */
  readonly inFlight?: number
}

const MOST_ITEMS = 500
const MOST_BYTES = 4 * 1024 * 1024
const MOST_CLAIMS = 16

/**
 * Adaptive group commit: calls made while a batch is under way go out together as the next one. No timer: the first call when idle goes at the
 * end of its turn, so a lone caller pays nothing and a crowd pays one commit. A promise settles when its own batch is durable, calls about one
 * job go in the order they were made, and one bad item never fails its neighbours.
 */
export class Coalescer {
  readonly #options: CoalescerOptions
  readonly #sender: BatchSender
  /** First of their lines, claims and whole groups, in the order they became ready. */
  readonly #ready: (Item | Group)[] = []
  /** The last call in the line of each job. One that is first is ready or under way, the others wait behind it. */
  readonly #last = new Map<string, Item>()
  #underWay = 0
  #pending = 0
  #isScheduled = false
  #isOpen = false
  #whenIdle: (() => void)[] = []

  constructor(options: CoalescerOptions) {
    this.#options = options
    this.#sender = new BatchSender(options.store, options.seam, (item) => this.#leave(item))
  }

  /** Calls that have no answer yet; those that were folded count as one. */
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
    return this.#enter('claims', null, NO_CLAIM, 0, null, build)
  }

  /** All in one batch of their own, whole with `atomicBatches`. At most 500 and 4 MiB, which is for the caller to see to, and no id twice. */
  async insertTogether(jobs: readonly NewJob[]): Promise<Sent<readonly InsertResult[]>> {
    if (jobs.length > MOST_ITEMS || new Set(jobs.map((job) => job.id)).size < jobs.length)
      throw new TypeError(`insertTogether: expected at most ${MOST_ITEMS} jobs and no id twice`)
    const group: Group = { items: [], waiting: jobs.length }
    const answers = await Promise.all(
      jobs.map((job) => this.#enter<Sent<InsertResult>>('inserts', job.id, job, 0, group)),
    )
    return { result: answers.map((sent) => sent.result), repeated: answers.some((sent) => sent.repeated) }
  }

  /** null: nothing about that job is pending. Else resolves when all that was called for so far has its answer: for who must look first. */
  answered(id: string): Promise<void> | null {
    const last = this.#last.get(id)
    if (!last) return null
    return new Promise((resolve) => {
      last.joined ??= []
      last.joined.push({ resolve: () => resolve(), reject: () => resolve() })
    })
  }

  /** Resolves when nothing is pending or under way. */
  idle(): Promise<void> {
    return this.#pending === 0 ? Promise.resolve() : new Promise((resolve) => void this.#whenIdle.push(resolve))
  }

  // ---- lines ----------------------------------------------------------------------------------------------------------------

  #enter<Answer extends Sent<unknown> | null>(
    part: Part,
    id: string | null,
    given: Item['given'],
    bytes: number,
    group: Group | null = null,
    build: Item['build'] = null,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const item: Item = {
        part,
        id,
        given,
        build,
        bytes,
        group,
        caller: { resolve: resolve as Item['caller']['resolve'], reject },
        joined: null,
        isSent: false,
        isOver: false,
        next: null,
      }
      group?.items.push(item)
      const before = id === null ? undefined : this.#last.get(id)
      if (before && fold(before, item)) return
      this.#pending++
      if (id !== null) this.#last.set(id, item)
      if (before) before.next = item
      else this.#makeReady(item)
    })
  }

  #makeReady(item: Item): void {
    const { group } = item
    if (group === null) this.#ready.push(item)
    else if (--group.waiting === 0) this.#ready.push(group)
    this.#schedule()
  }

  /** The item has its answer: the next of its line may go. */
  #leave(item: Item): void {
    this.#pending--
    if (item.next) this.#makeReady(item.next)
    else if (item.id !== null) this.#last.delete(item.id)
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
    const items = this.#cut()
    // Only now: a claim that is built may call again, and must not bring a batch beyond those that may be under way.
    this.#isScheduled = false
    if (items.length > 0) {
      this.#underWay++
      void this.#send(items).then(() => {
        this.#underWay--
        this.#schedule()
      })
    }
    this.#schedule()
  }

  async #send(items: readonly Item[]): Promise<void> {
    try {
      const wait = this.#options.ready()
      if (wait) await wait
      if (!this.#isOpen) {
        this.#isOpen = true
        this.#schedule()
      }
    } catch (error) {
      for (const item of items) this.#sender.refuse(item, error)
      return
    }
    await this.#sender.send(items)
  }

  /** What fits into one batch, in order. A group goes alone. */
  #cut(): readonly Item[] {
    let items: Item[] = []
    const laterClaims: Item[] = []
    let bytes = 0
    let claims = 0
    let passed = 0
    for (const entry of this.#ready) {
      if ('items' in entry) {
        if (items.length > 0) break
        passed++
        items = entry.items
        break
      }
      if (items.length === MOST_ITEMS || laterClaims.length === MOST_ITEMS) break
      if (items.length > 0 && bytes + entry.bytes > MOST_BYTES) break
      passed++
      if (entry.build) {
        // Settles do not wait behind a crowd that asks for work.
        if (claims === MOST_CLAIMS) {
          laterClaims.push(entry)
          continue
        }
        if (!this.#build(entry, entry.build)) continue
        claims++
      }
      bytes += entry.bytes
      entry.isSent = true
      items.push(entry)
    }
    this.#ready.splice(0, passed, ...laterClaims)
    return items
  }

  #build(item: Item, build: () => Claim | null): boolean {
    try {
      const claim = build()
      if (claim) item.given = claim
      else this.#sender.answer(item, null)
      return claim !== null
    } catch (error) {
      this.#sender.refuse(item, error)
      return false
    }
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
