import { StintError } from './errors.js'
import type { Lanes } from './lanes.js'
import type { NewJob } from './store.js'
import type { StoreDoor } from './store-door.js'

interface Waiting {
  readonly jobs: readonly NewJob[]
  readonly admit: () => Promise<void>
  readonly refuse: (error: unknown) => void
}

/**
 * At most `maxQueued` jobs in a lane. Exact within a process: enqueues of a lane with a limit go in rounds, each with one look at the counts,
 * and the next round looks when the jobs of this one are written. Several processes may overshoot by what they enqueue meanwhile.
 */
export class Capacity {
  readonly #door: StoreDoor
  readonly #lanes: Lanes
  readonly #gates = new Map<string, Waiting[]>()

  constructor(door: StoreDoor, lanes: Lanes) {
    this.#door = door
    this.#lanes = lanes
  }

  /** Runs `insert` when every lane of those jobs has room for them; else `QUEUE_FULL`, and nothing is written. */
  within<T>(jobs: readonly NewJob[], insert: () => Promise<T>): Promise<T> {
    const byLane = new Map<string, NewJob[]>()
    for (const job of jobs) {
      if (job.state !== 'queued' || this.#lanes.get(job.queue).maxQueued === null) continue
      const lane = byLane.get(job.queue)
      if (lane) lane.push(job)
      else byLane.set(job.queue, [job])
    }
    // Always in the same order, so that two calls over two lanes do not wait for each other.
    const lanes = [...byLane].sort(([a], [b]) => (a < b ? -1 : 1))
    return lanes.reduceRight<() => Promise<T>>(
      (inner, [queue, own]) =>
        () =>
          this.#through(queue, own, inner),
      insert,
    )()
  }

  #through<T>(queue: string, jobs: readonly NewJob[], insert: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const admit = (): Promise<void> => insert().then(resolve, reject)
      const gate = this.#gates.get(queue)
      if (gate) return void gate.push({ jobs, admit, refuse: reject })
      this.#gates.set(queue, [{ jobs, admit, refuse: reject }])
      void this.#rounds(queue)
    })
  }

  async #rounds(queue: string): Promise<void> {
    for (let round = this.#gates.get(queue) ?? []; round.length > 0; round = this.#gates.get(queue) ?? []) {
      this.#gates.set(queue, [])
      try {
        await this.#round(queue, round)
      } catch (error) {
        for (const one of round) one.refuse(error)
      }
    }
    this.#gates.delete(queue)
  }

  async #round(queue: string, round: readonly Waiting[]): Promise<void> {
    const maxQueued = this.#lanes.get(queue).maxQueued ?? Number.POSITIVE_INFINITY
    const counts = await this.#door.call((store) => store.stats())
    let room = maxQueued - (counts.find((one) => one.queue === queue && one.state === 'queued')?.count ?? 0)
    const admitted: Promise<void>[] = []
    for (const one of round) {
      let needs = one.jobs.length
      try {
        if (needs > room) needs = await this.#newOnes(one.jobs)
      } catch (error) {
        // Only this call: those before it are on their way, and may not be told that nothing was written.
        one.refuse(error)
        continue
      }
      if (needs > room) {
        // Those admitted in this round may turn out to be repeats that take no room: the next round counts what was written.
        if (admitted.length > 0) this.#gates.get(queue)?.push(one)
        else one.refuse(full(queue, maxQueued))
        continue
      }
      room -= needs
      admitted.push(one.admit())
    }
    await Promise.all(admitted)
  }

  /** A repeat of an enqueue is answered with the job that is there, also when the lane is full. */
  async #newOnes(jobs: readonly NewJob[]): Promise<number> {
    const refs = jobs.flatMap((job) => [job.id, ...(job.key === null ? [] : [{ queue: job.queue, key: job.key }])])
    const taken = new Set(
      (await this.#door.call((store) => store.get(refs))).flatMap((job) => (job ? placesOf(job) : [])),
    )
    let count = 0
    for (const job of jobs) {
      const places = placesOf(job)
      if (!places.some((place) => taken.has(place))) count++
      for (const place of places) taken.add(place)
    }
    return count
  }
}

/** What only one job can have: its id, and its key within the lane. No id has a line break. */
const placesOf = ({ id, queue, key }: Pick<NewJob, 'id' | 'queue' | 'key'>): readonly string[] =>
  key === null ? [id] : [id, `${queue}\n${key}`]

const full = (queue: string, maxQueued: number): StintError<'QUEUE_FULL'> =>
  new StintError(
    'QUEUE_FULL',
    `The queue "${queue}" holds ${maxQueued} queued jobs, its limit (maxQueued). Nothing was written; try again later.`,
    {
      queue,
      maxQueued,
    },
  )
