import assert from 'node:assert/strict'
import { type FeedEvent, isStintError } from '@stint/core'
// Loaded before time begins: the first queue to open would wait for it in real time, and open behind hosts that began later.
import '../../src/open-rooms.js'
import { checkInvariants } from '../../src/conformance/stage/invariants.js'
import { isTerminal } from '../../src/transitions.js'
import { Dice } from './chance.js'
import { Chaos } from './chaos.js'
import { LANES } from './definitions.js'
import { BEHAVIOURS, handlersOf } from './handlers.js'
import { Host } from './host.js'
import { Ledger } from './ledger.js'
import { operate } from './operator.js'
import { produce } from './producer.js'
import { pull } from './puller.js'
import { drawSwarm } from './swarm.js'
import { finishTracked, track } from './tracker.js'
import { VirtualTime } from './virtual-time.js'
import type { Net } from './wire.js'
import { Witness } from './witness.js'

/** 2030-01-01T00:00:00Z */
const START = 1_893_456_000_000
const STEP_MS = 5000
/** From the moment the faults end, every acknowledged job is over within this. */
const BOUND_MS = 180_000
/** From the moment a queue is told to close without grace to speak of. */
const CLOSE_BOUND_MS = 60_000

export type Role = 'front' | 'worker' | 'puller' | 'reader'

/** One seed, one world: hosts over one store, people who use them, and everything that can go wrong between. */
export class World {
  readonly seed: number
  readonly dice: Dice
  readonly time: VirtualTime
  readonly net: Net
  readonly witness: Witness
  readonly ledger = new Ledger()
  readonly hosts = new Set<Host>()
  /** Hosts that were closed in order: nothing of them may still be ticking. */
  readonly closed: Host[] = []
  readonly behaviours: typeof BEHAVIOURS
  readonly whenHealed: (() => void)[] = []
  readonly failures: unknown[] = []
  /** What a feed's reader has met. */
  readonly read: FeedEvent[] = []
  readonly lines: string[] | null
  wallOffsetMs = 0
  #made = 0

  constructor(seed: number, isTraced = false) {
    this.seed = seed
    this.lines = isTraced ? [] : null
    const dice = new Dice(seed)
    this.dice = dice.fork()
    this.time = new VirtualTime(dice.fork())
    const swarm = drawSwarm(dice.fork())
    this.behaviours = BEHAVIOURS.filter(() => this.dice.happens(0.6))
    if (this.behaviours.length === 0) this.behaviours = BEHAVIOURS
    const clock = { now: () => this.wall.now(), after: (ms: number, run: () => void) => this.time.after(ms, run) }
    this.witness = new Witness(clock, (message) => void this.failures.push(new Error(message)))
    this.net = {
      time: this.time,
      dice: dice.fork(),
      store: this.witness.store,
      swarm,
      isHealed: false,
      isAway: false,
      unknowns: 0,
    }
    this.trace('world', JSON.stringify(swarm))
  }

  readonly wall = { now: (): number => START + this.time.elapsed + this.wallOffsetMs }

  get isHealed(): boolean {
    return this.net.isHealed
  }

  // ---- what the people in it use --------------------------------------------------------------------------------------------

  trace(who: string, line: string): void {
    this.lines?.push(`${(this.time.elapsed / 1000).toFixed(3).padStart(8)} ${who.padEnd(6)} ${line}`)
  }

  newId(): string {
    return `job-${String(++this.#made).padStart(4, '0')}`
  }

  /** Of those that are known, more often a late one. */
  anyJob(): string | undefined {
    const known = [...this.ledger.acknowledged]
    return known.length === 0 ? undefined : this.dice.pick(known.slice(-this.dice.pick([5, 20, 500])))
  }

  anyHost(): Host | undefined {
    const there = [...this.hosts].filter((host) => !host.isGone)
    return there.length === 0 ? undefined : this.dice.pick(there)
  }

  cancel(host: Host, id: string): Promise<unknown> {
    return this.ledger.call(host, 'cancel', id, (actor) => host.queue.cancel(id, { actor, reason: 'changed my mind' }))
  }

