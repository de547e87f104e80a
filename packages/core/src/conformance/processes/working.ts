/** Several processes at work over one place: what one does, the others see, and none does what another has done. */
import assert from 'node:assert/strict'
import type { EventRecord } from '../../record.js'
import type { Store } from '../../store.js'
import { NotExercised, type StoreCase } from '../case.js'
import { cancel, succeed } from '../stage/commands.js'
import {
  changeOne,
  eventsOf,
  feedFrom,
  idsOf,
  insertAll,
  insertOne,
  must,
  newJob,
  newJobs,
  only,
  read,
  take,
} from '../stage/fixtures.js'
import { long } from './long.js'
import { withOpenProcesses } from './with-processes.js'

const claiming: readonly StoreCase[] = [
  long(
    'claims › by four processes over 400 jobs › are disjoint, and all jobs are taken [CLAIM-2, CLAIM-6, ORDER-4]',
    async (stage) => {
      const ids = idsOf(await insertAll(stage.a, newJobs(400)))
      const taken = await withOpenProcesses(stage, 4, (_, remotes) =>
        Promise.all(
          remotes.map(
            ({ process }, n) =>
              process.order({ do: 'claim all', queue: 'default', max: 5, workerId: `worker-${n}` }) as Promise<
                string[]
              >,
          ),
        ),
      )
      assert.deepEqual(taken.flat().sort(), ids)
      for (const [n, own] of taken.entries()) {
        const jobs = await stage.b.get(own)
        for (const job of jobs) assert.equal(job?.lease?.workerId, `worker-${n}`)
      }
      if (taken.filter((own) => own.length > 0).length < 2)
        throw new NotExercised(`one of four processes took all 400 jobs before the others began`)
    },
  ),
  long(
    'a unique key › inserted by four processes at once › is held by one job, and all answer with it [UNIQ-4, UNIQ-1]',
    async (stage) => {
      await withOpenProcesses(stage, 4, async (stores) => {
        const winners = new Set<number>()
        for (let n = 0; n < 20; n++) {
          const key = `key-${n}`
          const answers = await Promise.all(
            [...stores, ...stores].map((store) => store.exchange({ inserts: [newJob({ key })] })),
          )
          const inserts = answers.map((answer) => only(answer.inserts))
          assert.equal(inserts.filter(({ isNew }) => isNew).length, 1)
          const holder = only(await stage.b.get([{ queue: 'default', key }]))
          for (const { job } of inserts) assert.equal(job.id, holder?.id)
          winners.add(inserts.findIndex(({ isNew }) => isNew) % stores.length)
        }
        if (winners.size < 2) throw new NotExercised('one process was first at each of 20 keys')
      })
    },
  ),
]

/** Writes jobs and ends them, one call after another. */
async function churn(store: Store, queue: string, rounds: number): Promise<void> {
  for (let n = 0; n < rounds; n++) {
    const [kept, gone] = await insertAll(store, newJobs(2, { queue }))
    assert.ok(kept && gone)
    await must(store, cancel(kept))
    await must(store, cancel(gone))
    await store.remove([{ id: gone.id, version: 2 }])
  }
}

const told = ({ jobId, seq }: EventRecord): string => `${jobId} ${seq}`

const seeing: readonly StoreCase[] = [
  long(
    'the feed › read by one process while three write › has every event once and each job’s in order; another goes on from its cursor [FEED-1, FEED-2, FEED-4, FEED-5]',
    async (stage) => {
      await withOpenProcesses(stage, 4, async ([reader, ...writers]) => {
        assert.ok(reader)
        const met: EventRecord[] = []
        let cursor: string = 'start'
        let pages = 0
        const follow = async (): Promise<void> => {
          const page = await reader.feed({ after: cursor, limit: 7 })
          met.push(...page.events.map(({ cursor: _, ...event }) => event))
          cursor = page.cursor
          if (page.events.length > 0) pages++
        }
        let isWriting = true
        const writing = Promise.all(writers.map((store, n) => churn(store, `queue-${n}`, 12))).finally(() => {
          isWriting = false
        })
        writing.catch(() => {}) // told below
        while (isWriting) await follow()
        await writing
        const during = pages
        const rest = await feedFrom(stage.b, cursor) // by another process, from the reader's cursor
        const all = [...met, ...rest.events].map(told)
        assert.equal(new Set(all).size, all.length, 'an event was met twice')
        const there = (await feedFrom(stage.a, 'start')).events.map(told)
        assert.deepEqual(all.filter((one) => there.includes(one)).sort(), there.sort())
        for (const own of Map.groupBy([...met, ...rest.events], ({ jobId }) => jobId).values())
          assert.deepEqual(
            own.map(({ seq }) => seq),
            own.map(({ seq }) => seq).sort(),
          )
        if (during < 3) throw new NotExercised(`the reader met events on ${during} pages while the others wrote`)
      })
    },
  ),
  long(
    'pause › acknowledged in one process › holds for every claim that begins later in another [PAUSE-1]',
    async (stage) => {
      await withOpenProcesses(stage, 2, async ([one, other]) => {
        assert.ok(one && other)
        for (let n = 0; n < 10; n++) {
          const queue = `queue-${n}`
          const from = [{ queue, limit: 1 }]
          const jobs = await insertAll(stage.a, newJobs(3, { queue }))
          assert.equal((await take(other, { from })).length, 1)
          await one.configure([{ kind: 'paused', name: queue, value: '{}' }])
          assert.deepEqual(await take(other, { max: 9, from: [{ queue, limit: 9 }, { ids: idsOf(jobs) }] }), [])
          assert.deepEqual(await take(stage.b, { from }), [])
          await other.configure([{ kind: 'paused', name: queue, value: null }])
          assert.equal((await take(one, { from })).length, 1)
        }
      })
    },
  ),
  long(
    'a read › that begins in one process after a write was acknowledged in another › sees it [READ-1, EVENT-3, COUNT-1]',
    async (stage) => {
      await withOpenProcesses(stage, 2, async (stores) => {
        for (let n = 0; n < 20; n++) {
          const [writer, reader] = n % 2 ? [...stores].reverse() : stores
          assert.ok(writer && reader)
          const queue = `queue-${n}`
          const job = await insertOne(writer, { queue, key: 'k' })
          assert.deepEqual(await reader.get([job.id, { queue, key: 'k' }]), [job, job])
          const taken = only(await take(writer, { from: [{ queue, limit: 1 }], token: `token-${n}` }))
          assert.deepEqual(await read(reader, job.id), taken)
          const { cursor } = await reader.feed({ after: 'end', limit: 1 })
          const done = await must(writer, succeed(taken))
          assert.deepEqual(await read(reader, job.id), done)
          assert.equal((await eventsOf(reader, job.id)).length, 3)
          assert.deepEqual((await feedFrom(reader, cursor)).events.map(told), [`${job.id} 3`])
          assert.deepEqual(
            (await reader.stats()).filter((one) => one.queue === queue && one.count > 0),
            [{ queue, state: 'succeeded', count: 1 }],
          )
          assert.equal((await changeOne(reader, cancel(job))).ok, false)
        }
      })
    },
  ),
]

export const working: readonly StoreCase[] = [...claiming, ...seeing]
