/** The interleavings of the contract (2.9), forced by the order of calls where that can be done, else by many races: lost replies, the feed, large batches. */
import assert from 'node:assert/strict'
import type { JobRecord } from '../../record.js'
import type { Batch, Change, Store } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { cancel, failTo, release, reprioritise, retry, succeed } from '../commands.js'
import {
  at,
  changeAll,
  changeOne,
  claim,
  eventsOf,
  exchangeIn,
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
  takeIds,
  tokenOf,
} from '../fixtures.js'
import { jobIn } from '../job-in.js'
import { NEEDS } from '../needs.js'
import { together } from '../storm.js'

// ---- 12, 13 · replies that are lost ---------------------------------------------------------------------------------

const lost: readonly StoreCase[] = [
  fact(
    'race 12 › reply lost at each kind of write, repeated at once › no second event [IDEM-1, IDEM-2, IDEM-3, GUARD-1]',
    async ({ a, b }) => {
      const job = newJob({ key: 'k' })
      const writes: Batch[] = [{ inserts: [job] }]
      const sent = claim()
      const again = async (batch: Batch, repeated: Batch = batch): Promise<number> => {
        await a.exchange(batch) // the reply is lost
        const events = (await feedFrom(b, 'start')).events.length
        await b.exchange(repeated)
        assert.equal((await feedFrom(b, 'start')).events.length, events)
        return events
      }
      assert.equal(await again(at(writes, 0)), 1)
      assert.equal(await again({ claims: [sent] }, { claims: [{ ...sent, again: true }] }), 2)
      const held = await read(b, job.id)
      assert.equal(await again({ beats: [{ id: job.id, token: tokenOf(held), progress: '1' }] }), 2)
      assert.equal(await again({ changes: [failTo('dead', held)] }), 3)
      const dead = await read(b, job.id)
      assert.equal(await again({ changes: [retry(dead)] }), 4)
      assert.equal(await again({ changes: [reprioritise(await read(b, job.id))] }), 5)
      assert.equal(await again({ changes: [cancel(job)] }), 6)
    },
  ),
  fact(
    'race 12 › a settle repeated after the job was retried and claimed anew › is refused, and the first outcome stands [FENCE-1, GUARD-3]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'running')
      await must(a, failTo('queued', job)) // the reply is lost
      await must(a, { ...reprioritise(await read(a, job.id)), set: { run: { inMs: 0 } } })
      const second = only(await takeIds(b, [job.id]))
      assert.deepEqual(await changeOne(a, failTo('queued', job)), { ok: false, why: 'guard', job: second })
      const ended = (await eventsOf(b, job.id)).find(
        ({ fence, type }) => fence === job.lease?.fence && type === 'failed',
      )
      assert.equal(ended?.to, 'queued')
    },
  ),
  fact(
    'race 12 › a retry repeated after the job ran and died again › is not applied once more [GUARD-1, ATOM-2]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'dead')
      await must(a, retry(job)) // the reply is lost
      const dead = await must(b, failTo('dead', only(await takeIds(b, [job.id]))))
      assert.deepEqual(await changeOne(a, retry(job)), { ok: false, why: 'guard', job: dead })
    },
  ),
  fact(
    'race 12 › an insert and a settle repeated after the job was removed › a new job, and nothing [IDEM-1, REMOVE-2]',
    async ({ a, b }) => {
      const sent = newJob()
      await a.exchange({ inserts: [sent] })
      const job = only(await takeIds(a, [sent.id]))
      const done = await must(a, succeed(job))
      await b.remove([{ id: sent.id, version: done.version }])
      assert.deepEqual(await changeOne(a, succeed(job)), { ok: false, why: 'missing', job: null })
      assert.equal(only((await a.exchange({ inserts: [sent] })).inserts).isNew, true)
    },
  ),
  fact(
    'race 13 › a claim repeated before the first arrives › both sets are under one token, and `again` returns all [IDEM-2, CLAIM-2]',
    async ({ a, b }) => {
      const ids = idsOf(await insertAll(a, newJobs(5)))
      const sent = claim({ max: 2 })
      const repeated = only((await b.exchange({ claims: [{ ...sent, again: true }] })).claims).jobs
      const first = only((await a.exchange({ claims: [sent] })).claims).jobs // delivered late
      assert.deepEqual([...idsOf(repeated), ...idsOf(first)], ids.slice(0, 4))
      const all = only((await b.exchange({ claims: [{ ...sent, again: true }] })).claims).jobs
      assert.deepEqual(idsOf(all).sort(), ids.slice(0, 4))
      for (const { id, version } of all) assert.equal((await eventsOf(a, id)).length, version)
    },
  ),
  fact(
    'race 13 › a claim and its repeat at once › no job is in two leases, and `again` returns all that is held [IDEM-2, CLAIM-2]',
    async ({ a, b }) => {
      for (let n = 0; n < 10; n++) {
        const queue = `queue-${n}`
        await insertAll(a, newJobs(6, { queue }))
        const sent = claim({ max: 2, from: [{ queue, limit: 2 }] })
        const call = (store: Store, again: boolean) => store.exchange({ claims: [{ ...sent, again }] })
        const answers = await together(
          [0, 1, -1, 2, -2][n % 5] as number,
          () => call(a, false),
          () => call(b, true),
        )
        const taken = new Set(answers.flatMap(({ claims }) => idsOf(only(claims).jobs)))
        const held = only((await call(b, true)).claims).jobs
        assert.deepEqual(idsOf(held).sort(), [...taken].sort())
        assert.equal((await a.list({ walk: 'lease', queue, limit: 20 })).jobs.length, taken.size)
      }
    },
  ),
]

