/** The statements of a store beside the memory store: one call after another, whatever is called, they answer alike and show the same. */
import { type BatchResult, memoryStore, type Store } from '@stint/core'
import fc from 'fast-check'
import { expect } from 'vitest'
import { SetClock } from '../../packages/core/test/table-store/clock.js'
import { everything } from '../../packages/core/test/table-store/everything.js'
import { type Drawing, histories, type Step } from './drawn-histories.js'

/** A store over an empty place, not open yet. */
export interface Candidate {
  readonly store: Store
  /** Behind its close. */
  readonly leave?: (() => Promise<void> | void) | undefined
}
export type Make = (clock: SetClock) => Candidate

export interface Likeness extends Drawing {
  readonly runs: number
}

export async function isLikeMemory(make: Make, { runs, ...drawing }: Likeness): Promise<void> {
  await fc.assert(
    fc.asyncProperty(histories(drawing), (history) => alike(history, make)),
    { numRuns: runs },
  )
}

async function alike(history: readonly Step[], make: Make): Promise<void> {
  const clocks = [new SetClock(), new SetClock()] as const
  const { store, leave } = make(clocks[0])
  const memory = memoryStore({ clock: clocks[1] })
  await store.open()
  await memory.open()
  try {
    for (const run of history) expect(told(await run(store, clocks[0]))).toEqual(told(await run(memory, clocks[1])))
    expect(await shown(store)).toEqual(await shown(memory))
  } finally {
    await store.close()
    await leave?.()
  }
}

/** What a store shows, restored into another place, shows the same there but for the places in the feed, and settings, which are not jobs. */
export async function isRestoredAlike(make: Make, { runs, ...drawing }: Likeness): Promise<void> {
  await fc.assert(
    fc.asyncProperty(histories(drawing), async (history) => {
      const clock = new SetClock()
      const [original, copy] = [make(clock), make(clock)]
      await Promise.all([original.store.open(), copy.store.open()])
      for (const run of history) await run(original.store, clock)
      const { jobs, events } = await everything(original.store)
      const restored = jobs.map((job, i) => ({ job, events: events[i] ?? [] }))
      await copy.store.restore?.(restored)
      const [before, after] = [await everything(original.store), await everything(copy.store)]
      expect({ ...after, feed: null, settings: null }).toEqual({ ...before, feed: null, settings: null })
      expect(await copy.store.restore?.(restored)).toEqual(jobs.map(() => false))
      expect(await everything(copy.store)).toEqual(after)
      for (const { store, leave } of [original, copy]) {
        await store.close()
        await leave?.()
      }
    }),
    { numRuns: runs },
  )
}

/** The order between jobs is each store's own (FEED-2). */
async function shown(store: Store): Promise<unknown> {
  const { feed, ...all } = await everything(store)
  const events = feed.map(({ cursor: _, ...event }) => event)
  return { ...all, feed: events.sort((a, b) => (a.jobId < b.jobId ? -1 : a.jobId > b.jobId ? 1 : a.seq - b.seq)) }
}

/** A refusal may be read behind the statement: of a job that a claim of the same batch took it then shows what that claim made of it. */
function told(answer: unknown): unknown {
  const { changes, claims } = (answer ?? {}) as Partial<BatchResult>
  if (changes === undefined || claims === undefined) return answer
  const taken = new Set(claims.flatMap(({ jobs }) => jobs.map(({ id }) => id)))
  return {
    ...(answer as BatchResult),
    changes: changes.map((one) => (!one.ok && one.job !== null && taken.has(one.job.id) ? { ...one, job: null } : one)),
  }
}
