import { workerStopping } from './abort-reasons.js'
import { Attempt } from './attempt.js'
import { type Duration, toMs } from './duration.js'
import { type AnyJobHandler, type BoundHandler, boundOf } from './handler.js'
import { Heart } from './heart.js'
import { inTurn } from './in-turn.js'
import { DEFAULT_LEASE_MS } from './lease.js'
import { checkName, checkText, checkWhole } from './names.js'
import { DEFAULT_QUEUE } from './policy.js'
import type { JobRecord } from './record.js'
import { runAttempts } from './run-attempt.js'
import type { Runtime } from './runtime.js'
import { Taker } from './taker.js'
import { isAboutQueue } from './wake.js'

/** One call of `work` = one pool. */
export interface WorkOptions {
  /** Handler calls at once. Default 10. */
  readonly concurrency?: number | undefined
  /** Lanes to take from. Default: those of the handlers' definitions. */
  readonly queues?: readonly string[] | undefined
  /** Default `'30s'`; prolonged at a third of it. */
  readonly lease?: Duration | undefined
  /** Longest sleep between looks when nothing is due; wake-ups come earlier. Default `'1s'`. */
  readonly poll?: Duration | undefined
  /** Jobs claimed beyond the free slots. Default 0. What has waited for a slot a quarter of its lease, or 500 ms, is given back. */
  readonly prefetch?: number | undefined
  /** Shown as the holder. Default host, pid and a random part. */
  readonly workerId?: string | undefined
}

export interface StopOptions {
  /** Time for running handlers to finish; then their signal aborts with `WORKER_STOPPING` and, two seconds later, their jobs are released at no cost of an attempt. Default `'30s'`. */
  readonly grace?: Duration | undefined
}

export interface Worker extends AsyncDisposable {
  readonly workerId: string
  readonly concurrency: number
  /** Handler calls running now; `concurrency - active` slots are free. */
  readonly active: number
  stop(options?: StopOptions): Promise<void>
}

const DEFAULT_GRACE_MS = 30_000
/** Between the abort and the release of what runs on: time for a checkpoint. */
const LAST_WORDS_MS = 2000
const LAST_WRITES_MS = 2000
/** A handler that has not returned so long after its signal aborted is reported; it keeps its slot. */
const DEAF_MS = 10_000

/**
 * One pool: slots shared by its handlers. All single handlers take together, each batch handler by itself (taker.ts); what they take runs here,
 * one slot a call; leases of everything that is not settled are prolonged together (heart.ts).
 */
export class Pool implements Worker {
  readonly workerId: string
  readonly concurrency: number
  readonly #rt: Runtime
  readonly #leaseMs: number
  readonly #takers: readonly Taker[]
  readonly #heart: Heart
  readonly #stopListening: () => void
  readonly #whenStopped: () => void
  /** Every lease of this pool that is not settled. */
  readonly #held = new Map<string, Attempt>()
  /** Calls that run now, each with what ends the watch over it. */
  readonly #calls = new Map<readonly Attempt[], () => void>()
  readonly #settling = new Set<Promise<void>>()
  #turn = 0
  #stopping: Promise<void> | null = null
  #whenQuiet: (() => void) | null = null