// ---- 14, 15 · the feed, and large batches ---------------------------------------------------------------------------

const crowds: readonly StoreCase[] = [
  fact(
    'race 14 › an early writer commits after a late one › the feed skips neither [FEED-1, FEED-4, TX-1]',
    async (stage) => {
      const { cursor } = await stage.b.feed({ after: 'end', limit: 1 })
      const transaction = await stage.hook('begin')(stage.space)
      assert.ok(transaction)
      const early = newJob()
      let late: Promise<JobRecord> | undefined
      try {
        await exchangeIn(stage.a, { inserts: [early] }, transaction.tx)
        late = insertOne(stage.b)
        late.catch(() => {})
        await stage.b.feed({ after: cursor, limit: 10 })
        await transaction.commit()
      } finally {
        await transaction.close()
      }
      const { id } = await late
      const met = (await feedFrom(stage.b, cursor)).events.map(({ jobId }) => jobId)
      assert.deepEqual([...met].sort(), [early.id, id].sort())
    },
    NEEDS.transactions,
    NEEDS.begin,
  ),
  fact(
    'race 14 › writers, removals and a reader of the feed at once › every event of a job that stays is met once [FEED-1, FEED-2, FEED-3]',
    async ({ a, b }) => {
      const met: string[] = []
      const stay: string[] = []
      let cursor = 'start'
      const churn = async (store: Store, queue: string): Promise<void> => {
        for (let n = 0; n < 6; n++) {
          const [gone, kept] = await insertAll(store, newJobs(2, { queue }))
          await changeAll(store, [cancel(gone as JobRecord), cancel(kept as JobRecord)])
          await store.remove([{ id: gone?.id as string, version: 2 }])
          stay.push(`${kept?.id} 1`, `${kept?.id} 2`)
        }
      }
      const read = async (): Promise<void> => {
        const page = await b.feed({ after: cursor, limit: 5 })
        met.push(...page.events.map(({ jobId, seq }) => `${jobId} ${seq}`))
        cursor = page.cursor
      }
      const writers = Promise.all([churn(a, 'q1'), churn(b, 'q2'), churn(a, 'q3')])
      writers.catch(() => {}) // told below; should the reader fail first, that is what is told
      for (let n = 0; n < 25; n++) await read()
      await writers
      while (!(await b.feed({ after: cursor, limit: 1 })).caughtUp) await read()
      await read()
      const ofStay = met.filter((one) => stay.includes(one))
      assert.deepEqual([...ofStay].sort(), [...stay].sort())
      assert.equal(new Set(met).size, met.length)
    },
  ),
  fact(
    'race 15 › two batches of 500 changes over the same jobs in opposite order › no deadlock surfaces, each job changes once per version [GUARD-3, ATOM-3, BATCH-2]',
    async ({ a, b }) => {
      const jobs = await insertAll(a, newJobs(500))
      for (let version = 1; version <= 3; version++) {
        const bump =
          (priority: number) =>
          (job: JobRecord): Change =>
            reprioritise({ ...job, version }, priority)
        const [up, down] = await Promise.all([
          a.exchange({ changes: jobs.map(bump(10)) }),
          b.exchange({ changes: [...jobs].reverse().map(bump(90)) }),
        ])
        const applied = up.changes.map(({ ok }, n) => [ok, at(down.changes, 499 - n).ok])
        for (const [one, other] of applied) assert.notEqual(one, other)
      }
      for (const job of await b.get(idsOf(jobs))) assert.equal(job?.version, 4)
    },
  ),
  fact(
    'race 15 › batches of changes against claims over the same jobs › no deadlock surfaces, and every number is given once [GUARD-3, CLAIM-2, ATOM-3]',
    async ({ a, b }) => {
      const jobs = await insertAll(a, newJobs(200))
      const [changed, ...claimed] = await Promise.all([
        a.exchange({ changes: [...jobs].reverse().map((job) => reprioritise(job, 60)) }),
        ...Array.from({ length: 5 }, () => take(b, { max: 40 })),
      ])
      const taken = claimed.flat()
      assert.equal(new Set(idsOf(taken)).size, taken.length)
      const applied = changed.changes.filter(({ ok }) => ok).length
      const versions = (await b.get(idsOf(jobs))).reduce((sum, job) => sum + (job?.version ?? 0), 0)
      assert.equal(versions, 200 + applied + taken.length)
      const back = await changeAll(
        a,
        taken.map((job) => release(job)),
      )
      assert.ok(back.every(({ ok }) => ok))
    },
  ),
]

export const racesOfCalls: readonly StoreCase[] = [...lost, ...crowds]
