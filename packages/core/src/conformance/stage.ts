import assert from 'node:assert/strict'
import { newJobId } from '../seam.js'
import type { Store, StoreOptions } from '../store.js'
import { Failpoints } from './failpoints.js'
import { type MovableClock, movableClock } from './movable-clock.js'
import type { ConformanceOptions, EngineHooks } from './options.js'
import { Transcript } from './transcript.js'

/** What a case plays on: two handles over a space of its own, a clock that is moved by hand, failpoints in A. */
export class Stage {
  readonly space = newSpace()
  readonly clock: MovableClock = movableClock()
  readonly failpoints = new Failpoints()
  readonly transcript = new Transcript()
  readonly options: ConformanceOptions
  readonly #opened = new Set<Store>()
  readonly #spaces = new Set<string>([this.space])
  #a: Store | null = null
  #b: Store | null = null

  constructor(options: ConformanceOptions) {
    this.options = options
  }

  get a(): Store {
    assert.ok(this.#a)
    return this.#a
  }

  /** Another handle on the same data where the store is shared by processes, else A. */
  get b(): Store {
    assert.ok(this.#b)
    return this.#b
  }

  /** How many jobs stand in the way where cost must not grow with them. */
  get crowd(): number {
    return this.options.crowd ?? 20_000
  }

  /** A hook that the case needs; it is there, or the case was skipped. */
  hook<Name extends keyof EngineHooks>(name: Name): NonNullable<EngineHooks[Name]> {
    const hook = this.options.engine?.[name]
    assert.ok(hook, `the case uses the hook '${name}' and does not say that it needs it`)
    return hook
  }

  async set(): Promise<void> {
    this.#a = await this.another({ failpoint: this.failpoints.pass }, this.space, 'A')
    this.#b = this.#a.capabilities.sharedByProcesses ? await this.another({}, this.space, 'B') : this.#a
  }

  /** One more handle over the space of the case, opened. */
  async another(options: StoreOptions = {}, space = this.space, name?: string): Promise<Store> {
    const store = await this.unopened(options, space, name)
    await store.open()
    return store
  }

  async unopened(options: StoreOptions = {}, space = this.space, name = `#${this.#opened.size + 1}`): Promise<Store> {
    this.#spaces.add(space)
    const store = await this.options.store(space, { clock: this.clock, ...options })
    this.#opened.add(store)
    return this.transcript.watch(store, name)
  }

  /** A space beside that of the case: what is done there, to be closed or spoilt, leaves A and B alone. */
  elsewhere(): string {
    const space = newSpace()
    this.#spaces.add(space)
    return space
  }

  /** Closes A and B and opens them anew, as a process that was started again would. */
  async restart(): Promise<void> {
    await this.b.close()
    await this.a.close()
    await this.set()
  }

  async strike(): Promise<void> {
    for (const store of this.#opened) await store.close()
    for (const space of this.#spaces) await this.options.destroy?.(space)
  }
}

/** Names that every engine can make a file, a prefix or a schema of. */
export const newSpace = (what = 'case'): string => `${what}_${newJobId().toLowerCase()}`
