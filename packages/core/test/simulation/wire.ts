import {
  type Batch,
  type BatchResult,
  type Capabilities,
  type Clock,
  type Hint,
  type Removal,
  type SettingWrite,
  StintError,
  type Store,
} from '@stint/core'
import type { Dice } from './chance.js'
import type { Swarm } from './swarm.js'
import type { VirtualTime } from './virtual-time.js'

/** What lies between the hosts and the store, the same for all. */
export interface Net {
  readonly time: VirtualTime
  readonly dice: Dice
  readonly store: Store<never, false>
  readonly swarm: Swarm
  /** Faults are over. */
  isHealed: boolean
  isAway: boolean
  unknowns: number
}

/** Who calls. What is sent by one who has died may still arrive; what comes back reaches nobody. */
export interface Caller {
  readonly name: string
  readonly isDead: boolean
  readonly clock: Clock
  trace(line: string): void
}

const LATE_MS = 2000
const HANGS_MS = 2000

type Fate = 'pass' | 'refuse' | 'lose request' | 'lose reply' | 'late'

/**
 * One host's connection to the store, which loses requests and replies, delays them, and delivers some after it was given up. Writes fail as
 * the contract has it: `STORE_UNAVAILABLE` only where surely nothing happened, `OUTCOME_UNKNOWN` else; a read that fails has changed nothing.
 */
export class Wire implements Store<never, false> {
  readonly contract = 1
  readonly name = 'memory'
  readonly exchangeSync = undefined
  readonly capabilities: Capabilities
  readonly #net: Net
  readonly #caller: Caller
  readonly #unsubscribe = new Set<() => void>()
  /** Between the answer of `open` and the queue's next call, which is one of those that open a queue. */
  #release: (() => void) | null = null

  constructor(net: Net, caller: Caller) {
    this.#net = net
    this.#caller = caller
    const { ownClock, atomicBatches } = net.swarm
    this.capabilities = { ...net.store.capabilities, ownClock, atomicBatches }
  }

  get clock(): Clock {
    return this.#caller.clock
  }

