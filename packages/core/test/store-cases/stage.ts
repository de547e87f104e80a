import assert from 'node:assert/strict'
import { newJobId, systemClock } from '../../src/seam.js'
import type { Store, StoreOptions } from '../../src/store.js'
import { NotExercised, type StoreCase } from './case.js'
import { type MovableClock, movableClock } from './fixtures.js'
import { checkInvariants } from './invariants.js'
import type { StoreCasesOptions } from './options.js'

/** Longest time of a case, its invariants included. */
export const CASE_MS = 30_000

/** Throws at the n-th point that a write passes, once. */
export class Failpoints {
  #countdown = 0
  passed: string[] = []
  thrownAt: string | null = null

  readonly pass = (name: string): void => {
    this.passed.push(name)
    if (this.#countdown === 0 || --this.#countdown > 0) return
    this.thrownAt = name
    throw new Error(`the failpoint '${name}' threw`)
  }

  arm(nth: number): void {
    this.#countdown = nth
    this.thrownAt = null
    this.passed = []
  }

  disarm(): void {
    this.#countdown = 0
  }
}

/** What a case plays on: two handles over a space of its own, a clock that is moved by hand, failpoints in A. */
export class Stage {
  readonly space = newSpace()
  readonly clock: MovableClock = movableClock()
  readonly failpoints = new Failpoints()
  readonly options: StoreCasesOptions
  readonly #opened = new Set<Store>()
  readonly #spaces = new Set<string>([this.space])
  #a: Store | null = null
  #b: Store | null = null

  constructor(options: StoreCasesOptions) {
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

  async set(): Promise<void> {
    this.#a = await this.another({ failpoint: this.failpoints.pass })
    this.#b = this.#a.capabilities.sharedByProcesses ? await this.another() : this.#a
  }

  /** One more handle over the space of the case, opened. */
  async another(options: StoreOptions = {}, space = this.space): Promise<Store> {
    const store = await this.unopened(options, space)
    await store.open()
    return store
  }

  async unopened(options: StoreOptions = {}, space = this.space): Promise<Store> {
    this.#spaces.add(space)
    const store = await this.options.make(space, { clock: this.clock, ...options })
    this.#opened.add(store)
    return store
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
const newSpace = (): string => `case_${newJobId().toLowerCase()}`

export type Outcome =
  | { readonly outcome: 'passed' }
  | { readonly outcome: 'failed'; readonly error: unknown }
  | { readonly outcome: 'not exercised'; readonly reason: string }

/** Runs a case on a stage of its own, then looks whether everything still holds. */
export async function runCase(one: StoreCase, options: StoreCasesOptions): Promise<Outcome> {
  const stage = new Stage(options)
  try {
    await withDeadline(play(one, stage))
    await withDeadline(stage.strike())
    return { outcome: 'passed' }
  } catch (error) {
    await withDeadline(stage.strike()).catch(() => {}) // what failed first is what is told
    if (error instanceof NotExercised) return { outcome: 'not exercised', reason: error.message }
    return { outcome: 'failed', error }
  }
}

async function play(one: StoreCase, stage: Stage): Promise<void> {
  await stage.set()
  try {
    await one.run(stage)
  } catch (error) {
    if (error instanceof NotExercised) await checkInvariants(stage.b)
    throw error
  }
  stage.failpoints.disarm()
  await checkInvariants(stage.b)
}

function withDeadline<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = systemClock.after(CASE_MS, () => reject(new Error(`the case was not over within ${CASE_MS} ms`)))
    work.then(resolve, reject).finally(cancel)
  })
}
