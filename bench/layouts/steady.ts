import { type Taken, taken } from '../meter.ts'
import { Bed, type Hand } from './bed.ts'
import { checkBooks } from './promises.ts'
import type { Variant } from './table.ts'

const BATCH = 500
/** Jobs in line: the producer pauses above. */
const BACKLOG = 5000
const WARM_UP_MS = 1000
const SWEEP_MS = 1000
const SWEEPS_A_VACUUM = 5

export interface Minute {
  readonly name: string
  readonly windows: readonly Taken[]
  readonly walBytes: number
  readonly hot: number | null
  readonly bytesAJob: number
}

export interface SteadyRun {
  readonly url: string
  readonly pid: number | null
  readonly ms: number
  readonly windows: number
}

/**
 * One connection puts in, one settles and claims, as fast as they go, while the upkeep of the store runs beside them: what bursts do not show is what
 * grows. Window by window, so that the end stands beside the beginning.
 */
export async function steady({ url, pid, ms, windows }: SteadyRun, name: string, variant: Variant): Promise<Minute> {
  const bed = await Bed.make(url, 'steady', variant, 2)
  const [producer, worker] = bed.hands as [Hand, Hand]
  const load = new Load(producer, worker)
  const upkeep = keepUp(bed, () => load.isOver)
  try {
    const before = await bed.wal()
    const running = load.run()
    await pause(WARM_UP_MS)
    const took: Taken[] = []
    for (let n = 0; n < windows; n++) {
      took.push(
        await taken(pid, async () => {
          const begun = load.done
          await Promise.race([running, pause(ms / windows)])
          return load.done - begun
        }),
      )
    }
    load.isOver = true
    await running
    await upkeep
    const walBytes = ((await bed.wal()) - before) / load.done
    await checkBooks(bed)
    return { name, windows: took, walBytes, bytesAJob: (await bed.bytes()) / load.done, hot: await bed.hotShare() }
  } finally {
    load.isOver = true
    await upkeep.catch(() => {})
    await bed.drop()
  }
}

class Load {
  readonly #producer: Hand
  readonly #worker: Hand
  #put = 0
  #wake: () => void = () => {}
  done = 0
  isOver = false

  constructor(producer: Hand, worker: Hand) {
    this.#producer = producer
    this.#worker = worker
  }

  async run(): Promise<void> {
    await Promise.all([this.#produce(), this.#work()])
  }

  async #produce(): Promise<void> {
    while (!this.isOver) {
      if (this.#put - this.done < BACKLOG) this.#put += await this.#producer.enqueue(BATCH)
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async #work(): Promise<void> {
    while (!this.isOver || this.#worker.holds > 0) {
      this.done += await this.#worker.exchange(BATCH)
      this.#wake()
    }
  }
}

async function keepUp(bed: Bed, isOver: () => boolean): Promise<void> {
  for (let n = 1; !isOver(); n++) {
    await pause(SWEEP_MS)
    await bed.sweep()
    if (bed.variant.ownVacuum && n % SWEEPS_A_VACUUM === 0) await bed.vacuum()
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))