  readonly open = async (): Promise<void> => {
    await this.#read('open', async () => {})
    this.#release ??= this.#net.time.hold()
  }
  readonly now = (): Promise<number> => this.#read('now', () => this.#net.store.now())
  readonly get: Store['get'] = (refs) => this.#read('get', () => this.#net.store.get(refs))
  readonly list: Store['list'] = (query) => this.#read(`list ${query.walk}`, () => this.#net.store.list(query))
  readonly events: Store['events'] = (id, query) => this.#read('events', () => this.#net.store.events(id, query))
  readonly feed: Store['feed'] = (query) => this.#read('feed', () => this.#net.store.feed(query))
  readonly stats = (): ReturnType<Store['stats']> => this.#read('stats', () => this.#net.store.stats())
  readonly settings: Store['settings'] = (kind) => this.#read('settings', () => this.#net.store.settings(kind))
  readonly exchange = (batch: Batch): Promise<BatchResult> =>
    this.#write(told(batch), () => this.#exchange(batch), mayBeLate(batch))
  readonly remove = (jobs: readonly Removal[]): Promise<boolean[]> =>
    this.#write(`remove ${jobs.map((job) => job.id).join(' ')}`, () => this.#net.store.remove(jobs))
  readonly configure = (writes: readonly SettingWrite[]): ReturnType<Store['configure']> =>
    this.#write(`configure ${writes.map((one) => `${one.kind}/${one.name}`).join(' ')}`, () =>
      this.#net.store.configure(writes),
    )

  subscribe(listener: (hint: Hint) => void): () => void {
    const stop = this.#net.store.subscribe((hint) => this.#hint(listener, hint))
    this.#unsubscribe.add(stop)
    return stop
  }

  async close(): Promise<void> {
    for (const stop of this.#unsubscribe) stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  // ---- faults ---------------------------------------------------------------------------------------------------------------

  async #read<T>(what: string, act: () => Promise<T>): Promise<T> {
    const fate = this.#draw()
    await this.#travel()
    await this.#meetOutage(what, false)
    if (fate !== 'pass' && fate !== 'late') throw this.#unavailable(what)
    const answer = await act()
    await this.#travel()
    return this.#caller.isDead ? await NEVER : answer
  }

  async #write<T>(what: string, act: () => Promise<T>, canBeLate = true): Promise<T> {
    const { dice, isHealed, swarm, time } = this.#net
    const fate = this.#draw()
    await this.#travel()
    await this.#meetOutage(what, true)
    if (fate === 'refuse') throw this.#unavailable(what)
    if (fate === 'lose request' || (fate === 'late' && !canBeLate)) throw this.#unknown(what, 'request lost')
    if (fate === 'late') {
      time.after(dice.between(1, LATE_MS), () => {
        this.#caller.trace(`${what}: arrives late`)
        act().catch(() => {})
      })
      throw this.#unknown(what, 'late')
    }
    if (this.#caller.isDead && dice.happens(0.5)) return NEVER
    const answer = await act()
    this.#caller.trace(what)
    if (!isHealed && swarm.slowMs > 0) await this.#travel()
    if (this.#caller.isDead) return NEVER
    if (fate === 'lose reply') throw this.#unknown(what, 'reply lost')
    return answer
  }

  #draw(): Fate {
    this.#release?.()
    this.#release = null
    const { dice, isHealed, swarm } = this.#net
    if (isHealed) return 'pass'
    if (dice.happens(swarm.refuse)) return 'refuse'
    if (dice.happens(swarm.loseRequest)) return 'lose request'
    if (dice.happens(swarm.loseReply)) return 'lose reply'
    return dice.happens(swarm.late) ? 'late' : 'pass'
  }

  async #travel(): Promise<void> {
    const { dice, isHealed, swarm, time } = this.#net
    if (isHealed || swarm.slowMs === 0 || dice.happens(0.5)) return
    await time.sleep(dice.between(0, dice.happens(0.02) ? 10 * swarm.slowMs : swarm.slowMs))
  }

  async #meetOutage(what: string, isWrite: boolean): Promise<void> {
    if (!this.#net.isAway) return
    const { dice, time } = this.#net
    const hangs = dice.happens(0.3)
    await time.sleep(hangs ? dice.between(1, HANGS_MS) : 1)
    throw hangs && isWrite ? this.#unknown(what, 'away') : this.#unavailable(what)
  }

  /** Item by item where batches are not whole: each is whole or absent, and the call may stop between two. */
  async #exchange(batch: Batch): Promise<BatchResult> {
    const { dice, isHealed, store, swarm } = this.#net
    if (swarm.atomicBatches) return store.exchange(batch)
    const result: { -readonly [Part in keyof BatchResult]: BatchResult[Part][number][] } = {
      inserts: [],
      changes: [],
      beats: [],
      claims: [],
    }
    for (const part of ['inserts', 'changes', 'beats', 'claims'] as const) {
      for (const item of batch[part] ?? []) {
        if (!isHealed && dice.happens(swarm.cut)) throw this.#unknown(told(batch), 'cut')
        const answer = await store.exchange({ [part]: [item] })
        result[part].push(answer[part][0] as never)
      }
    }
    return result
  }

  #hint(listener: (hint: Hint) => void, hint: Hint): void {
    const { dice, isHealed, swarm, time } = this.#net
    const tell = (): void => {
      if (!this.#caller.isDead) listener(hint)
    }
    if (!isHealed && dice.happens(swarm.loseHint)) {
      if (dice.happens(0.5)) return
      // Late; and, some of them, also in time.
      time.after(dice.between(0, 1000), tell)
      if (dice.happens(0.7)) return
    }
    tell()
  }

  #unavailable(what: string): StintError<'STORE_UNAVAILABLE'> {
    this.#caller.trace(`${what}: refused`)
    return new StintError('STORE_UNAVAILABLE', 'The store is away; nothing was written.', { store: this.name })
  }

  #unknown(what: string, why: string): StintError<'OUTCOME_UNKNOWN'> {
    this.#caller.trace(`${what}: unknown (${why})`)
    this.#net.unknowns++
    return new StintError('OUTCOME_UNKNOWN', `Nobody knows (${why}).`, { store: this.name })
  }
}

/**
 * Not so where a request that acts after its repeat was answered makes that answer wrong: a claim takes a job again under a token that has
 * lost it, an insert takes a key that its repeat found held, a cancel meets a job that was retried since. The contract leaves it to stores to
 * give up a call on both ends (a statement's own timeout below the deadline).
 */
const mayBeLate = ({ inserts = [], changes = [], claims = [] }: Batch): boolean =>
  inserts.length === 0 && claims.length === 0 && changes.every((change) => change.event.type !== 'cancelled')

const NEVER = new Promise<never>(() => {})

function told({ inserts = [], changes = [], beats = [], claims = [] }: Batch): string {
  return [
    ...inserts.map((job) => `insert ${job.id}`),
    ...changes.map((change) => `${change.event.type} ${change.id}`),
    ...beats.map((beat) => `beat ${beat.id}`),
    ...claims.map((claim) => `claim ${claim.token}${claim.again ? ' again' : ''} ${claim.max}`),
  ].join(', ')
}
