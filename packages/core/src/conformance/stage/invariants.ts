/** What holds on every store whenever no call is under way, whatever was done to it. */
import assert from 'node:assert/strict'
import { byClaimOrder } from '../../kit.js'
import type { EventRecord, JobRecord, State } from '../../record.js'
import type { Store } from '../../store.js'
import { explains, isHeld, isTerminal, TERMINAL_STATES } from '../../transitions.js'
import { eventsOf, feedFrom, idsOf, listAll } from './fixtures.js'
import { checkRemembered, type Remembered } from './remembered.js'

/** Rejects with the first thing that does not hold; the message begins with its clause. `remembered`: what was told to those who used the store. */
export async function checkInvariants(store: Store, remembered: Remembered = {}): Promise<void> {
  const jobs = await listAll(store, { walk: 'id', direction: 'asc', limit: 1000 })
  const feed = (await feedFrom(store, 'start')).events
  checkFeed(jobs, feed)
  const byJob = Map.groupBy(feed, (event) => event.jobId)
  checkRemembered(remembered, jobs, byJob)
  for (let from = 0; from < jobs.length; from += 100) {
    const some = jobs.slice(from, from + 100)
    const events = await Promise.all(some.map((job) => eventsOf(store, job.id)))
    for (const [index, job] of some.entries()) {
      const own = events[index] ?? []
      checkRecord(job)
      checkReplay(job, own)
      checkTold(job, byJob.get(job.id) ?? [], own)
    }
  }
  await checkCounts(store, jobs)
  await checkKeys(store, jobs)
  await checkWalks(store, jobs)
}

/** One by one: to show where two lists of ten thousand differ takes an assertion minutes, in which no deadline is kept. */
function checkTold({ id }: JobRecord, told: readonly EventRecord[], own: readonly EventRecord[]): void {
  for (const [n, event] of own.entries())
    assert.deepEqual(told[n], event, `FEED-1: the feed tells of ${id} what its events tell`)
}

function checkFeed(jobs: readonly JobRecord[], feed: readonly EventRecord[]): void {
  const there = new Set(idsOf(jobs))
  assert.equal(there.size, jobs.length, 'LIST-1: the walk by id lists each job once')
  for (const { jobId, seq } of feed)
    assert.ok(there.has(jobId), `REMOVE-2: the feed has event ${seq} of ${jobId}, which is not there`)
  const total = jobs.reduce((sum, job) => sum + job.version, 0)
  assert.equal(feed.length, total, 'FEED-1: the feed has every event of the jobs that are there, once')
}

function checkRecord(job: JobRecord): void {
  const told = `${job.id} (${job.state})`
  if (job.lease) assert.ok(isHeld(job.state), `FENCE-3: ${told} has a lease though nobody can hold it`)
  if (job.state === 'leased') assert.ok(job.lease, `FENCE-3: ${told} is nobody's`)
  assert.equal(job.finishedAt !== null, isTerminal(job.state), `ATOM-1: finishedAt of ${told}`)
  for (const at of [job.runAt, job.createdAt, job.updatedAt, job.startedAt, job.finishedAt, job.lease?.until]) {
    if (at !== null && at !== undefined)
      assert.ok(Number.isInteger(at) && at >= 0 && at < 2 ** 45, `TIME-3: instant ${at} of ${told}`)
  }
}

interface Replayed {
  state: State | null
  attempt: number
  at: number
  lease: { readonly fence: number; readonly workerId: string | null } | null
  wasClaimed: boolean
}

/** The events alone give the state, the attempt, the version and whose lease it is. */
function checkReplay(job: JobRecord, events: readonly EventRecord[]): void {
  assert.equal(events.length, job.version, `ATOM-3: ${job.id} has version ${job.version} and ${events.length} events`)
  const was: Replayed = { state: null, attempt: 0, at: 0, lease: null, wasClaimed: false }
  for (const [index, event] of events.entries()) {
    const told = `event ${event.seq} (${event.type}) of ${job.id}`
    assert.equal(event.seq, index + 1, `ATOM-3: ${told} is the ${index + 1}. one`)
    replay(was, event, told)
    assert.equal(event.queue, job.queue, `ATOM-4: queue of ${told}`)
    assert.ok(event.at >= was.at, `TIME-5: ${told} is earlier than the one before`)
    was.at = event.at
  }
  assert.equal(was.state, job.state, `ATOM-1: state of ${job.id} by its events`)
  assert.equal(was.attempt, job.attempt, `ATOM-1: attempt of ${job.id} by its events`)
  assert.ok(job.updatedAt >= was.at, `TIME-5: ${job.id} was updated before its last event`)
  assert.equal(job.lease?.fence ?? null, was.lease?.fence ?? null, `FENCE-2: fence of ${job.id} by its events`)
  assert.equal(job.lease?.workerId ?? null, was.lease?.workerId ?? null, `ATOM-4: holder of ${job.id} by its events`)
  if (job.keyUntil === 'claimed' && was.wasClaimed)
    assert.equal(job.key, null, `UNIQ-2: ${job.id} has a key after its claim`)
}

