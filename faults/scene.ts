/** What a scenario plays on: a space with load, the processes that make it, and the tally of what was done to them. */
import { join } from 'node:path'
import type { Store } from '@stint/core'
import type { Crew } from './crew.ts'
import type { Dice } from './dice.ts'
import { type Engine, ID_PREFIX, LANE, type Place } from './engines/engine.ts'
import type { SmallDisk } from './engines/small-disk.ts'
import { gap, instant } from './instant.ts'
import type { OtherProcess } from './process/other.ts'
import { LOAD, type Scenario, WORKER, type WorkerSettings } from './scenario.ts'
import { ServerWatch } from './server-watch.ts'

/** What the issue of reliability asks: behind a fault, work goes on within so long. */
export const BACK_WITHIN_MS = 5000
/** Waited for longer than is allowed, to be able to say how long it took. */
const MOST_WAITED_MS = 20_000

export interface SceneOptions {
  readonly scenario: Scenario
  readonly engine: Engine
  readonly place: Place
  /** Past the wire, for looking: nothing is done to it. */
  readonly store: Store
  readonly disk: SmallDisk | null
  readonly crew: Crew
  readonly dice: Dice
  readonly space: string
  /** Where journals lie. */
  readonly folder: string
  readonly seconds: number
  readonly breakBy: string | null
}

/**
 * At least so many: leases `expired`; runs that came to their end too `late` and were refused; enqueues that `failed`. `never expired`: no lease
 * may have been taken from anybody.
 */
export type Expectation = 'expired' | 'late' | 'failed' | 'never expired'

/** A worker of the scene: its process, and where it notes what it did. */
export interface SceneWorker {
  readonly process: OtherProcess
  readonly journal: string
  readonly workerId: string
  /** Whether it takes jobs: one that only sweeps is never seen to succeed. */
  readonly takesJobs: boolean
}

export class Scene {
  readonly dice: Dice
  readonly engine: Engine
  readonly place: Place
  readonly store: Store
  readonly #options: SceneOptions
  readonly workers: SceneWorker[] = []
  producer: SceneWorker | null = null
  /** By name: how often it was done, and met what it was meant for. */
  readonly injected = new Map<string, number>()
  /** What went wrong before anybody judged. */
  readonly problems: string[] = []
  /** How long after each end of a fault its processes worked again, in ms. */
  readonly backAfterMs: number[] = []
  /** What the load must have met, else the fault was none. */
  readonly expected = new Map<Expectation, number>()
  #made = 0
  #watch: ServerWatch | null = null

  constructor(options: SceneOptions) {
    this.#options = options
    this.dice = options.dice
    this.engine = options.engine
    this.place = options.place
    this.store = options.store
  }

  /** The time of faults that last as long as they are told to. */
  get loadMs(): number {
    return this.#options.seconds * 1000
  }

  get disk(): SmallDisk {
    const { disk } = this.#options
    if (disk === null) throw new Error('the scenario asked for no disk of its own')
    return disk
  }

  get space(): string {
    return this.#options.space
  }

  async begin(): Promise<void> {
    const { scenario } = this.#options
    const load = { ...LOAD, ...scenario.load }
    for (const settings of scenario.workers ?? [{}, {}]) await this.addWorker(settings)
    const { crew, folder, space, breakBy } = this.#options
    const clockOffMs = scenario.clockOffOfProducerMs ?? 0
    const process = await crew.take(clockOffMs)
    const journal = join(folder, `${space}-producer.jsonl`)
    this.producer = { process, journal, workerId: '', takesJobs: false }
    await process.order({
      do: 'produce',
      ...{ url: this.#url, lane: LANE, journal, prefix: `${ID_PREFIX}${space}-`, breakBy },
      ...{ ...load, aheadMs: this.loadMs + 1000 },
    })
    // Load runs before anything is done to it.
    if (load.perSecond + load.ahead > 0) await this.#nextSuccess(instant())
  }

  async addWorker(settings: Partial<WorkerSettings> = {}): Promise<SceneWorker> {
    const { crew, folder, space, breakBy } = this.#options
    const { clockOffMs, ...rest } = { ...WORKER, ...settings }
    const process = await crew.take(clockOffMs)
    const workerId = `worker-${++this.#made}`
    const journal = join(folder, `${space}-${workerId}.jsonl`)
    await process.order({
      do: 'work',
      ...{ url: this.#url, lane: LANE, journal, workerId, breakBy },
      ...rest,
    })
    const worker = { process, journal, workerId, takesJobs: rest.concurrency > 0 }
    this.workers.push(worker)
    return worker
  }

  /** Those that are there and take jobs. */
  get living(): SceneWorker[] {
    return this.workers.filter(({ process, takesJobs }) => takesJobs && process.isThere)
  }

  /** From now to the end of the scenario, a server that ends by itself is started again; who waits for work waits from there. */
  watchServer(): void {
    const { server } = this.place
    if (server !== null) this.#watch ??= new ServerWatch(server)
  }

  async end(): Promise<void> {
    await this.#watch?.end()
  }

  /** Of the server, by the watch. */
  get restarts(): number {
    return this.#watch?.starts ?? 0
  }

  inject(what: string, times = 1): void {
    this.injected.set(what, (this.injected.get(what) ?? 0) + times)
  }

  expects(what: Expectation, least = 0): void {
    this.expected.set(what, least)
  }

  /** Besides the load. */
  async enqueue(count: number): Promise<void> {
    await this.producer?.process.order({ do: 'enqueue', count })
  }

  gap(least: number, most = least): Promise<void> {
    return gap(this.dice.whole(least, most))
  }

  /** Called at the end of a fault: measures from there until the processes work again. */
  async worksAgain(what: string, since = instant()): Promise<void> {
    const took = await this.#nextSuccess(since)
    this.backAfterMs.push(took)
    if (took > BACK_WITHIN_MS)
      this.problems.push(
        `${what}: ${took >= MOST_WAITED_MS ? `nobody works again after ${MOST_WAITED_MS / 1000} s` : `work went on only ${(took / 1000).toFixed(1)} s after its end`}, ${BACK_WITHIN_MS / 1000} s are allowed`,
      )
  }

  async #nextSuccess(since: number): Promise<number> {
    const backs = this.living.map(({ process }) => process.order<number>({ do: 'next success', after: since }))
    const { scenario, engine } = this.#options
    const isEach = (scenario.back?.(engine) ?? 'each') === 'each'
    const all = isEach ? Promise.all(backs) : Promise.any(backs).then((at) => [at])
    all.catch(() => {})
    const timer = new AbortController()
    const late = new Promise<null>((resolve) => {
      const waiting = setTimeout(() => resolve(null), MOST_WAITED_MS)
      timer.signal.addEventListener('abort', () => clearTimeout(waiting))
    })
    const ats = await Promise.race([all, late]).finally(() => timer.abort())
    if (ats === null) return MOST_WAITED_MS
    return Math.max(0, Math.max(...ats) - Math.max(since, this.#watch?.startedAt ?? 0))
  }

  get #url(): string {
    return this.#options.place.url(this.#options.space, 'over the wire')
  }
}