  constructor(
    rt: Runtime,
    handlers: AnyJobHandler | readonly AnyJobHandler[],
    options: WorkOptions = {},
    whenStopped: () => void = () => {},
  ) {
    this.#whenStopped = whenStopped
    const bound = [handlers as AnyJobHandler | AnyJobHandler[]].flat().map(boundOf)
    if (bound.length === 0) throw new TypeError('work: expected at least one handler')
    const byType = new Map(bound.map((handler) => [rt.known.meet(handler.job).type, handler]))
    if (byType.size < bound.length) throw new TypeError('work: two handlers for one job type in one pool')
    this.#rt = rt
    this.concurrency = checkWhole(options.concurrency ?? 10, 1, 10_000, 'concurrency')
    this.#leaseMs = toMs(options.lease ?? DEFAULT_LEASE_MS, 'lease')
    if (this.#leaseMs < 10) throw new TypeError(`lease: expected at least 10 ms, got ${this.#leaseMs}`)
    this.workerId = checkText(options.workerId ?? defaultWorkerId(rt), 'workerId')
    const queues = lanesOf(rt, bound, options.queues)
    this.#takers = takersOf(byType).map(
      (group) =>
        new Taker(rt, {
          ...group,
          queues,
          workerId: this.workerId,
          leaseMs: this.#leaseMs,
          pollMs: toMs(options.poll ?? '1s', 'poll'),
          prefetch: checkWhole(options.prefetch ?? 0, 0, 10_000, 'prefetch'),
          pool: this,
        }),
    )
    this.#heart = new Heart(rt, this.#leaseMs, () => this.#held.values())
    const isAbout = isAboutQueue(new Set(queues))
    this.#stopListening = rt.wake.listen((hint) => {
      if (isAbout(hint)) for (const taker of this.#takers) taker.hinted()
      // Somebody may have cancelled what we hold; ask now rather than at the next beat.
      const attempt = hint.jobId === undefined ? undefined : this.#held.get(hint.jobId)
      if (attempt && !attempt.isOver && !attempt.settling) attempt.beat(this.#leaseMs).catch(() => {})
    })
    rt.seam.soon(() => this.fill())
  }

  get active(): number {
    return this.#calls.size
  }

  get isStopping(): boolean {
    return this.#stopping !== null
  }

  /** Slots that are neither running nor promised to a claim under way. */
  get free(): number {
    return this.concurrency - this.#calls.size - this.#takers.reduce((sum, taker) => sum + taker.promised, 0)
  }