  /** Off it goes; what it throws fails the world. */
  start(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => this.failures.push(error))
  }

  // ---- hosts ----------------------------------------------------------------------------------------------------------------

  host(role: Role): Host {
    const host = new Host(this, `${role[0]}${++this.#made}`)
    this.hosts.add(host)
    host.trace(`begins as ${role}`)
    if (role === 'worker') this.#work(host)
    if (role === 'puller') for (const worker of ['pull-1', 'pull-2']) this.start(() => pull(host, worker))
    if (role === 'reader') this.start(() => this.#follow(host))
    if (role === 'front') for (const person of [produce, produce, operate, track]) this.start(() => person(host))
    return host
  }

  #work(host: Host): void {
    const concurrency = this.dice.between(1, 4)
    host.queue.work(handlersOf(host, concurrency), {
      workerId: host.name,
      concurrency,
      prefetch: this.dice.pick([0, 0, 1, 4]),
      lease: this.dice.between(1000, 8000),
      poll: this.dice.between(500, 2000),
      ...(this.dice.happens(0.3) && { queues: LANES }),
    })
  }

  async #follow(host: Host): Promise<void> {
    let after = 'start'
    while (!host.isGone) {
      try {
        for await (const event of host.queue.feed({ after })) {
          this.read.push(event)
          after = event.cursor
        }
      } catch (error) {
        if (!isStintError(error, 'STORE_UNAVAILABLE') && !isStintError(error, 'QUEUE_CLOSED')) throw error
        await host.sleep(500)
      }
    }
  }

  // ---- its history ----------------------------------------------------------------------------------------------------------

  async run(): Promise<void> {
    await this.net.store.open()
    const chaos = new Chaos(this)
    const roles: Role[] = [
      'front',
      'front',
      'puller',
      'reader',
      ...(Array(this.dice.between(2, 3)).fill('worker') as Role[]),
    ]
    for (const role of roles) this.host(role)
    chaos.begin()
    const until = this.dice.between(8, 12) * STEP_MS
    while (this.time.elapsed < until) await this.#step(this.dice.happens(0.2))
    await this.#heal()
    await this.#closeAll()
    await this.#check()
  }

  async #step(isChecked: boolean): Promise<void> {
    await this.time.runUntil(this.time.elapsed + STEP_MS)
    await this.witness.follow()
    if (isChecked) await checkInvariants(this.net.store)
    if (this.failures.length > 0) throw this.failures[0]
  }

  async #heal(): Promise<void> {
    this.net.isHealed = true
    this.net.isAway = false
    this.trace('world', 'healed')
    for (const tell of this.whenHealed.splice(0)) tell()
    const healer = this.host('worker')
    const worker = this.host('worker')
    worker.queue.work(handlersOf(worker, 10), { workerId: 'healer', concurrency: 10, queues: LANES, lease: '10s' })
    this.start(() => this.#clear(healer))
    const end = this.time.elapsed + BOUND_MS
    for (let open = await this.#open(); open.length > 0; open = await this.#open()) {
      assert.ok(this.time.elapsed < end, `not over ${BOUND_MS} ms after the last fault: ${open.join(', ')}`)
      await this.#step(false)
    }
  }

  /** What no worker can end: lanes that are paused, jobs that wait for somebody, jobs of lanes or types that nobody takes. */
  async #clear(host: Host): Promise<void> {
    // What operators have under way comes first, or it pauses a lane that was just resumed.
    await host.sleep(STEP_MS)
    for (const queue of LANES) {
      await host.queue.resume(queue)
      await host.queue.configure(queue, { maxQueued: null })
    }
    for (const lane of LANES) this.start(() => pull(host, `clear-${lane}`))
    while (!host.isGone) {
      await finishTracked(host)
      const { jobs } = await host.queue.list({ state: 'queued', limit: 1000 })
      for (const job of jobs) {
        if (job.type === 'pulled' && job.queue !== 'pull')
          for (const lease of await host.queue.claim({ workerId: 'clear', ids: [job.id] }))
            await lease.succeed('cleared')
      }
      await host.sleep(3000)
    }
  }

  /** Acknowledged jobs that are not over. */
  async #open(): Promise<string[]> {
    const ids = [...this.ledger.acknowledged].filter((id) => !this.witness.removed.has(id))
    const jobs = await this.net.store.get(ids)
    return ids.flatMap((id, index) => {
      const job = jobs[index]
      assert.ok(job || this.witness.removed.has(id), `acknowledged job ${id} is lost`)
      return job && !isTerminal(job.state) ? [`${id} (${job.queue}, ${job.type}, ${job.state})`] : []
    })
  }

  async #closeAll(): Promise<void> {
    await this.#step(false)
    const all = [...this.hosts]
    const closing = all.filter((host) => !host.isClosing).map((host) => this.close(host, 1000))
    let isOver = false
    void Promise.all(closing).then(() => {
      isOver = true
    })
    await this.time.runUntil(this.time.elapsed + CLOSE_BOUND_MS)
    assert.ok(isOver, `a queue is not closed ${CLOSE_BOUND_MS} ms later`)
    for (const host of this.closed) assert.equal(host.timers, 0, `${host.name} is closed, and has timers`)
  }

  async close(host: Host, graceMs: number): Promise<void> {
    host.isClosing = true
    host.trace('closes')
    const began = this.time.elapsed
    await host.queue.close({ grace: graceMs })
    host.trace('is closed')
    this.hosts.delete(host)
    if (host.isDead) return
    this.closed.push(host)
    assert.ok(this.time.elapsed - began < CLOSE_BOUND_MS, `${host.name} took ${this.time.elapsed - began} ms to close`)
  }

  async #check(): Promise<void> {
    await this.witness.follow()
    await checkInvariants(this.net.store)
    this.ledger.check(this.witness.events)
    const { jobs } = await this.net.store.list({ walk: 'id', direction: 'asc', limit: 1000 })
    for (const { attempt, id, maxAttempts } of jobs)
      assert.ok(attempt <= maxAttempts, `${id} was run ${attempt} times, of ${maxAttempts}`)
    if (this.failures.length > 0) throw this.failures[0]
    this.#checkReader()
  }

  /** Who follows the feed, with all its breaks, meets every event of the jobs that are there once, and each job's in order. */
  #checkReader(): void {
    const gone = this.witness.removed
    const met = Map.groupBy(this.read, (event) => event.jobId)
    const all = Map.groupBy(this.witness.events, (event) => event.jobId)
    for (const [id, events] of all) {
      if (gone.has(id)) continue
      assert.deepEqual(
        (met.get(id) ?? []).map((one) => one.seq),
        events.map((one) => one.seq),
        `FEED-1: what was read of ${id}`,
      )
    }
  }
}
