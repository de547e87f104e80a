/** The interleavings of the contract (2.9), forced by the order of calls where that can be done, else by many races. */
import assert from 'node:assert/strict'
import type { JobRecord, State } from '../../src/record.js'
import type { Batch, Change, ChangeResult, Store } from '../../src/store.js'
import { fact, type StoreCase } from './case.js'
import { cancel, expireTo, failTo, release, reprioritise, retry, succeed } from './commands.js'
import {
  at,
  changeAll,
  changeOne,
  claim,
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
  seenOf,
  take,
  takeIds,
  tokenOf,
} from './fixtures.js'
import { jobIn } from './job-in.js'
import { exchangeIn, NEEDS } from './options.js'
import type { Stage } from './stage.js'
import { storm, together } from './storm.js'

const told = async (store: Store, id: string): Promise<string[]> => (await eventsOf(store, id)).map(({ type }) => type)

/** Exactly one was applied; the other was refused and was shown the job as the winner left it. */
function winner(one: ChangeResult, other: ChangeResult, states: { first: State; second: State }): 'first' | 'second' {
  assert.notEqual(one.ok, other.ok, 'exactly one of the two is applied')
  const [won, lost] = one.ok ? (['first', other] as const) : (['second', one] as const)
  assert.ok(!lost.ok && lost.why === 'guard', `the loser is refused by its guard, got ${JSON.stringify(lost)}`)
  assert.equal(lost.job.state, states[won], 'the loser is shown what the winner made of the job')
  return won
}

// ---- 1 · claim against claim ----------------------------------------------------------------------------------------

const claimers: readonly StoreCase[] = [
  fact('race 1 › twenty claimers, one job › one has it, and it has two events [CLAIM-2, ATOM-3]', async ({ a, b }) => {
    for (let n = 0; n < 5; n++) {
      const { id } = await insertOne(a)
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => take(i % 2 ? a : b)))
      assert.deepEqual(idsOf(answers.flat()), [id])
      assert.deepEqual(await told(a, id), ['enqueued', 'leased'])
    }
  }),
  fact(
    'race 1 › claimers of two handles at 500 jobs › take disjoint sets, and all of them [CLAIM-2, CLAIM-3, ORDER-4]',
    async ({ a, b }) => {
      const ids = idsOf(await insertAll(a, newJobs(500)))
      const taken: string[] = []
      const work = async (store: Store): Promise<void> => {
        for (let empty = 0; empty < 3; ) {
          const { jobs, nextDueInMs } = only((await store.exchange({ claims: [claim({ max: 7 })] })).claims)
          assert.ok(jobs.length <= 7)
          taken.push(...idsOf(jobs))
          if (jobs.length === 0 && nextDueInMs !== 0) empty++
        }
      }
      await Promise.all(Array.from({ length: 8 }, (_, n) => work(n % 2 ? a : b)))
      assert.deepEqual([...taken].sort(), ids)
    },
  ),
]

// ---- 2, 3, 9 · leases that are over ---------------------------------------------------------------------------------

const overdue = async ({ a, clock }: Stage): Promise<JobRecord> => {
  const { job } = await jobIn(a, 'running')
  clock.move(30_000)
  return job
}