  /** Lets every taker look; in turns, so that with few free slots none is always last. */
  fill(): void {
    if (this.isStopping) return
    for (const taker of inTurn(this.#takers, this.#turn++)) taker.pump()
  }

  /** A claimed job becomes an attempt, and its lease is prolonged from here on. */
  hold(record: JobRecord, handler: BoundHandler): Attempt {
    const attempt = new Attempt(this.#rt, record, handler)
    // Its lease ran out and this very pool took the job over: no beat of it is left to find that out.
    void this.#held.get(record.id)?.lose()
    this.#held.set(record.id, attempt)
    this.#heart.start()
    return attempt
  }

  /** Of an attempt that was over before it began. */
  forget(attempt: Attempt): void {
    if (this.#held.get(attempt.record.id) === attempt) this.#held.delete(attempt.record.id)
  }

  /** Runs one call in one slot. */
  run(handler: BoundHandler, attempts: readonly Attempt[]): void {
    const unwatch = attempts.map((attempt) => this.#watchDeaf(attempt))
    this.#calls.set(attempts, () => {
      for (const stop of unwatch) stop()
    })
    void runAttempts(this.#rt, this.workerId, handler, attempts).then((finish) => {
      this.#calls.get(attempts)?.()
      this.#calls.delete(attempts)
      // The settle is on its way before the next claim is cut, so both go in one write.
      this.#settle(attempts, finish)
      this.fill()
      this.#checkQuiet()
    })
  }

  /** Gives back what was claimed and not begun; at no cost of an attempt. */
  giveBack(attempt: Attempt): void {
    this.#settle([attempt], () => attempt.settleByItself(() => attempt.held.release()))
  }

  stop(options: StopOptions = {}): Promise<void> {
    const graceMs = toMs(options.grace ?? DEFAULT_GRACE_MS, 'grace')
    this.#stopping ??= this.#stop(graceMs)
    return this.#stopping
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #settle(attempts: readonly Attempt[], finish: () => Promise<void>): void {
    const settling = finish().finally(() => {
      for (const attempt of attempts) this.forget(attempt)
      this.#settling.delete(settling)
      this.#checkQuiet()
    })
    this.#settling.add(settling)
  }

  async #stop(graceMs: number): Promise<void> {
    // A claim may be under way for as long as the store takes; the grace of what runs is not longer for it.
    const claims = Promise.all(this.#takers.map((taker) => taker.stop()))
    if (!(await this.#quietWithin(graceMs)) && this.#calls.size > 0) {
      const reason = workerStopping(this.workerId)
      for (const attempt of this.#running()) attempt.abort(reason)
      if (!(await this.#quietWithin(LAST_WORDS_MS))) this.#letGo()
    }
    await claims
    // What is still to be written is waited for, and not longer than a store that is away deserves; handlers that never return are not.
    await this.#settledWithin(LAST_WRITES_MS)
    this.#heart.stop()
    this.#stopListening()
    for (const unwatch of this.#calls.values()) unwatch()
    this.#whenStopped()
  }

  /** What runs on is released: somebody else takes it over, and what the handler still does is refused by its token. */
  #letGo(): void {
    for (const attempt of [...this.#running()].filter((one) => !one.isOver)) {
      const { id, type } = attempt.record
      this.#rt.events.trouble(
        new Error(`The handler of job ${id} ("${type}") did not stop; the job was given back.`),
        'stopping',
      )
      this.giveBack(attempt)
    }
  }

  #settledWithin(ms: number): Promise<void> {
    if (this.#settling.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const cancelTimer = this.#rt.seam.after(ms, resolve)
      void Promise.all(this.#settling).then(() => {
        cancelTimer()
        resolve()
      })
    })
  }

  *#running(): Iterable<Attempt> {
    for (const call of this.#calls.keys()) yield* call
  }

  /** Resolves true when nothing runs and nothing is being settled, false when the time is over first. */
  #quietWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isQuiet: boolean) => (): void => {
        cancelTimer()
        this.#whenQuiet = null
        resolve(isQuiet)
      }
      const cancelTimer = this.#rt.seam.after(ms, end(false))
      this.#whenQuiet = end(true)
      this.#checkQuiet()
    })
  }

  #checkQuiet(): void {
    if (this.#calls.size === 0 && this.#settling.size === 0) this.#whenQuiet?.()
  }

  /** Reports a handler that does not listen to its signal: its slot is not free until it returns. */
  #watchDeaf(attempt: Attempt): () => void {
    let cancelTimer: (() => void) | null = null
    const aborted = (): void => {
      cancelTimer = this.#rt.seam.after(Math.max(DEAF_MS, this.#leaseMs), () => {
        const { id, type } = attempt.record
        const why = attempt.signal.reason?.code
        this.#rt.events.trouble(
          new Error(
            `The handler of job ${id} ("${type}") has not returned after its signal aborted (${why}); its slot is still taken.`,
          ),
          'handler',
        )
      })
    }
    attempt.signal.addEventListener('abort', aborted, { once: true })
    return () => {
      cancelTimer?.()
      attempt.signal.removeEventListener('abort', aborted)
    }
  }
}

interface Group {
  readonly handlers: ReadonlyMap<string, BoundHandler>
  readonly batch: BoundHandler['batch']
}

/** All single handlers take together, each batch handler by itself: a call of one takes many jobs of its type. */
function takersOf(byType: ReadonlyMap<string, BoundHandler>): Group[] {
  const singles = new Map([...byType].filter(([, handler]) => handler.batch === null))
  const batches = [...byType].filter(([, handler]) => handler.batch !== null)
  return [
    ...(singles.size > 0 ? [{ handlers: singles, batch: null }] : []),
    ...batches.map(([type, handler]) => ({ handlers: new Map([[type, handler]]), batch: handler.batch })),
  ]
}

function lanesOf(
  rt: Runtime,
  handlers: readonly BoundHandler[],
  given: readonly string[] | undefined,
): readonly string[] {
  const lanes =
    given ?? handlers.map((handler) => rt.known.meet(handler.job).queue ?? rt.defaults?.queue ?? DEFAULT_QUEUE)
  if (lanes.length === 0) throw new TypeError('work: `queues` may not be empty')
  return [...new Set(lanes.map((queue) => checkName(queue, 'queues')))]
}

const defaultWorkerId = (rt: Runtime): string => `${rt.host}:${rt.seam.nonce().slice(0, 6)}`
