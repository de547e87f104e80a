/** What is known of a broken store: what it does wrong, how people come to build it so, and which clauses must notice. */
import type { EngineHooks } from '../../../src/conformance/options.js'
import type { Store, StoreOptions } from '../../../src/store.js'

export interface BrokenStore {
  /** What it does wrong. */
  readonly name: string
  /** Of these, at least one case fails for each. */
  readonly clauses: readonly string[]
  /** Where it happens: the engine, and the line of code that a competent engineer wrote there. */
  readonly how: string
  /** Its number among the twenty-five of the draft of the contract; null: found since. Where that names two defects, two stores have it. */
  readonly draft: number | null
  readonly make: (options: StoreOptions, space: string) => Store
  /** What the suite may ask of it. */
  readonly engine: EngineHooks
}

interface About {
  readonly how: string
  readonly draft?: number
  readonly engine?: EngineHooks
}

export const broken = (
  name: string,
  clauses: string,
  Made: new (options: StoreOptions, space: string) => Store,
  { how, draft, engine = {} }: About,
): BrokenStore => ({
  name,
  clauses: clauses.split(', '),
  how,
  draft: draft ?? null,
  make: (options, space) => new Made(options, space),
  engine,
})
