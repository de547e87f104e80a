import {
  type Batch,
  type BatchResult,
  type Clock,
  type EventRecord,
  memoryStore,
  type Removal,
  type Store,
} from '@stint/core'
import { isTerminal } from '../../src/transitions.js'

/**
 * The store behind the wires, and somebody who sees all of it: follows the feed, also of what is about to be removed, and looks at each
 * removal and at each lease that is expired.
 */
export class Witness {
  readonly store: Store<never, false>
  /** Every event there ever was, in the order of the feed. */
  readonly events: EventRecord[] = []
  readonly removed = new Set<string>()
  #cursor = 'start'
  #following: Promise<void> = Promise.resolve()

  readonly #fail: (message: string) => void

  /** `fail` rather than a throw, which a caller would take for an error of the store. */
  constructor(clock: Clock, fail: (message: string) => void) {
    this.#fail = fail
    const store = memoryStore({ clock })
    this.store = new Proxy(store, {
      get: (target, key) => {
        if (key === 'exchange') return (batch: Batch) => this.#exchange(target, batch)
        if (key === 'remove') return (jobs: readonly Removal[]) => this.#remove(target, jobs)
        const value = Reflect.get(target, key, target) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  /** One reader at a time, or two would note the same page. */
  follow(): Promise<void> {
    this.#following = this.#following.then(() => this.#read())
    return this.#following
  }

  /**
   * One line an event: two runs are the same when these texts are. Without the stacks of errors, which tell where the program stands and
   * not what happened.
   */
  text(): string {
    return this.events.map((event) => JSON.stringify({ ...event, detail: withoutStack(event.detail) })).join('\n')
  }

  async #read(): Promise<void> {
    for (let isBehind = true; isBehind; ) {
      const page = await this.store.feed({ after: this.#cursor, limit: 500 })
      for (const { cursor: _, ...event } of page.events) this.events.push(event)
      this.#cursor = page.cursor
      isBehind = !page.caughtUp
    }
  }

  /** Whoever expires a lease must find it over at that moment, by this store's clock. */
  async #exchange(store: Store<never, false>, batch: Batch): Promise<BatchResult> {
    const expiring = (batch.changes ?? []).filter((change) => change.event.type === 'lease_expired')
    if (expiring.length === 0) return store.exchange(batch)
    const [now, before] = await Promise.all([store.now(), store.get(expiring.map((change) => change.id))])
    const result = await store.exchange(batch)
    for (const [index, change] of (batch.changes ?? []).entries()) {
      const job = before[expiring.indexOf(change)]
      if (!expiring.includes(change) || !result.changes[index]?.ok) continue
      if (!job?.lease || job.lease.until > now) this.#fail(`the lease of ${change.id} was expired before its end`)
    }
    return result
  }

  async #remove(store: Store<never, false>, jobs: readonly Removal[]): Promise<boolean[]> {
    await this.follow()
    const before = await store.get(jobs.map((job) => job.id))
    const answers = await store.remove(jobs)
    for (const [index, isGone] of answers.entries()) {
      const job = before[index]
      if (!isGone) continue
      if (!job || !isTerminal(job.state)) this.#fail(`REMOVE-1: ${jobs[index]?.id} was removed while ${job?.state}`)
      else this.removed.add(job.id)
    }
    return answers
  }
}

function withoutStack(detail: string | null): unknown {
  if (detail === null) return null
  const { error, ...rest } = JSON.parse(detail) as { error?: { stack?: unknown } }
  return { ...rest, ...(error && { error: { ...error, stack: undefined } }) }
}
