/** The audit events: of each job by `seq`, and of all jobs in the order in which they were written. */
import type { EventRecord } from '../record.js'
import type { Positioned } from '../table.js'
import { partitionPoint } from './partition-point.js'

interface Entry extends Positioned {
  isGone: boolean
}

/**
 * The feed is an array by position. Positions count up and are never given again, so a cursor (a position) stays right whatever is removed.
 * Entries of removed jobs stay as gaps until they are half of the array; then they are dropped together, so a removal costs O(1) on average.
 */
export class EventLog {
  #feed: Entry[] = []
  #end = 0
  #gone = 0
  readonly #byJob = new Map<string, Entry[]>()

  append(event: EventRecord): void {
    this.#end += 1
    const entry: Entry = { event, position: this.#end, isGone: false }
    this.#feed.push(entry)
    const own = this.#byJob.get(event.jobId)
    if (own) own.push(entry)
    else this.#byJob.set(event.jobId, [entry])
  }

  /** Undoes the last `append`: nobody has seen its position. */
  unappend(): void {
    const entry = this.#feed.pop()
    if (!entry) return
    this.#end -= 1
    const own = this.#byJob.get(entry.event.jobId)
    own?.pop()
    if (own?.length === 0) this.#byJob.delete(entry.event.jobId)
  }

  /** Hides the events of a job. Answers what undoes it, until `compact`. */
  drop(jobId: string): () => void {
    const own = this.#byJob.get(jobId) ?? []
    this.#hide(own, true)
    this.#byJob.delete(jobId)
    return () => {
      this.#hide(own, false)
      if (own.length > 0) this.#byJob.set(jobId, own)
    }
  }

  compact(): void {
    if (this.#gone === 0 || this.#gone * 2 < this.#feed.length) return
    this.#feed = this.#feed.filter((entry) => !entry.isGone)
    this.#gone = 0
  }

  ofJob(jobId: string, afterSeq: number, limit: number): EventRecord[] {
    const own = this.#byJob.get(jobId) ?? []
    const first = partitionPoint(own, ({ event }) => event.seq <= afterSeq)
    return own.slice(first, first + limit).map(({ event }) => event)
  }

  after(position: number, limit: number): Positioned[] {
    const page: Positioned[] = []
    for (
      let at = partitionPoint(this.#feed, (entry) => entry.position <= position);
      at < this.#feed.length && page.length < limit;
      at++
    ) {
      const entry = this.#feed[at] as Entry
      if (!entry.isGone) page.push(entry)
    }
    return page
  }

  get end(): number {
    return this.#end
  }

  #hide(entries: readonly Entry[], isGone: boolean): void {
    for (const entry of entries) entry.isGone = isGone
    this.#gone += isGone ? entries.length : -entries.length
  }
}
