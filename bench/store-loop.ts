import { isStintError, newJobId, type Store } from '@stint/core'
import { LEASE_MS, type Loop, MAX_ATTEMPTS, newToken, PAYLOAD, PRIORITY, QUEUE, TYPE, WORKER } from './loop.ts'

const event = (type: string) => ({ type, actor: null, detail: null })

const MOST_TRIES = 20

interface Held {
  readonly id: string
  readonly token: string
}

/** The store itself, without core above it: one exchange after the other. Nothing else claims from it, so a refusal is an error. */
export class StoreLoop implements Loop {
  readonly #store: Store
  #held: readonly Held[] = []

  constructor(store: Store) {
    this.#store = store
  }

  async enqueue(count: number): Promise<void> {
    const { inserts } = await this.#store.exchange({ inserts: Array.from({ length: count }, newJob) })
    if (!inserts.every(({ isNew }) => isNew)) throw new Error('an insert met a job of the same id')
  }

  async exchange(most: number): Promise<number> {
    const { changes, claims } = await this.#store.exchange({
      changes: this.#held.map(({ id, token }) => ({
        id,
        guard: { token },
        set: { state: 'succeeded' as const, result: null, error: null },
        event: event('succeeded'),
      })),
      claims: [
        {
          token: newToken(),
          workerId: WORKER,
          leaseMs: LEASE_MS,
          to: 'running',
          max: most,
          event: event('leased'),
          from: [{ queue: QUEUE, types: [TYPE], limit: most }],
        },
      ],
    })
    if (!changes.every(({ ok }) => ok)) throw new Error('a settle was refused, though nobody else works here')
    this.#held = (claims[0]?.jobs ?? []).map(({ id, lease }) => ({ id, token: lease?.token ?? '' }))
    return this.#held.length
  }

  /** What hangs on a sweep, and what hangs on a look at the counts. A store with much to catch up with may need more than one call's time for it. */
  async upkeep(): Promise<void> {
    await this.#store.list({ walk: 'lease', overOnly: true, limit: 1 })
    for (let tries = 1; ; tries++) {
      try {
        await this.#store.stats()
        return
      } catch (error) {
        if (tries === MOST_TRIES || !isStintError(error, 'STORE_UNAVAILABLE')) throw error
      }
    }
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

const newJob = () => ({
  id: newJobId(),
  queue: QUEUE,
  type: TYPE,
  payload: PAYLOAD,
  priority: PRIORITY,
  run: { inMs: 0 },
  maxAttempts: MAX_ATTEMPTS,
  key: null,
  keyUntil: 'finished' as const,
  group: null,
  tags: [],
  ext: null,
  state: 'queued' as const,
  event: event('enqueued'),
})
