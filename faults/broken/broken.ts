/** Stores that are broken on purpose, by `--break NAME`: a run on one of them must fail, else the runner proves nothing. */
import type { Batch, BatchResult, Change, ListQuery, Store } from '@stint/core'

interface Break {
  readonly says: string
  /** Which scenario has to find it. */
  readonly foundBy: string
  /** What takes the place of the store's own. */
  readonly of: (store: Store) => Partial<Pick<Store, 'exchange' | 'list'>>
}

const changing = (store: Store, how: (change: Change) => Change): Pick<Store, 'exchange'> => ({
  exchange: (batch) => store.exchange({ ...batch, changes: (batch.changes ?? []).map(how) }),
})

const isExpiry = ({ event }: Change): boolean => event.type === 'lease_expired'

export const BREAKS: Readonly<Record<string, Break>> = {
  'settles-without-token': {
    says: 'a job is ended by whoever says so: the token of the guard is ignored',
    foundBy: 'worker-stopped',
    of: (store) =>
      changing(store, (change) =>
        change.event.type === 'succeeded' ? { ...change, guard: { states: ['leased', 'running'] } } : change,
      ),
  },
  'acknowledges-before-commit': {
    says: 'an enqueue is acknowledged before it is written, and a write that fails is nobody’s',
    foundBy: 'server-killed',
    of: (store) => ({
      exchange: (batch) => {
        const isInsertOnly = !batch.changes?.length && !batch.beats?.length && !batch.claims?.length
        const answer = store.exchange(batch)
        return isInsertOnly ? answer.catch(() => asIfWritten(batch)) : answer
      },
    }),
  },
  'expires-by-own-clock': {
    says: 'the clock of the worker decides which leases are over',
    foundBy: 'wrong-clocks',
    of: (store) => ({
      ...changing(store, (change) => {
        const { leaseOver: _, ...guard } = change.guard
        return isExpiry(change) ? { ...change, guard } : change
      }),
      list: async (query) => {
        if (query.walk !== 'lease' || !query.overOnly) return store.list(query)
        const all: ListQuery = { ...query, overOnly: false }
        const page = await store.list(all)
        return { ...page, jobs: page.jobs.filter(({ lease }) => lease !== null && lease.until <= Date.now()) }
      },
    }),
  },
  'expires-twice': {
    says: 'a lease is expired without a look at what has become of it',
    foundBy: 'two-sweeps',
    of: (store) => changing(store, (change) => (isExpiry(change) ? { ...change, guard: {} } : change)),
  },
}

/** What the application sees of the store. null: as it is. */
export const brokenBy =
  (name: string | null) =>
  (store: Store): Store => {
    if (name === null) return store
    const broken: Partial<Record<string | symbol, unknown>> = BREAKS[name]?.of(store) ?? {}
    return new Proxy(store, {
      get(target, key) {
        if (broken[key]) return broken[key]
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

/** An answer as a store gives it that has written everything. */
function asIfWritten({ inserts = [] }: Batch): BatchResult {
  const now = Date.now()
  return {
    inserts: inserts.map(({ run: _, event: __, ...job }) => ({
      isNew: true,
      job: {
        ...job,
        ...{ version: 1, attempt: 0, runAt: now, createdAt: now, updatedAt: now, startedAt: null, finishedAt: null },
        ...{ lease: null, progress: null, checkpoint: null, result: null, error: null, log: null },
      },
    })),
    changes: [],
    beats: [],
    claims: [],
  }
}