const leases: readonly StoreCase[] = [
  fact('race 2 › settle, then expire › the expire is refused [GUARD-3, FENCE-3, FENCE-4]', async (stage) => {
    const job = await overdue(stage)
    const done = await must(stage.a, succeed(job))
    assert.deepEqual(await changeOne(stage.b, expireTo('queued', job)), { ok: false, why: 'guard', job: done })
  }),
  fact('race 2 › expire, then settle › the settle is refused [GUARD-3, FENCE-3, FENCE-1]', async (stage) => {
    const job = await overdue(stage)
    const back = await must(stage.a, expireTo('queued', job))
    assert.deepEqual(await changeOne(stage.b, succeed(job)), { ok: false, why: 'guard', job: back })
  }),
  fact(
    'race 2 › settle and expire at once › one wins, and the other sees who [GUARD-1, GUARD-2, GUARD-3]',
    async (stage) => {
      await storm(async (offset) => {
        const job = await overdue(stage)
        const [settled, expired] = await together(
          offset,
          () => changeOne(stage.a, succeed(job)),
          () => changeOne(stage.b, expireTo('dead', job)),
        )
        assert.equal((await told(stage.a, job.id)).length, 3)
        return winner(settled, expired, { first: 'succeeded', second: 'dead' })
      })
    },
  ),
  fact(
    'race 3 › heartbeat after the end of the lease › before the expire it prolongs from now, and the expire is refused [FENCE-4, TIME-6, GUARD-1]',
    async (stage) => {
      const job = await overdue(stage)
      const beat = { id: job.id, token: tokenOf(job), leaseMs: 30_000, returning: true }
      const beaten = only((await stage.a.exchange({ beats: [beat] })).beats)
      assert.equal(beaten.job?.lease?.until, stage.clock.now() + 30_000)
      assert.deepEqual(await changeOne(stage.b, expireTo('queued', job)), { ok: false, why: 'guard', job: beaten.job })
    },
  ),
  fact(
    'race 3 › heartbeat after the expire › is refused, the job as it is [FENCE-1, FENCE-3, ATOM-2]',
    async (stage) => {
      const job = await overdue(stage)
      const back = await must(stage.a, expireTo('queued', job))
      const before = await seenOf(stage.a)
      const { beats } = await stage.b.exchange({
        beats: [{ id: job.id, token: tokenOf(job), leaseMs: 30_000, progress: '1' }],
      })
      assert.deepEqual(beats, [{ ok: false, why: 'guard', job: back }])
      assert.deepEqual(await seenOf(stage.a), before)
    },
  ),
  fact(
    'race 9 › eight sweeps over the same leases › each lease expires once [GUARD-1, GUARD-3, ATOM-3]',
    async ({ a, b, clock }) => {
      await insertAll(a, newJobs(30))
      const jobs = await take(a, { max: 30, leaseMs: 1000 })
      clock.move(1000)
      const sweep = async (store: Store): Promise<number> => {
        const over = (await store.list({ walk: 'lease', overOnly: true, limit: 100 })).jobs
        return (
          await changeAll(
            store,
            over.map((job) => expireTo('queued', job)),
          )
        ).filter(({ ok }) => ok).length
      }
      const expired = await Promise.all(Array.from({ length: 8 }, (_, n) => sweep(n % 2 ? a : b)))
      assert.equal(
        expired.reduce((sum, one) => sum + one),
        30,
      )
      for (const { id } of jobs) assert.deepEqual(await told(b, id), ['enqueued', 'leased', 'lease_expired'])
    },
  ),
]

// ---- 4, 5 · cancel --------------------------------------------------------------------------------------------------

const cancels: readonly StoreCase[] = [
  fact(
    'race 4 › cancel, then claim › the job is cancelled and taken by nobody [GUARD-3, CLAIM-1]',
    async ({ a, b }) => {
      const job = await insertOne(a)
      await must(a, cancel(job))
      assert.deepEqual(await take(b, { from: [{ queue: 'default', limit: 1 }, { ids: [job.id] }] }), [])
    },
  ),
  fact('race 4 › claim, then cancel › the cancel ends the lease [GUARD-3, FENCE-3, ATOM-4]', async ({ a, b }) => {
    const { id } = await insertOne(a)
    const job = only(await take(a))
    await must(b, cancel({ id }))
    assert.equal((await eventsOf(a, id)).at(-1)?.from, 'running')
    assert.equal((await changeOne(a, succeed(job))).ok, false)
  }),
  fact(
    'race 4 › cancel and claim at once › the cancel is never told that the job is missing, and always ends it [GUARD-2, GUARD-1, ATOM-4]',
    async ({ a, b }) => {
      await storm(async (offset) => {
        const { id } = await insertOne(a)
        const [cancelled, taken] = await together(
          offset,
          () => changeOne(a, cancel({ id })),
          () => take(b, { from: [{ queue: 'default', limit: 1 }] }),
        )
        assert.equal(cancelled.ok, true, JSON.stringify(cancelled))
        assert.equal((await read(b, id)).state, 'cancelled')
        const events = (await eventsOf(a, id)).map(({ type, from }) => `${type} from ${from}`)
        const beaten = taken.length === 1
        assert.deepEqual(
          events.slice(1),
          beaten ? ['leased from queued', 'cancelled from running'] : ['cancelled from queued'],
        )
        return beaten ? 'second' : 'first'
      })
    },
  ),
  fact(
    'race 5 › cancel and settle at once › one terminal event, and the loser is shown the winner’s state [GUARD-1, GUARD-2, GUARD-3]',
    async ({ a, b }) => {
      await storm(async (offset) => {
        const { job } = await jobIn(a, 'running')
        const [cancelled, settled] = await together(
          offset,
          () => changeOne(a, cancel(job)),
          () => changeOne(b, succeed(job)),
        )
        assert.equal((await told(a, job.id)).length, 3)
        return winner(cancelled, settled, { first: 'cancelled', second: 'succeeded' })
      })
    },
  ),
]

// ---- 6, 7, 8 · unique keys ------------------------------------------------------------------------------------------

const insertOf = async (store: Store, over: Parameters<typeof newJob>[0]) =>
  only((await store.exchange({ inserts: [newJob(over)] })).inserts)

