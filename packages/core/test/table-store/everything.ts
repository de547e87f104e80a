/** All that a store shows of itself, read in small pages, so that two stores or two moments can be compared whole. */
import type { EventRecord, JobRecord, Terminal } from '../../src/record.js'
import type { IdWalk, ListQuery, Store } from '../../src/store.js'
import { TERMINAL_STATES } from '../../src/transitions.js'

export async function walked(store: Store, query: Omit<IdWalk, 'limit'> | ListQuery, limit = 7): Promise<JobRecord[]> {
  const jobs: JobRecord[] = []
  let cursor: string | null = null
  do {
    const page = await store.list({ ...query, limit, ...(cursor !== null && { cursor }) } as ListQuery)
    jobs.push(...page.jobs)
    cursor = page.cursor
  } while (cursor !== null)
  return jobs
}

export async function followed(store: Store, limit = 7): Promise<(EventRecord & { cursor: string })[]> {
  const events: (EventRecord & { cursor: string })[] = []
  let after = 'start'
  for (;;) {
    const page = await store.feed({ after, limit })
    events.push(...page.events)
    after = page.cursor
    if (page.caughtUp) return events
  }
}

const idsOf = (jobs: readonly JobRecord[]): string[] => jobs.map((job) => job.id)

export async function everything(store: Store) {
  const jobs = await walked(store, { walk: 'id', direction: 'asc', bodies: true })
  const queues = [...new Set(jobs.map((job) => job.queue))].sort()
  const finished = async (state: Terminal, direction: 'asc' | 'desc'): Promise<string[]> =>
    idsOf(await walked(store, { walk: 'finished', state, direction, limit: 7 }))
  return {
    jobs,
    backwards: idsOf(await walked(store, { walk: 'id', direction: 'desc' })),
    claim: await Promise.all(
      queues.flatMap((queue) =>
        [false, true].map(async (dueOnly) => idsOf(await walked(store, { walk: 'claim', queue, dueOnly, limit: 7 }))),
      ),
    ),
    lease: idsOf(await walked(store, { walk: 'lease', limit: 7 })),
    over: idsOf(await walked(store, { walk: 'lease', overOnly: true, limit: 7 })),
    finished: await Promise.all(
      TERMINAL_STATES.map(async (state) => [state, await finished(state, 'asc'), await finished(state, 'desc')]),
    ),
    holders: await store.get(jobs.flatMap(({ queue, key }) => (key === null ? [] : [{ queue, key }]))),
    events: await Promise.all(jobs.map((job) => store.events(job.id, { limit: 1000 }))),
    feed: await followed(store),
    counts: (await store.stats()).sort((a, b) => (a.queue + a.state < b.queue + b.state ? -1 : 1)),
    settings: [await store.settings('paused'), await store.settings('queue')],
  }
}