function replay(was: Replayed, event: EventRecord, told: string): void {
  const { state, attempt, lease } = was
  assert.equal(event.from, state, `ATOM-4: ${told} leaves a state that the job was not in`)
  assert.ok(explains(event.type, event.from, event.to), `ATOM-4: ${told} leads from ${event.from} to ${event.to}`)
  if (event.type === 'leased') {
    was.attempt += 1
    was.wasClaimed = true
    was.lease = { fence: event.seq, workerId: event.workerId }
  } else if (event.type === 'retried') was.attempt = 0
  else if (event.to === 'queued' && (event.type === 'released' || event.type === 'snoozed')) was.attempt -= 1
  if (!isHeld(event.to)) was.lease = null
  was.state = event.to
  const shown = lease ?? was.lease
  assert.equal(event.attempt, lease ? attempt : was.attempt, `ATOM-4: attempt of ${told}`)
  assert.equal(event.fence, shown?.fence ?? null, `ATOM-4: fence of ${told}`)
  assert.equal(event.workerId, shown?.workerId ?? null, `ATOM-4: worker of ${told}`)
}

async function checkCounts(store: Store, jobs: readonly JobRecord[]): Promise<void> {
  const counted = new Map<string, number>()
  for (const job of jobs) {
    const of = `${job.queue} ${job.state}`
    counted.set(of, (counted.get(of) ?? 0) + 1)
  }
  const stats = (await store.stats()).filter(({ count }) => count !== 0)
  const told = new Map(stats.map(({ queue, state, count }) => [`${queue} ${state}`, count]))
  assert.equal(told.size, stats.length, 'COUNT-1: each queue and state is counted once')
  const sorted = (counts: Map<string, number>): unknown => [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  assert.deepEqual(sorted(told), sorted(counted), 'COUNT-1: stats equal a count over all records')
}

async function checkKeys(store: Store, jobs: readonly JobRecord[]): Promise<void> {
  const holders = new Map<string, JobRecord>()
  for (const job of jobs) {
    if (job.key === null || isTerminal(job.state)) continue
    const held = JSON.stringify([job.queue, job.key])
    assert.ok(!holders.has(held), `UNIQ-1: ${job.id} and ${holders.get(held)?.id} hold one key`)
    holders.set(held, job)
  }
  for (const job of jobs) {
    if (job.key === null) continue
    const [found] = await store.get([{ queue: job.queue, key: job.key }])
    const holder = holders.get(JSON.stringify([job.queue, job.key]))
    assert.equal(found?.id ?? null, holder?.id ?? null, `UNIQ-5: the holder of the key of ${job.id}`)
  }
}

async function checkWalks(store: Store, jobs: readonly JobRecord[]): Promise<void> {
  const byTime = (time: (job: JobRecord) => number) => (a: JobRecord, b: JobRecord) =>
    time(a) - time(b) || (a.id < b.id ? -1 : 1)
  const leased = jobs.filter((job) => job.lease).sort(byTime((job) => job.lease?.until ?? 0))
  assert.deepEqual(
    idsOf(await listAll(store, { walk: 'lease', limit: 1000 })),
    idsOf(leased),
    'LIST-1: the walk by lease',
  )
  for (const queue of new Set(jobs.map((job) => job.queue))) {
    const queued = jobs.filter((job) => job.queue === queue && job.state === 'queued').sort(byClaimOrder)
    const walked = await listAll(store, { walk: 'claim', queue, limit: 1000 })
    assert.deepEqual(idsOf(walked), idsOf(queued), `LIST-1: the walk in claim order over ${queue}`)
  }
  for (const state of TERMINAL_STATES) {
    const ended = jobs.filter((job) => job.state === state).sort(byTime((job) => job.finishedAt ?? 0))
    const walked = await listAll(store, { walk: 'finished', direction: 'asc', state, limit: 1000 })
    assert.deepEqual(idsOf(walked), idsOf(ended), `LIST-1: the walk over what is ${state}`)
  }
}