const keys: readonly StoreCase[] = [
  fact(
    'race 6 › two inserts of one key at once › one is new, both answer with it [UNIQ-4, UNIQ-1]',
    async ({ a, b }) => {
      await storm(async (offset, n) => {
        const key = `race-${n}`
        const [one, two] = await together(
          offset,
          () => insertOf(a, { key }),
          () => insertOf(b, { key }),
        )
        assert.notEqual(one.isNew, two.isNew)
        assert.equal(one.job.id, two.job.id)
        return one.isNew ? 'first' : 'second'
      })
    },
  ),
  ...(['commit', 'rollback'] as const).map((how) =>
    fact(
      `race 6 › an insert of a key that an open transaction inserted, which ends by ${how} › answers by what became of it [UNIQ-4, TX-1]`,
      async (stage) => {
        const transaction = await stage.options.begin?.(stage.space)
        assert.ok(transaction)
        const first = newJob({ key: 'k' })
        let second: Promise<Awaited<ReturnType<typeof insertOf>>> | undefined
        try {
          await exchangeIn(stage.a, { inserts: [first] }, transaction.tx)
          second = insertOf(stage.b, { key: 'k' })
          second.catch(() => {})
          await transaction[how]()
        } finally {
          await transaction.close()
        }
        const { isNew, job } = await second
        assert.equal(isNew, how === 'rollback')
        assert.equal(job.id === first.id, how === 'commit')
      },
      NEEDS.transactions,
      NEEDS.begin,
    ),
  ),
  fact(
    'race 7 › a settle that frees a key, and an insert of it, at once › the old job or a new one, never two live [UNIQ-2, UNIQ-1, UNIQ-4]',
    async ({ a, b }) => {
      await storm(async (offset, n) => {
        const key = `race-${n}`
        const { job } = await jobIn(a, 'running', { key })
        const [settled, inserted] = await together(
          offset,
          () => changeOne(a, succeed(job)),
          () => insertOf(b, { key }),
        )
        assert.equal(settled.ok, true, 'a settle never meets a conflict')
        const holder = only(await b.get([{ queue: 'default', key }]))
        assert.equal(inserted.isNew ? inserted.job.id : null, holder?.id ?? null)
        if (!inserted.isNew) assert.equal(inserted.job.id, job.id)
        return inserted.isNew ? 'first' : 'second'
      })
    },
  ),
  fact(
    'race 8 › a retry and an insert of its key at once › a refusal `key` or a duplicate answer, one live [UNIQ-3, UNIQ-4]',
    async ({ a, b }) => {
      await storm(async (offset, n) => {
        const key = `race-${n}`
        const { job } = await jobIn(a, 'dead', { key })
        const [retried, inserted] = await together(
          offset,
          () => changeOne(a, retry(job)),
          () => insertOf(b, { key }),
        )
        assert.notEqual(retried.ok, inserted.isNew)
        if (retried.ok) assert.equal(inserted.job.id, job.id)
        else assert.ok(retried.why === 'key' && retried.holder === inserted.job.id)
        return retried.ok ? 'first' : 'second'
      })
    },
  ),
]

// ---- 10, 11 · removal and pause -------------------------------------------------------------------------------------

const administration: readonly StoreCase[] = [
  fact(
    'race 10 › remove and retry of one dead job at once › retried and there, or removed and missing [REMOVE-1, GUARD-4]',
    async ({ a, b }) => {
      await storm(async (offset) => {
        const { job } = await jobIn(a, 'dead')
        const [removed, retried] = await together(
          offset,
          () => a.remove([{ id: job.id, version: job.version }]),
          () => changeOne(b, retry(job)),
        )
        assert.notEqual(only(removed), retried.ok)
        const there = only(await a.get([job.id]))
        assert.equal(there?.state ?? 'missing', retried.ok ? 'queued' : 'missing')
        if (!retried.ok) assert.equal(retried.why, 'missing')
        return retried.ok ? 'second' : 'first'
      })
    },
  ),
  fact(
    'race 11 › pause while claims run › those that begin after the acknowledgement take nothing [PAUSE-1]',
    async ({ a, b }) => {
      for (let round = 0; round < 8; round++) {
        const queue = `queue-${round}`
        await insertAll(a, newJobs(20, { queue }))
        const from = [{ queue, limit: 1 }]
        const before = Promise.all(Array.from({ length: 6 }, (_, n) => take(n % 2 ? a : b, { from })))
        await b.configure([{ kind: 'paused', name: queue, value: '{}' }])
        const after = await Promise.all(Array.from({ length: 6 }, (_, n) => take(n % 2 ? a : b, { from })))
        assert.deepEqual(after.flat(), [])
        await before
      }
    },
  ),
]

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
      const transaction = await stage.options.begin?.(stage.space)
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
      const writers = [churn(a, 'q1'), churn(b, 'q2'), churn(a, 'q3')]
      for (let n = 0; n < 25; n++) await read()
      await Promise.all(writers)
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

export const races: readonly StoreCase[] = [
  ...claimers,
  ...leases,
  ...cancels,
  ...keys,
  ...administration,
  ...lost,
  ...crowds,
]
