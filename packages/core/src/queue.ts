import type { AuditEvent, FeedEvent } from './audit-event.js'
import type { AnyJobDefinition, JobDefinition } from './define.js'
import { type Duration, toMs } from './duration.js'
import type { Enqueued, EnqueueItem, EnqueueOptions, PayloadArgs } from './enqueue-options.js'
import { StintError } from './errors.js'
import type { FeedOptions } from './feed.js'
import type { AnyJobHandler } from './handler.js'
import type { EnqueuedJob, FinishedJob, Job, LogLine } from './job.js'
import { type QueueInfo, type QueueSettings, storable } from './lanes.js'
import type { Lease, LeaseHandle } from './lease.js'
import type { JobFilter, JobPage, ListOptions } from './list-jobs.js'
import type { QueueEvents } from './local-events.js'
import { type JobQueueOptions, runtimeOf } from './make-runtime.js'
import type { QueueMetrics } from './metrics.js'
import type { ActionOptions, RedriveFilter } from './operate.js'
import { checkPolicy } from './policy.js'
import * as producing from './produce.js'
import * as pulling from './pull.js'
import type { QueueStats } from './read-jobs.js'
import { type Late, type Runtime, shareRuntime } from './runtime.js'
import * as tracking from './tracked-job.js'
import { type SyncTxQueue, type TxQueue, txQueue } from './tx-queue.js'
import type { WaitOptions } from './wait.js'
import { Pool, type StopOptions, type Worker, type WorkOptions } from './worker.js'

type Rooms = typeof import('./open-rooms.js')

/**
 * The one object of an application: producer, worker, operator. It manages any number of lanes (`queue: 'mail'`).
 * `new` does no I/O; the first call (or `open()`) connects and migrates.
 * The type parameters come from the store; `JobQueue` without them is any queue, and offers no transactions.
 * Calls about one job, made through one JobQueue, are committed in the order they were made, awaited or not.
 */
export class JobQueue<Tx = never, Sync extends boolean = boolean> implements AsyncDisposable {
  readonly #rt: Runtime
  readonly #pools = new Set<Pool>()
  /** There once the store is open. */
  #rooms: Rooms | null = null
  #late: Late | null = null
  #isClosing = false
  #isClosed = false
  #closing: Promise<void> | null = null
  #callsUnderWay = 0
  #whenNoCall: (() => void) | null = null

  constructor(options: JobQueueOptions<Tx, Sync>) {
    if (typeof options?.store !== 'object')
      throw new TypeError('JobQueue: expected { store }, for example new JobQueue({ store: memoryStore() })')
    checkPolicy(options.defaults ?? {})
    const settings = Object.fromEntries(
      Object.entries(options.queues ?? {}).map(([name, given]) => [name, storable(given)]),
    )
    this.#rt = runtimeOf(options, {
      isClosing: () => this.#isClosing,
      late: () => this.#late as Late,
      opened: async (store) => {
        const rooms = await import('./open-rooms.js')
        this.#rooms = rooms
        this.#late ??= {
          watch: new rooms.Watch(this.#rt.door, this.#rt.wake),
          retention: new rooms.Retention(this.#rt),
        }
        this.#rt.lanes.take(await rooms.writeSettings(store, settings))
        this.#rt.wake.subscribe(store)
      },
    })
    shareRuntime(this, this.#rt)
  }

  /** Connects, migrates, checks. Optional: it makes trouble show at start. */
  open(): Promise<void> {
    return this.#rt.door.open()
  }

