import {
  type Batch,
  type BatchResult,
  JobQueue,
  type JobQueueOptions,
  memoryStore,
  StintError,
  type Store,
} from '@stint/core'
import { type TestClock, testClock } from '@stint/core/testing'
import { onTestFinished } from 'vitest'

export interface World {
  readonly clock: TestClock
  readonly store: Store<never, false>
  readonly jobs: JobQueue<never, false>
  /** Another queue over the same data, as another process would have it. */
  another(options?: Partial<JobQueueOptions<never, false>>): JobQueue<never, false>
}

/** A queue on a memory store in virtual time, closed when the test is over. */
export function world(options: Partial<JobQueueOptions<never, false>> = {}): World {
  const clock = testClock()
  const store = memoryStore({ clock })
  const queues: JobQueue<never, false>[] = []
  const make = (own: Partial<JobQueueOptions<never, false>> = {}): JobQueue<never, false> => {
    const jobs = new JobQueue<never, false>({ store, sweep: false, ...own })
    queues.push(jobs)
    return jobs
  }
  onTestFinished(async () => {
    for (const jobs of queues) {
      const closing = jobs.close({ grace: 0 })
      await clock.advance('10s')
      await closing
    }
  })
  return { clock, store, jobs: make(options), another: make }
}

/** Lets everything that can happen without time passing happen. */
export const settled = (clock: TestClock): Promise<void> => clock.advance(0)

/** A promise that is settled from outside: a barrier. */
export function gate<T = void>(): { readonly promise: Promise<T>; open(value: T): void; fail(error: unknown): void } {
  let open: (value: T) => void = () => {}
  let fail: (error: unknown) => void = () => {}
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { promise, open, fail }
}

/** The code of the StintError that a promise rejects with; fails when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return error instanceof StintError ? error.code : `${(error as Error).name}: ${(error as Error).message}`
  }
  return 'resolved'
}

/** `away` and `lose every reply` last until told otherwise. */
type Fault = 'pass' | 'lose request' | 'lose reply' | 'lose every reply' | 'away'

/** A store whose writes can be made to fail: before they happen, or after. */
export function faulty(store: Store<never, false>): { readonly store: Store<never, false>; next: Fault } {
  const control = {
    next: 'pass' as Fault,
    store: new Proxy(store, {
      get(target, key) {
        if (key === 'exchange') return exchange
        const value = Reflect.get(target, key, target) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    }),
  }
  async function exchange(batch: Batch): Promise<BatchResult> {
    const fault = control.next
    if (fault === 'away') throw new StintError('STORE_UNAVAILABLE', 'away', { store: store.name })
    if (fault !== 'lose every reply') control.next = 'pass'
    const unknown = new StintError('OUTCOME_UNKNOWN', 'cut', { store: store.name })
    if (fault === 'lose request') throw unknown
    const result = await store.exchange(batch)
    if (fault === 'lose reply' || fault === 'lose every reply') throw unknown
    return result
  }
  return control
}
