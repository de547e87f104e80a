import assert from 'node:assert/strict'
import type { Batch, BatchResult } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import type { UserTransaction } from '../options.js'
import { cancel, reprioritise, retry, succeed } from '../stage/commands.js'
import {
  claim,
  eventsOf,
  exchangeIn,
  feedFrom,
  idsOf,
  insertOne,
  newJob,
  only,
  read,
  seenOf,
  tokenOf,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import type { Stage } from '../stage/stage.js'

type Within = (batch: Batch) => Promise<BatchResult>

/** Runs the work inside a transaction of the user on a connection of theirs, and ends it as told. */
async function inTransaction(
  stage: Stage,
  how: 'commit' | 'rollback',
  work: (within: Within, tx: UserTransaction) => Promise<void>,
): Promise<void> {
  const transaction = await stage.hook('begin')(stage.space)
  assert.ok(transaction)
  try {
    await work((batch) => exchangeIn(stage.a, batch, transaction.tx), transaction)
    await transaction[how]()
  } catch (error) {
    await Promise.resolve(transaction.rollback()).catch(() => {})
    throw error
  } finally {
    await transaction.close()
  }
}

const inTx = (name: string, run: (stage: Stage) => Promise<void>): StoreCase =>
  fact(name, run, NEEDS.transactions, NEEDS.begin)

/** A batch of every part that may join, over jobs that are there. */
async function everything({ a }: Stage): Promise<Batch> {
  const { job: settled } = await jobIn(a, 'running', { key: 'freed' })
  const { job: held } = await jobIn(a, 'running')
  const { job: dead } = await jobIn(a, 'dead')
  return {
    inserts: [newJob(), newJob({ key: 'taken', queue: 'other' })],
    changes: [succeed(settled), retry(dead)],
    beats: [{ id: held.id, token: tokenOf(held), progress: '"half"' }],
  }
}

export const transactions: readonly StoreCase[] = [
  inTx(
    'exchange in a transaction › before the commit › is invisible outside, in every way of reading [TX-1]',
    async (stage) => {
      const batch = await everything(stage)
      const before = await seenOf(stage.b)
      const { cursor } = await feedFrom(stage.b, 'start')
      await inTransaction(stage, 'commit', async (within) => {
        await within(batch)
        assert.deepEqual(await seenOf(stage.b), before)
        assert.deepEqual((await stage.b.feed({ after: cursor, limit: 100 })).events, [])
        assert.deepEqual(await stage.b.get([{ queue: 'other', key: 'taken' }]), [null])
      })
      assert.notDeepEqual(await seenOf(stage.b), before)
      assert.equal((await feedFrom(stage.b, cursor)).events.length, 4)
      assert.equal(only(await stage.b.get([{ queue: 'other', key: 'taken' }]))?.state, 'queued')
      assert.deepEqual(await stage.b.get([{ queue: 'default', key: 'freed' }]), [null])
    },
  ),
  inTx(
    'exchange in a transaction › after its rollback › is gone, with events, counts, keys and feed [TX-1, COUNT-1]',
    async (stage) => {
      const batch = await everything(stage)
      const before = await seenOf(stage.b)
      const { cursor } = await feedFrom(stage.b, 'start')
      await inTransaction(stage, 'rollback', async (within) => {
        const { inserts, changes, beats } = await within(batch)
        assert.deepEqual(
          [...inserts.map(({ isNew }) => isNew), ...[...changes, ...beats].map(({ ok }) => ok)],
          Array(5).fill(true),
        )
      })
      assert.deepEqual(await seenOf(stage.b), before)
      const next = await insertOne(stage.a, { key: 'taken', queue: 'other' })
      assert.deepEqual(
        (await feedFrom(stage.b, cursor)).events.map(({ jobId }) => jobId),
        [next.id],
      )
    },
  ),
  inTx('exchange in a transaction › sees what the transaction did before [TX-1, UNIQ-1]', async (stage) => {
    await inTransaction(stage, 'commit', async (within) => {
      const { job } = only((await within({ inserts: [newJob({ id: 'inside', key: 'k' })] })).inserts)
      assert.deepEqual((await within({ inserts: [newJob({ key: 'k' })] })).inserts, [{ isNew: false, job }])
      assert.equal(only((await within({ changes: [reprioritise(job)] })).changes).ok, true)
      assert.equal(only((await within({ changes: [reprioritise(job)] })).changes).ok, false)
    })
    assert.equal((await read(stage.b, 'inside')).version, 2)
  }),
  inTx('a refusal and a duplicate in a transaction › do not break it [TX-2]', async (stage) => {
    const { job } = await jobIn(stage.a, 'succeeded')
    const keyed = await insertOne(stage.a, { key: 'k' })
    await inTransaction(stage, 'commit', async (within) => {
      const { inserts } = await within({ inserts: [newJob({ id: job.id }), newJob({ key: 'k' })] })
      assert.deepEqual(inserts, [
        { isNew: false, job },
        { isNew: false, job: keyed },
      ])
      const { changes } = await within({ changes: [cancel(job), cancel({ id: 'nobody' })] })
      assert.deepEqual(
        changes.map(({ ok }) => ok),
        [false, false],
      )
      await within({ inserts: [newJob({ id: 'after-them' })] })
    })
    assert.equal((await read(stage.b, 'after-them')).state, 'queued')
  }),
  inTx('a call in a transaction › begins, commits and rolls back nothing: the user still can [TX-2]', async (stage) => {
    await inTransaction(stage, 'rollback', async (within) => {
      await within({ inserts: [newJob({ id: 'one' })] })
      await within({ inserts: [newJob({ id: 'two' })] })
      assert.deepEqual(await stage.b.get(['one', 'two']), [null, null])
    })
    assert.deepEqual(await stage.b.get(['one', 'two']), [null, null])
  }),
  inTx('a claim in a transaction › is refused, and takes nothing [TX-3]', async (stage) => {
    const job = await insertOne(stage.a)
    await inTransaction(stage, 'rollback', async (within) => {
      await assert.rejects(within({ claims: [claim()] }), TypeError)
    })
    assert.deepEqual(await read(stage.b, job.id), job)
  }),
  fact(
    'exchangeSync › has done its work when it returns, and throws when it failed [TX-3]',
    async (stage) => {
      const transaction = await stage.hook('begin')(stage.space)
      assert.ok(transaction)
      const exchangeSync = stage.a.exchangeSync as unknown as (batch: Batch, options: { tx: unknown }) => BatchResult
      const job = newJob()
      try {
        const result = exchangeSync({ inserts: [job] }, { tx: transaction.tx })
        await transaction.commit()
        assert.equal(only(result.inserts).isNew, true)
        assert.throws(() => exchangeSync({ claims: [claim()] }, { tx: transaction.tx }), TypeError)
      } finally {
        await transaction.close()
      }
      assert.equal((await read(stage.b, job.id)).id, job.id)
      assert.equal((await eventsOf(stage.b, job.id)).length, 1)
      assert.deepEqual(idsOf((await stage.b.list({ walk: 'claim', queue: 'default', limit: 5 })).jobs), [job.id])
    },
    NEEDS.syncTransactions,
    NEEDS.begin,
  ),
  fact(
    'exchange with `tx` › on a store that joins none › is UNSUPPORTED, and does nothing [TX-1]',
    async ({ a, b }) => {
      const job = newJob()
      await assert.rejects(a.exchange({ inserts: [job] }, { tx: {} as never }), { code: 'UNSUPPORTED' })
      assert.deepEqual(await b.get([job.id]), [null])
    },
    (can) => (can.transactions === 'none' ? null : 'the store joins transactions'),
  ),
]
