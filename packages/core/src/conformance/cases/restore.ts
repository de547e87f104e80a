import assert from 'node:assert/strict'
import type { Restored, Store } from '../../store.js'
import { isTerminal, STATES } from '../../transitions.js'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { release, reprioritise, succeed } from '../stage/commands.js'
import {
  at,
  eventsOf,
  feedFrom,
  idsOf,
  insertAll,
  insertOne,
  listAll,
  must,
  newJob,
  newJobs,
  only,
  read,
  seenOf,
  take,
  takeIds,
} from '../stage/fixtures.js'
import { checkInvariants } from '../stage/invariants.js'
import { jobIn } from '../stage/job-in.js'
import type { Stage } from '../stage/stage.js'

/** Everything of a store, as a migration reads it. */
async function copied(store: Store): Promise<Restored[]> {
  const jobs = await listAll(store, { walk: 'id', direction: 'asc', limit: 100, bodies: true })
  return Promise.all(jobs.map(async (job) => ({ job, events: await eventsOf(store, job.id) })))
}

const restoreInto = async (store: Store, jobs: readonly Restored[]): Promise<boolean[]> => {
  assert.ok(store.restore)
  return store.restore(jobs)
}

/** A store elsewhere with a job in each state and a history on some. */
async function source(stage: Stage): Promise<Restored[]> {
  const store = await stage.another({}, stage.elsewhere())
  for (const state of STATES) {
    await jobIn(store, state, { key: `key-${state}`, tags: ['t'], payload: '{"a":1}', ext: '{"e":1}', priority: 77 })
    stage.clock.move(1000)
  }
  const job = await insertOne(store, { queue: 'long' })
  for (let n = 0; n < 5; n++) await must(store, release(only(await takeIds(store, [job.id]))))
  return copied(store)
}

export const restore: readonly StoreCase[] = [
  fact(
    'restore › writes records and events as they were given [RESTORE-1]',
    async (stage) => {
      const jobs = await source(stage)
      stage.clock.move(50_000)
      assert.deepEqual(
        await restoreInto(stage.a, jobs),
        jobs.map(() => true),
      )
      assert.deepEqual(await copied(stage.b), jobs)
      await checkInvariants(stage.b)
    },
    NEEDS.restore,
  ),
  fact(
    'restore › gives the events new positions: a reader that had caught up meets them [RESTORE-1, FEED-1, FEED-2]',
    async (stage) => {
      const jobs = await source(stage)
      await insertAll(stage.a, newJobs(3))
      const { cursor } = await feedFrom(stage.b, 'start')
      await restoreInto(stage.a, jobs)
      const met = (await feedFrom(stage.b, cursor)).events
      for (const { job, events } of jobs)
        assert.deepEqual(
          met.filter(({ jobId }) => jobId === job.id),
          events,
        )
      assert.equal(
        met.length,
        jobs.reduce((sum, { events }) => sum + events.length, 0),
      )
    },
    NEEDS.restore,
  ),
  fact(
    'restore › of ids that exist › answers false and leaves them unchanged [RESTORE-1, ATOM-2]',
    async (stage) => {
      const jobs = await source(stage)
      const mine = await insertOne(stage.a, { id: at(jobs, 3).job.id, payload: '"mine"' })
      const answers = await restoreInto(stage.a, jobs)
      assert.deepEqual(
        answers,
        jobs.map((_, n) => n !== 3),
      )
      assert.deepEqual(await read(stage.b, mine.id), mine)
      assert.equal((await eventsOf(stage.b, mine.id)).length, 1)
      const before = await seenOf(stage.b)
      assert.deepEqual(
        await restoreInto(stage.b, jobs),
        jobs.map(() => false),
      )
      assert.deepEqual(await seenOf(stage.b), before)
    },
    NEEDS.restore,
  ),
  fact(
    'restore › of a live job whose key is held › answers false and leaves both as they are [RESTORE-1, UNIQ-1, ATOM-2]',
    async (stage) => {
      const jobs = await source(stage)
      const keys = jobs.flatMap(({ job: { key } }) => key ?? [])
      const holders = await insertAll(
        stage.a,
        keys.map((key) => newJob({ key })),
      )
      const before = await seenOf(stage.b)
      const isLive = ({ job }: Restored): boolean => job.key !== null && !isTerminal(job.state)
      const live = jobs.filter(isLive)
      assert.deepEqual(
        await restoreInto(stage.a, live),
        live.map(() => false),
      )
      assert.deepEqual(await seenOf(stage.b), before)
      // One that is over holds nothing, and neighbours of one that is refused come in.
      assert.deepEqual(
        await restoreInto(stage.a, jobs),
        jobs.map((one) => !isLive(one)),
      )
      const answered = await stage.b.get(keys.map((key) => ({ queue: 'default', key })))
      assert.deepEqual(answered, holders)
    },
    NEEDS.restore,
  ),
  fact(
    'restore › of two live jobs with one key › the first holds it, the second is answered false [RESTORE-1, UNIQ-1]',
    async (stage) => {
      const elsewhere = await stage.another({}, stage.elsewhere())
      const one = await insertOne(elsewhere, { key: 'k' })
      const two = await insertOne(elsewhere, { key: 'k', queue: 'other' })
      const [first, second] = await copied(elsewhere)
      assert.ok(first && second)
      const twin = {
        job: { ...second.job, queue: one.queue },
        events: second.events.map((e) => ({ ...e, queue: one.queue })),
      }
      assert.deepEqual(await restoreInto(stage.a, [first, twin]), [true, false])
      assert.deepEqual(await stage.b.get([{ queue: one.queue, key: 'k' }, two.id]), [one, null])
    },
    NEEDS.restore,
  ),
  fact(
    'restored jobs › go on as if they had always been here: lease, line, keys, numbers [RESTORE-1, ATOM-3, UNIQ-1]',
    async (stage) => {
      const jobs = await source(stage)
      await restoreInto(stage.a, jobs)
      const held = jobs.find(({ job }) => job.state === 'running')?.job
      const queued = jobs.find(({ job }) => job.state === 'queued' && job.queue === 'default')?.job
      assert.ok(held && queued)
      assert.equal((await must(stage.a, succeed(held))).version, held.version + 1)
      assert.equal((await must(stage.b, reprioritise(queued))).version, queued.version + 1)
      assert.deepEqual(
        (await stage.a.exchange({ inserts: newJobs(1, { key: queued.key }) })).inserts.map(({ job }) => job.id),
        [queued.id],
      )
      assert.deepEqual(idsOf(await take(stage.b, { max: 5 })), [queued.id])
    },
    NEEDS.restore,
  ),
]
