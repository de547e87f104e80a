/** Builders with plain values: a case writes down what it is about, and nothing else. */
import assert from 'node:assert/strict'
import type { EventRecord, JobRecord } from '../../record.js'
import type {
  Batch,
  BatchResult,
  Change,
  ChangeResult,
  Claim,
  ClaimResult,
  EventDraft,
  FeedQuery,
  ListQuery,
  NewJob,
  Store,
} from '../../store.js'

let made = 0
/** Sorts after those before it, so the order of making is the order of ids. */
const next = (what: string): string => `${what}-${String(++made).padStart(7, '0')}`

export const draft = (type: string, over: Partial<EventDraft> = {}): EventDraft => ({
  type,
  actor: null,
  detail: null,
  ...over,
})

export const newJob = (over: Partial<NewJob> = {}): NewJob => ({
  id: next('job'),
  queue: 'default',
  type: 'mail',
  payload: '{"to":"ada"}',
  priority: 50,
  run: { inMs: 0 },
  maxAttempts: 5,
  key: null,
  keyUntil: 'finished',
  group: null,
  tags: [],
  ext: null,
  state: 'queued',
  event: draft('enqueued'),
  ...over,
})

export const newJobs = (count: number, over: Partial<NewJob> = {}): NewJob[] =>
  Array.from({ length: count }, () => newJob(over))

export const claim = (over: Partial<Claim> = {}): Claim => ({
  token: next('token'),
  workerId: 'worker-1',
  leaseMs: 30_000,
  to: 'running',
  max: 1,
  event: draft('leased'),
  from: [{ queue: 'default', limit: over.max ?? 1 }],
  ...over,
})

// ---- one call, one answer -------------------------------------------------------------------------------------------

export function only<T>(items: readonly T[]): T {
  assert.equal(items.length, 1, `expected one item, got ${items.length}`)
  return items[0] as T
}

export function at<T>(items: readonly T[], index: number): T {
  assert.ok(index < items.length, `expected more than ${index} items, got ${items.length}`)
  return items[index] as T
}

/** In slices that a store may be asked for; each must be new. Answers in their order. */
export async function insertAll(store: Store, jobs: readonly NewJob[]): Promise<JobRecord[]> {
  const records: JobRecord[] = []
  for (let from = 0; from < jobs.length; from += 500) {
    const { inserts } = await store.exchange({ inserts: jobs.slice(from, from + 500) })
    for (const { isNew, job } of inserts) {
      assert.equal(isNew, true, `the job ${job.id} was there already`)
      records.push(job)
    }
  }
  assert.equal(records.length, jobs.length)
  return records
}

export const insertOne = async (store: Store, over: Partial<NewJob> = {}): Promise<JobRecord> =>
  only(await insertAll(store, [newJob(over)]))

export async function changeAll(store: Store, changes: readonly Change[]): Promise<ChangeResult[]> {
  const results: ChangeResult[] = []
  for (let from = 0; from < changes.length; from += 500) {
    results.push(...(await store.exchange({ changes: changes.slice(from, from + 500) })).changes)
  }
  return results
}

export const changeOne = async (store: Store, change: Change): Promise<ChangeResult> =>
  only(await changeAll(store, [change]))

/** Applies the change, which must hold; answers with the job as it became. */
export async function must(store: Store, change: Change): Promise<JobRecord> {
  const result = await changeOne(store, { ...change, returning: true })
  assert.ok(result.ok, `expected the change '${change.event.type}' to be applied, got ${JSON.stringify(result)}`)
  assert.ok(result.job, 'with `returning` the answer has the job')
  return result.job
}

export const claimOnce = async (store: Store, over: Partial<Claim> = {}): Promise<ClaimResult> =>
  only((await store.exchange({ claims: [claim(over)] })).claims)

export const take = async (store: Store, over: Partial<Claim> = {}): Promise<readonly JobRecord[]> =>
  (await claimOnce(store, over)).jobs

/** Takes exactly these, by their ids. */
export async function takeIds(
  store: Store,
  ids: readonly string[],
  over: Partial<Claim> = {},
): Promise<readonly JobRecord[]> {
  const jobs = await take(store, { max: ids.length, from: [{ ids }], ...over })
  assert.deepEqual(idsOf(jobs), ids)
  return jobs
}

export const idsOf = (jobs: readonly { readonly id: string }[]): string[] => jobs.map((job) => job.id)

export async function read(store: Store, id: string): Promise<JobRecord> {
  const job = only(await store.get([id]))
  assert.ok(job, `the job ${id} is not there`)
  return job
}

export const tokenOf = (job: JobRecord): string => {
  assert.ok(job.lease, `the job ${job.id} has no lease`)
  return job.lease.token
}

// ---- everything there is --------------------------------------------------------------------------------------------

/** The query without `cursor`, followed to its end. A walk that does not end is an error, not a hang. */
export async function listAll(store: Store, query: ListQuery): Promise<JobRecord[]> {
  const jobs: JobRecord[] = []
  let cursor: string | null | undefined = query.cursor
  const met = new Set<string | null | undefined>()
  while (cursor !== null) {
    assert.ok(!met.has(cursor), `the walk '${query.walk}' comes back to the cursor ${cursor}: it does not end`)
    met.add(cursor)
    const page = await store.list(cursor === undefined ? query : { ...query, cursor })
    for (const job of page.jobs) jobs.push(job)
    cursor = page.cursor
  }
  return jobs
}

export async function eventsOf(store: Store, jobId: string): Promise<EventRecord[]> {
  const events: EventRecord[] = []
  for (let after = 0; ; ) {
    const page = await store.events(jobId, { afterSeq: after, limit: 1000 })
    events.push(...page)
    if (page.length < 1000) return events
    const last = page.at(-1)?.seq ?? 0
    assert.ok(
      last > after,
      `the events of ${jobId} behind seq ${after} end at seq ${last}: the pages go round in a ring`,
    )
    after = last
  }
}

/** The feed from there until it says that it has caught up. */
export async function feedFrom(
  store: Store,
  after: FeedQuery['after'],
  limit = 1000,
): Promise<{ events: EventRecord[]; cursor: string }> {
  const events: EventRecord[] = []
  let cursor = after
  for (let inVain = 0; ; inVain++) {
    assert.ok(inVain < 5000, 'the feed does not catch up')
    const page = await store.feed({ after: cursor, limit })
    assert.ok(page.events.length === 0 || page.cursor !== cursor, `the feed gives events and stays at ${cursor}`)
    if (page.events.length > 0) inVain = 0
    for (const { cursor: _, ...event } of page.events) events.push(event)
    cursor = page.cursor
    if (page.caughtUp) return { events, cursor }
  }
}

/** All that a reader can see, to be compared before and after. */
export async function seenOf(store: Store): Promise<unknown> {
  const jobs = await listAll(store, { walk: 'id', direction: 'asc', limit: 1000, bodies: true })
  const counts = (await store.stats()).filter(({ count }) => count !== 0).map((count) => JSON.stringify(count))
  return { jobs, counts: counts.sort(), feed: (await feedFrom(store, 'start')).events }
}

/** Inside the user's transaction, awaited or not: a synchronous store answers at once, any other by a promise. */
export async function exchangeIn(store: Store, batch: Batch, tx: unknown): Promise<BatchResult> {
  if (store.capabilities.transactions === 'sync')
    return (store.exchangeSync as (batch: Batch, options: { tx: unknown }) => BatchResult)(batch, { tx })
  return store.exchange(batch, { tx: tx as never })
}
