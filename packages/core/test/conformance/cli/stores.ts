/** What people give the program: stores that are well, and stores in which one thing goes wrong. */
import { appendFileSync } from 'node:fs'
import type { ConformanceOptions } from '../../../src/conformance/index.js'
import { memoryTableStore } from '../../../src/memory/memory-store.js'
import type { Batch, Store, StoreOptions } from '../../../src/store.js'

/** A memory store with some of its methods in other words. */
const store = (options: StoreOptions, over: (whole: Store) => Partial<Store> = () => ({})): Store => {
  const whole: Store = memoryTableStore(options)
  const others = over(whole)
  return new Proxy(whole, {
    get(_, name) {
      const value: unknown = Reflect.get(others, name) ?? Reflect.get(whole, name)
      return typeof value === 'function' ? value.bind(whole) : value
    },
  })
}

export const conformance: ConformanceOptions = { name: 'whole', store: (_space, options) => store(options) }

/** A function, asynchronous, as for a store that has to be made ready first. */
export const later = async (): Promise<ConformanceOptions> => ({ ...conformance, name: 'later' })

/** A change under a token is applied to whatever has the id. */
export const unfenced: ConformanceOptions = {
  name: 'unfenced',
  store: (_space, options) =>
    store(options, (whole) => ({
      async exchange(batch: Batch) {
        const changes = (batch.changes ?? []).map((change) => {
          const { token: _, ...guard } = change.guard
          return { ...change, guard: { states: ['leased', 'running'] as const, ...guard } }
        })
        return whole.exchange({ ...batch, changes })
      },
    })),
}

export const hangs: ConformanceOptions = {
  name: 'hangs',
  store: (_space, options) => store(options, () => ({ exchange: () => new Promise(() => {}) })),
}

/** Waits for what another process will write, in a loop that never gives the thread back. */
export const spins: ConformanceOptions = {
  name: 'spins',
  store: (_space, options) =>
    store(options, () => ({
      exchange() {
        for (;;);
      },
    })),
}

export const opensNot: ConformanceOptions = {
  name: 'opensNot',
  store: (_space, options) =>
    store(options, () => ({ open: () => Promise.reject(new Error('nobody listens on 5432')) })),
}

export const opensNever: ConformanceOptions = {
  name: 'opensNever',
  store: (_space, options) => store(options, () => ({ open: () => new Promise(() => {}) })),
}

export function throwsWhenMade(): ConformanceOptions {
  throw new Error('no password was given')
}

export const neverMade = (): Promise<ConformanceOptions> => new Promise(() => {})

export const destroysNot: ConformanceOptions = {
  ...conformance,
  destroy: () => {
    throw new Error('the folder is in use')
  },
}

/** A timer that outlives its store. */
export const leavesTimers: ConformanceOptions = {
  name: 'leavesTimers',
  store: (_space, options) => {
    setInterval(() => {}, 1000)
    return store(options)
  },
}

/** Throws where nobody can catch it. */
export const strays: ConformanceOptions = {
  name: 'strays',
  store: (_space, options) =>
    store(options, (whole) => ({
      close() {
        setTimeout(() => {
          throw new Error('the socket was closed twice')
        })
        return whole.close()
      },
    })),
}

export const prints: ConformanceOptions = {
  name: 'prints',
  store: (_space, options) => {
    console.log('connected')
    return store(options)
  },
}

/** Says in the file which spaces were begun and destroyed, and what was open when they were. */
export const tells = (): ConformanceOptions => {
  const say = (text: string): void => appendFileSync(process.env['TOLD'] ?? '', `${text}\n`)
  return {
    name: 'tells',
    store: (space, options) => {
      say(`made ${space}`)
      return store(options, (whole) => ({
        async exchange(batch: Batch) {
          await new Promise((resolve) => setTimeout(resolve, 20))
          return whole.exchange(batch)
        },
      }))
    },
    destroy: (space) => say(`destroyed ${space}`),
  }
}

/** One of each: most pass, CLAIM-6 fails, OPEN-3 is skipped, and of a settle and an expire at once the settle always wins. */
export const mixed: ConformanceOptions = {
  name: 'mixed',
  only: ['CLAIM-6', 'OPEN-3', 'GUARD-3'],
  runs: 2,
  store: (_space, options) =>
    store(options, (whole) => ({
      async exchange(batch: Batch) {
        if (batch.changes?.some(({ guard }) => guard.leaseOver)) await new Promise((resolve) => setTimeout(resolve, 4))
        const result = await whole.exchange(batch)
        return { ...result, claims: result.claims.map((claim) => ({ ...claim, nextDueInMs: null })) }
      },
    })),
}

export const noStore = { stor: () => null }
export const notAll = { store: () => null, destroy: 'rm -rf' }
