import assert from 'node:assert/strict'
import { newJobId } from '../../seam.js'
import type { Store, StoreOptions } from '../../store.js'
import { messageIn } from '../failure/thrown.js'
import { Transcript } from '../failure/transcript.js'
import type { ConformanceOptions, EngineHooks } from '../options.js'
import { Failpoints } from './failpoints.js'
import { type MovableClock, movableClock } from './movable-clock.js'

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

  /** A handle that shows what is there, for reports; null: none was made. What it is asked stands in no transcript. */
  get reader(): Store | null {
    return this.#b ?? this.#a ?? [...this.#opened].at(-1) ?? null
  }

  /** How many jobs stand in the way where cost must not grow with them. */
  get crowd(): number {
    return this.options.crowd ?? 20_000
  }

  /** A hook that the case needs; it is there, or the case was skipped. */
  hook<Name extends Exclude<keyof EngineHooks, 'cannot'>>(name: Name): NonNullable<EngineHooks[Name]> {
    const hook = this.options.engine?.[name]
    assert.ok(hook, `the case uses the hook '${name}' and does not say that it needs it`)
    return hook
  }

  async set(): Promise<void> {
    try {
      this.#a = await this.another({ failpoint: this.failpoints.pass }, this.space, 'A')
      this.#b = this.#a.capabilities.sharedByProcesses ? await this.another({}, this.space, 'B') : this.#a
    } catch (cause) {
      throw new Error(`OPEN-1: the case could not begin, its stores were not opened: ${messageIn(cause)}`, { cause })
    }
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

  /** Closes and removes all of it; one that fails keeps nothing from being tried. */
  async strike(): Promise<void> {
    const failed: unknown[] = []
    const tried = async (what: string, work: () => Promise<void> | void): Promise<void> => {
      try {
        await work()
      } catch (cause) {
        failed.push(new Error(`${what} failed after the case: ${messageIn(cause)}`, { cause }))
      }
    }
    for (const store of this.#opened) await tried('CLOSE-1: closing a store', () => store.close())
    for (const space of this.#spaces) await tried('destroying its space', () => this.options.destroy?.(space))
    if (failed.length > 0) throw failed[0]
  }
}

/** Names that every engine can make a file, a prefix or a schema of. */
export const newSpace = (what = 'case'): string => `${what}_${newJobId().toLowerCase()}`
