/** Unique keys: two that want one, and one that is freed. */
import assert from 'node:assert/strict'
import type { Batch, InsertResult, Store } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { retry, succeed } from '../stage/commands.js'
import { changeOne, exchangeIn, insertOne, must, newJob, only } from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import type { Stage } from '../stage/stage.js'
import { storm, together } from '../stage/storm.js'
import { mustWait, raced } from './race.js'

const insertOf = async (store: Store, key: string): Promise<InsertResult> =>
  only((await store.exchange({ inserts: [newJob({ key })] })).inserts)

/** An insert of the key, while the batch is held open in a transaction that then ends as told. */
async function insertBeside(stage: Stage, batch: Batch, how: 'commit' | 'rollback'): Promise<InsertResult> {
  const transaction = await stage.hook('begin')(stage.space)
  assert.ok(transaction)
  let inserting: Promise<InsertResult> | undefined
  try {
    await exchangeIn(stage.a, batch, transaction.tx)
    inserting = insertOf(stage.b, 'k')
    await mustWait(stage, inserting)
    await transaction[how]()
  } finally {
    inserting?.catch(() => {})
    await transaction.close()
  }
  return inserting
}

const inTransactions = (how: 'commit' | 'rollback'): StoreCase[] => [
  fact(
    `race 6 › an insert of a key that an open transaction inserted, which ends by ${how} › waits, and answers by what became of it [UNIQ-4, TX-1]`,
    async (stage) => {
      const first = newJob({ key: 'k' })
      const { isNew, job } = await insertBeside(stage, { inserts: [first] }, how)
      assert.equal(isNew, how === 'rollback')
      assert.equal(job.id === first.id, how === 'commit')
    },
    NEEDS.transactions,
    NEEDS.begin,
  ),
  fact(
    `race 7 › an insert of a key that an open transaction frees, which ends by ${how} › waits, and answers by what became of it [UNIQ-2, UNIQ-4, TX-1]`,
    async (stage) => {
      const { job: holder } = await jobIn(stage.a, 'running', { key: 'k' })
      const { isNew, job } = await insertBeside(stage, { changes: [succeed(holder)] }, how)
      assert.equal(isNew, how === 'commit')
      assert.equal(job.id === holder.id, how === 'rollback')
      assert.equal(only(await stage.b.get([{ queue: 'default', key: 'k' }]))?.id, job.id)
    },
    NEEDS.transactions,
    NEEDS.begin,
  ),
]

const inserts: readonly StoreCase[] = raced(
  { n: 6, what: 'two inserts of one key at once', holds: 'one is new, both answer with it [UNIQ-4, UNIQ-1]' },
  async (a, b) => {
    await storm(async (offset, n) => {
      const [one, two] = await together(
        offset,
        () => insertOf(a, `race-${n}`),
        () => insertOf(b, `race-${n}`),
      )
      assert.notEqual(one.isNew, two.isNew)
      assert.equal(one.job.id, two.job.id)
      return one.isNew ? 'first' : 'second'
    })
  },
)

const settles: readonly StoreCase[] = raced(
  {
    n: 7,
    what: 'a settle that frees a key, and an insert of it, at once',
    holds: 'the old job or a new one, never two live [UNIQ-2, UNIQ-1, UNIQ-4]',
  },
  async (a, b) => {
    await storm(async (offset, n) => {
      const key = `race-${n}`
      const { job } = await jobIn(a, 'running', { key })
      const [settled, inserted] = await together(
        offset,
        () => changeOne(a, succeed(job)),
        () => insertOf(b, key),
      )
      assert.equal(settled.ok, true, 'a settle never meets a conflict')
      const holder = only(await b.get([{ queue: 'default', key }]))
      assert.equal(inserted.isNew ? inserted.job.id : null, holder?.id ?? null)
      if (!inserted.isNew) assert.equal(inserted.job.id, job.id)
      return inserted.isNew ? 'first' : 'second'
    })
  },
)

const retries: readonly StoreCase[] = [
  fact(
    'race 8 › retry, then insert of its key › the insert is a duplicate of the retried job [UNIQ-3, UNIQ-1]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'dead', { key: 'k' })
      const retried = await must(a, retry(job))
      assert.deepEqual(await insertOf(b, 'k'), { isNew: false, job: retried })
    },
  ),
  fact(
    'race 8 › insert of its key, then retry › the retry is refused with the holder [UNIQ-3, ATOM-2]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'dead', { key: 'k' })
      const { id } = await insertOne(b, { key: 'k' })
      assert.deepEqual(await changeOne(a, retry(job)), { ok: false, why: 'key', job, holder: id })
    },
  ),
  ...raced(
    {
      n: 8,
      what: 'a retry and an insert of its key at once',
      holds: 'a refusal `key` or a duplicate answer, one live [UNIQ-3, UNIQ-4]',
    },
    async (a, b) => {
      await storm(async (offset, n) => {
        const key = `race-${n}`
        const { job } = await jobIn(a, 'dead', { key })
        const [retried, inserted] = await together(
          offset,
          () => changeOne(a, retry(job)),
          () => insertOf(b, key),
        )
        assert.notEqual(retried.ok, inserted.isNew)
        if (retried.ok) assert.equal(inserted.job.id, job.id)
        else assert.ok(retried.why === 'key' && retried.holder === inserted.job.id)
        return retried.ok ? 'first' : 'second'
      })
    },
  ),
]

export const racesOfKeys: readonly StoreCase[] = [
  ...inserts,
  ...settles,
  ...retries,
  ...(['commit', 'rollback'] as const).flatMap(inTransactions),
]
