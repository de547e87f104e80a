import { type Clock, JobQueue } from '@stint/core'
import { CHANCE, MONOTONIC, type OwnedClock } from '../../src/seam.js'
import { seededChance } from './chance.js'
import { jobs } from './definitions.js'
import { type Caller, Wire } from './wire.js'
import type { World } from './world.js'

/** One process: a queue on a wire of its own, with a wall clock of its own that is wrong in its own way. */
export class Host implements Caller {
  readonly name: string
  readonly world: World
  readonly clock: OwnedClock
  readonly queue: JobQueue<never, false>
  isDead = false
  isClosing = false
  #timers = 0

  constructor(world: World, name: string) {
    this.world = world
    this.name = name
    const { time, net } = world
    const skewMs =
      net.swarm.skewMs === 0 ? 0 : world.dice.between(-Math.abs(net.swarm.skewMs), Math.abs(net.swarm.skewMs))
    const chance = seededChance(world.dice.fork(), name)
    this.clock = {
      now: () => world.wall.now() + skewMs,
      after: (ms, run) => this.#after(ms, run),
      [MONOTONIC]: () => time.elapsed,
      [CHANCE]: chance,
    } satisfies Clock & OwnedClock
    this.queue = new JobQueue<never, false>({ store: new Wire(net, this), jobs, sweep: '3s' })
    this.queue.on('error', ({ error, doing }) => this.trace(`trouble ${doing}: ${error.message}`))
  }

  /** Timers that would still fire: none once the queue is closed. */
  get timers(): number {
    return this.#timers
  }

  get isGone(): boolean {
    return this.isDead || this.isClosing
  }

  /** Never returns on a host that has died. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.world.time.after(ms, () => {
        if (!this.isDead) resolve()
      })
    })
  }

  /** Without a word: leases are left to run out. */
  crash(): void {
    this.isDead = true
    this.trace('dies')
    this.world.hosts.delete(this)
  }

  trace(line: string): void {
    this.world.trace(this.name, line)
  }

  #after(ms: number, run: () => void): () => void {
    let isPending = true
    this.#timers++
    const over = (): void => {
      if (isPending) this.#timers--
      isPending = false
    }
    const cancel = this.world.time.after(ms, () => {
      over()
      if (!this.isDead) run()
    })
    return () => {
      over()
      cancel()
    }
  }
}