  /** Stops the workers with grace, sends what is pending, closes the store. Twice is fine. */
  async close(options?: StopOptions): Promise<void> {
    // Looked at first: a queue may not stay half closed for a word that is no duration.
    if (options?.grace !== undefined) toMs(options.grace, 'grace')
    this.#closing ??= this.#close(options)
    await this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  // ---- produce --------------------------------------------------------------------------------------------------------------

  /**
   * Errors: `PAYLOAD_INVALID`, `TOO_LARGE`, `QUEUE_FULL`, `ID_CONFLICT`, `UNIQUE_CONFLICT`, `STORE_UNAVAILABLE`, `OUTCOME_UNKNOWN`.
   * A type known only by name: `enqueue(defineJob({ type }), payload)`; a definition of that type that this queue knows lends its schema and policy.
   */
  enqueue<P, R, PI, RI>(
    job: JobDefinition<P, R, PI, RI>,
    ...args: PayloadArgs<NoInfer<PI>>
  ): Promise<EnqueuedJob<PI, R>> {
    const [payload, options] = args as [unknown, EnqueueOptions | undefined]
    return this.#whileOpen(() => producing.enqueue(this.#rt, job, payload, options)) as Promise<EnqueuedJob<PI, R>>
  }

  /**
   * One write for each 500 (whole with `atomicBatches`), none unless every payload and option is acceptable and the lanes have room. An id or key
   * that another kind of job has (`ID_CONFLICT`, `UNIQUE_CONFLICT`) shows in the write itself: the other items are there then.
   */
  enqueueMany<const D extends readonly AnyJobDefinition[]>(
    items: { readonly [K in keyof D]: EnqueueItem<D[K]> },
  ): Promise<{ -readonly [K in keyof D]: Enqueued<D[K]> }> {
    const given = items as unknown as readonly EnqueueItem<AnyJobDefinition>[]
    return this.#whileOpen(() => producing.enqueueMany(this.#rt, given)) as Promise<never>
  }

  /** The same verbs inside *your* transaction: seen when it commits, gone when it rolls back. Not offered (type `never`) where the store has none. On SQLite `open()` must come first. */
  withTx(tx: Tx): Sync extends true ? SyncTxQueue : TxQueue {
    return txQueue(this.#rt, tx) as Sync extends true ? SyncTxQueue : TxQueue
  }

  // ---- read -----------------------------------------------------------------------------------------------------------------

  /** By id, or the live job that has a key. With `as`, typed by that definition, and undefined also when the job is of another type. */
  get<PI = unknown, R = unknown>(
    ref: string | { queue: string; uniqueKey: string },
    // biome-ignore lint/suspicious/noExplicitAny: what the handler receives and returns does not matter to who reads
    as?: JobDefinition<any, R, PI, any>,
  ): Promise<Job<PI, R> | undefined> {
    return this.#inRoom((rooms) => rooms.get(this.#rt, ref, as)) as Promise<Job<PI, R> | undefined>
  }

  /** Bodies included; a page may be short. */
  list(options?: ListOptions): Promise<JobPage> {
    return this.#inRoom((rooms) => rooms.list(this.#rt, options))
  }

  /** Exact. From the counters for a lane, a state, or both; else by walking the pages. */
  count(filter?: JobFilter): Promise<number> {
    return this.#inRoom((rooms) => rooms.count(this.#rt, filter))
  }

  /** Cost does not grow with the number of jobs. */
  stats(queue?: string): Promise<QueueStats> {
    return this.#inRoom((rooms) => rooms.stats(this.#rt, queue))
  }

  metrics(): QueueMetrics {
    return this.#rt.metrics.get()
  }

  /** One job's trail, `seq` 1 first. Error: `JOB_NOT_FOUND`. */
  audit(jobId: string): Promise<readonly AuditEvent[]> {
    return this.#inRoom((rooms) => rooms.audit(this.#rt, jobId))
  }

  /** Everybody's events, in an order that never skips one; ends with the signal. Start where you stopped (`after: event.cursor`), at `'start'` (default) or `'end'`. */
  feed(options?: FeedOptions): AsyncIterable<FeedEvent> {
    return this.#feed(options)
  }

  /** Error: `JOB_NOT_FOUND`. */
  logs(jobId: string): Promise<readonly LogLine[]> {
    return this.#inRoom((rooms) => rooms.logs(this.#rt, jobId))
  }

  /** The finished job, whatever its end. Errors: `WAIT_TIMEOUT`, `JOB_NOT_FOUND`, `JOB_GONE`, `ABORTED`. */
  wait<PI = unknown, R = unknown>(job: string | Job<PI, R>, options: WaitOptions<PI, R>): Promise<FinishedJob<PI, R>> {
    return this.#inRoom((rooms) => rooms.wait(this.#rt, job, options)) as Promise<FinishedJob<PI, R>>
  }

  /** Its value, or an error: `JOB_NOT_SUCCEEDED` (with the job), `WAIT_TIMEOUT`, `JOB_NOT_FOUND`, `JOB_GONE`, `ABORTED`. */
  result<PI = unknown, R = unknown>(job: string | Job<PI, R>, options: WaitOptions<PI, R>): Promise<R> {
    return this.#inRoom((rooms) => rooms.result(this.#rt, job, options)) as Promise<R>
  }

  // ---- operate: each answers with the job as it is now; errors `JOB_NOT_FOUND`, `WRONG_STATE`, of `retry` also `UNIQUE_CONFLICT` --

  /** At once, running jobs too: the holder's token dies and its signal aborts. */
  cancel(id: string, options?: ActionOptions): Promise<Job> {
    return this.#inLine(id, (rooms) => rooms.cancel(this.#rt, id, options))
  }

  /** failed, dead or cancelled → queued, with a fresh budget. */
  retry(id: string, options?: ActionOptions): Promise<Job> {
    return this.#inLine(id, (rooms) => rooms.retry(this.#rt, id, options))
  }

  /** `retry` for all dead jobs that match. Answers how many. */
  redrive(filter?: RedriveFilter, options?: ActionOptions): Promise<number> {
    return this.#inRoom((rooms) => rooms.redrive(this.#rt, filter, options))
  }

  /** Queued jobs only. `{ delay: 0 }` makes it due now. */
  reschedule(id: string, when: { delay: Duration } | { runAt: Date }, options?: ActionOptions): Promise<Job> {
    return this.#inLine(id, (rooms) => rooms.reschedule(this.#rt, id, when, options))
  }

  /** Queued jobs only. */
  reprioritise(id: string, priority: number, options?: ActionOptions): Promise<Job> {
    return this.#inLine(id, (rooms) => rooms.reprioritise(this.#rt, id, priority, options))
  }

  pause(queue: string, options?: ActionOptions): Promise<void> {
    return this.#inRoom((rooms) => rooms.pause(this.#rt, queue, options))
  }

  resume(queue: string, options?: ActionOptions): Promise<void> {
    return this.#inRoom((rooms) => rooms.resume(this.#rt, queue, options))
  }

  queues(): Promise<readonly QueueInfo[]> {
    return this.#inRoom((rooms) => rooms.queues(this.#rt))
  }

  configure(queue: string, settings: QueueSettings, options?: ActionOptions): Promise<QueueInfo> {
    return this.#inRoom((rooms) => rooms.configure(this.#rt, queue, settings, options))
  }

  /** What the sweep does by itself, now: removes finished jobs past their retention. Never a job that is not over. Answers how many. */
  purge(): Promise<number> {
    return this.#inRoom(async () => {
      await this.#rt.lanes.refresh()
      return this.#rt.late().retention.purge(Number.POSITIVE_INFINITY)
    })
  }

