/** The interleavings of the contract (2.9), forced by the order of calls where that can be done, else by many races: unique keys, removal, pause. */
import assert from 'node:assert/strict'
import type { Store } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { retry, succeed } from '../commands.js'
import { changeOne, exchangeIn, insertAll, newJob, newJobs, only, take } from '../fixtures.js'
import { jobIn } from '../job-in.js'
import { NEEDS } from '../needs.js'
import { storm, together } from '../storm.js'

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
        const transaction = await stage.hook('begin')(stage.space)
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

export const racesOfKeys: readonly StoreCase[] = [...keys, ...administration]
