import { randomBytes } from 'node:crypto'
import { isStintError, JobQueue, openStore } from '@stint/core'
import { brokenBy } from '../broken/broken.ts'
import { gap, instant } from '../instant.ts'
import { Journal } from '../journal.ts'
import { loggerTo } from './log-lines.ts'
import { openPatiently } from './open-patiently.ts'
import type { ProduceOrder } from './orders.ts'
import { Successes } from './successes.ts'
import { job } from './working.ts'

const TICK_MS = 50
/** An application that has so many calls without an answer makes no more. */
const MOST_UNANSWERED = 60
const BEFORE_REPEAT_MS = 200
const MOST_REPEATS = 50

/** Enqueues at a steady rate and notes each answer before anything else: what was acknowledged must be there at the end. */
export class Producing {
  readonly successes = new Successes()
  readonly #jobs: JobQueue
  readonly #journal: Journal
  readonly #order: ProduceOrder
  readonly #underWay = new Set<Promise<void>>()
  #made = 0
  #timer: NodeJS.Timeout | null = null

  constructor(order: ProduceOrder) {
    this.#order = order
    this.#journal = new Journal(order.journal)
    this.#jobs = new JobQueue({
      store: openStore(order.url).then(brokenBy(order.breakBy)),
      logger: loggerTo(this.#journal),
    })
  }

  async begin(): Promise<void> {
    const { ahead, aheadMs, perSecond } = this.#order
    await openPatiently(this.#jobs)
    await this.enqueue(ahead, aheadMs)
    let owed = 0
    this.#timer = setInterval(() => {
      for (owed += (perSecond * TICK_MS) / 1000; owed >= 1; owed--) this.#one()
    }, TICK_MS)
  }

  /** At once, due evenly over so long. */
  async enqueue(count: number, overMs = 0): Promise<void> {
    const items = Array.from({ length: count }, (_, n) => ({
      ...{ job, payload: this.#payload(n), id: this.#nextId(), queue: this.#order.lane },
      delay: Math.floor((n * overMs) / count),
    }))
    for (const { id } of await this.#jobs.enqueueMany(items))
      this.#journal.write({ what: 'acknowledged', at: instant(), id })
  }

  async quiet(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  async close(): Promise<void> {
    await this.quiet()
    await this.#jobs.close()
    this.#journal.close()
  }

  #one(): void {
    if (this.#underWay.size >= MOST_UNANSWERED) return
    const work = this.#enqueue(this.#nextId(), this.#made).finally(() => this.#underWay.delete(work))
    this.#underWay.add(work)
  }

  async #enqueue(id: string, n: number): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#jobs.enqueue(job, this.#payload(n), { id, queue: this.#order.lane })
        const at = instant()
        this.#journal.write({ what: 'acknowledged', at, id })
        this.successes.add(at)
        return
      } catch (error) {
        const isUnknown = isStintError(error, 'OUTCOME_UNKNOWN')
        // Of a repeat, "nothing was written" speaks of the repeat alone.
        if (isUnknown || tries > 1) this.#journal.write({ what: 'unknown', at: instant(), id })
        else if (isStintError(error, 'STORE_UNAVAILABLE')) this.#journal.write({ what: 'refused', at: instant(), id })
        else this.#journal.write({ what: 'unexpected', at: instant(), text: `enqueue of ${id}: ${String(error)}` })
        // Half of what is not known is asked again under its id, as a user would who wants to know.
        if (!isUnknown || n % 2 === 0 || tries > MOST_REPEATS) return
      }
      await gap(BEFORE_REPEAT_MS)
    }
  }

  #payload(n: number): { n: number; filler: string } {
    // What can be compressed fills no disk.
    return { n, filler: randomBytes(Math.ceil(this.#order.payloadBytes * 0.75)).toString('base64') }
  }

  #nextId(): string {
    return `${this.#order.prefix}${String(++this.#made).padStart(6, '0')}`
  }
}
