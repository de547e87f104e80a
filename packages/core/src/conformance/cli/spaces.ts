import type { Store } from '../../store.js'
import type { ConformanceOptions } from '../options.js'

/** Which spaces are in use, so that a run that ends early leaves nothing behind in anybody's database. */
export class Spaces {
  readonly options: ConformanceOptions
  readonly #given: ConformanceOptions
  readonly #stores = new Map<string, Set<Store>>()
  #isOver = false

  constructor(given: ConformanceOptions) {
    this.#given = given
    this.options = {
      ...given,
      store: (space, options) => this.#make(space, options),
      destroy: async (space) => {
        await given.destroy?.(space)
        this.#stores.delete(space)
      },
    }
  }

  #make(...[space, options]: Parameters<ConformanceOptions['store']>): Store | Promise<Store> {
    if (this.#isOver) throw new Error('the run is over')
    const stores = this.#stores.get(space) ?? new Set()
    this.#stores.set(space, stores)
    const made = this.#given.store(space, options)
    if (!(made instanceof Promise)) {
      stores.add(made)
      return made
    }
    return made.then((store) => {
      stores.add(store)
      return store
    })
  }

  /** Closes and destroys what is still there, and lets nothing new be made. Answers with what could not be. */
  async strike(): Promise<string[]> {
    this.#isOver = true
    const left: string[] = []
    for (const [space, stores] of this.#stores) {
      try {
        await Promise.allSettled([...stores].map((store) => store.close()))
        await this.#given.destroy?.(space)
      } catch (error) {
        left.push(`${space}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    this.#stores.clear()
    return left
  }
}
