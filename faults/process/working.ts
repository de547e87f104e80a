import { defineJob, handle, JobQueue, openStore, unchecked } from '@stint/core'
import { brokenBy } from '../broken/broken.ts'
import { gap, instant } from '../instant.ts'
import { Journal } from '../journal.ts'
import { loggerTo } from './log-lines.ts'
import { openPatiently } from './open-patiently.ts'
import type { Swept, WorkOrder } from './orders.ts'
import { Successes } from './successes.ts'

export const job = defineJob({
  type: 'faults.work',
  payload: unchecked<{ n: number; filler: string }>(),
  // A job may lose many leases here; none may end as dead, since then it could not be told from a lost one.
  maxAttempts: 1000,
})

/** A worker that notes what its handlers did, under which fence, and which of their ends were accepted. */
export class Working {
  readonly successes = new Successes()
  readonly #jobs: JobQueue
  readonly #journal: Journal
  #running = 0
  #whenHeld: { readonly jobs: number; readonly resolve: () => void } | null = null

  constructor(order: WorkOrder) {
    const journal = new Journal(order.journal)
    this.#journal = journal
    this.#jobs = new JobQueue({
      store: openStore(order.url).then(brokenBy(order.breakBy)),
      sweep: order.sweepMs ?? false,
      logger: loggerTo(journal),
    })
    this.#jobs.on('succeeded', ({ event }) => {
      const at = instant()
      journal.write({ what: 'accepted', at, id: event.jobId, fence: event.fence ?? 0 })
      this.successes.add(at)
    })
    const handler = handle(job, async ({ jobId: id, fence, signal }) => {
      journal.write({ what: 'begun', at: instant(), id, fence })
      this.#running++
      this.#look()
      await gap(order.handlerMs)
      this.#running--
      if (signal.aborted) journal.write({ what: 'aborted', at: instant(), id, fence, why: signal.reason.code })
      // Its effect is in the world, whoever holds the lease by now.
      journal.write({ what: 'ended', at: instant(), id, fence })
    })
    const { lane, workerId, concurrency, leaseMs: lease, pollMs: poll } = order
    if (concurrency > 0) this.#jobs.work(handler, { queues: [lane], workerId, concurrency, lease, poll })
  }

  open(): Promise<void> {
    return openPatiently(this.#jobs)
  }

  held(jobs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#whenHeld = { jobs, resolve }
      this.#look()
    })
  }

  async sweep(at: number): Promise<Swept> {
    // The test tools look inside a queue by this symbol too.
    const { sweeper } = (this.#jobs as unknown as Record<symbol, Inside>)[Symbol.for('stint.runtime')] as Inside
    while (at - instant() > 2) await gap(1)
    while (instant() < at);
    const begun = instant()
    const expired = await sweeper.expireAll()
    return { begun, ended: instant(), expired }
  }

  async close(): Promise<void> {
    await this.#jobs.close({ grace: '2s' })
    this.#journal.close()
  }

  #look(): void {
    if (this.#whenHeld === null || this.#running < this.#whenHeld.jobs) return
    this.#whenHeld.resolve()
    this.#whenHeld = null
  }
}

interface Inside {
  readonly sweeper: { expireAll(): Promise<number> }
}