  // ---- work -----------------------------------------------------------------------------------------------------------------

  /** One call, one pool. Starts at once and runs until `stop()` or `close()`. */
  work(handlers: AnyJobHandler | readonly AnyJobHandler[], options?: WorkOptions): Worker {
    if (this.#isClosing) throw queueClosed()
    const pool: Pool = new Pool(this.#rt, handlers, options, () => void this.#pools.delete(pool))
    this.#pools.add(pool)
    this.#rt.sweeper.start()
    return pool
  }

  // ---- pull: leases by hand -----------------------------------------------------------------------------------------------

  /** Takes over leases that ran out, too. Empty when nothing is due or the given job cannot be had. */
  claim(options: pulling.ClaimOptions): Promise<Lease[]> {
    if (this.#isClosing) return Promise.reject(queueClosed())
    return this.#whileOpen(() => pulling.claim(this.#rt, options))
  }

  /** A lease that travelled as id and token. No I/O; a wrong token shows at the first verb. */
  lease(jobId: string, token: string): LeaseHandle {
    return pulling.lease(this.#rt, jobId, token)
  }

  /** For protocols that know their worker by name only: the current lease of that job if that worker holds it. */
  leaseOf(jobId: string, workerId: string): Promise<LeaseHandle | undefined> {
    return this.#whileOpen(() => pulling.leaseOf(this.#rt, jobId, workerId))
  }

  // ---- track: no worker at all --------------------------------------------------------------------------------------------

  track<P, R, PI, RI>(
    job: JobDefinition<P, R, PI, RI>,
    payload: NoInfer<PI>,
    options?: tracking.TrackOptions,
  ): tracking.TrackedJob<RI> {
    if (this.#isClosed) throw queueClosed()
    return tracking.track(this.#rt, job, payload, options)
  }

  /** A tracked job from its id, in any process. Verbs on a job that is not tracked, or is over: `WRONG_STATE`. */
  tracked(jobId: string): tracking.TrackedJob {
    if (this.#isClosed) throw queueClosed()
    return tracking.tracked(this.#rt, jobId)
  }

  /** Answers the function that unsubscribes. A listener that throws becomes an `error` event; without a listener errors go to the logger. */
  on<Name extends keyof QueueEvents>(name: Name, listener: (payload: QueueEvents[Name]) => void): () => void {
    return this.#rt.events.on(name, listener)
  }

  // ---- inside ---------------------------------------------------------------------------------------------------------------

  /** Handlers that run out their grace may still enqueue and read; after that nobody may. Mistakes of the caller reject like everything else. */
  async #whileOpen<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw queueClosed()
    this.#callsUnderWay++
    try {
      return await call()
    } finally {
      if (--this.#callsUnderWay === 0) this.#whenNoCall?.()
    }
  }

  #inRoom<T>(call: (rooms: Rooms) => Promise<T>): Promise<T> {
    return this.#whileOpen(() => this.#enter(call))
  }

  /** A call that was made in time is still open for business when its turn comes. */
  #inLine<T>(id: string, call: (rooms: Rooms) => Promise<T>): Promise<T> {
    return this.#whileOpen(() => this.#rt.lines.run(id, () => this.#enter(call)))
  }

  async #enter<T>(call: (rooms: Rooms) => Promise<T>): Promise<T> {
    const wait = this.#rt.door.ready()
    if (wait) await wait
    return call(this.#rooms as Rooms)
  }

  async *#feed(options: FeedOptions | undefined): AsyncGenerator<FeedEvent, void, undefined> {
    if (this.#isClosed) throw queueClosed()
    await this.#rt.door.ready()
    yield* (this.#rooms as Rooms).feed(this.#rt, options)
  }

  async #close(options: StopOptions | undefined): Promise<void> {
    this.#isClosing = true
    this.#late?.watch.close()
    this.#rt.wake.wakeAll()
    await Promise.all([...this.#pools].map((pool) => pool.stop(options)))
    this.#isClosed = true
    // What handlers began to wait for in their grace.
    this.#late?.watch.close()
    await this.#rt.sweeper.stop()
    await this.#late?.retention.stop()
    if (this.#callsUnderWay > 0) {
      await new Promise<void>((resolve) => {
        this.#whenNoCall = resolve
      })
    }
    await this.#rt.lines.idle()
    await this.#rt.send.idle()
    this.#rt.wake.close()
    await this.#rt.door.close()
  }
}

const queueClosed = (): StintError<'QUEUE_CLOSED'> =>
  new StintError('QUEUE_CLOSED', 'The queue is closed; make a new one.', {})
