/** Removal and pause against what goes on meanwhile. */
import assert from 'node:assert/strict'
import { fact, type StoreCase } from '../case.js'
import { retry } from '../stage/commands.js'
import { changeOne, insertAll, must, newJobs, only, read, take } from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import { storm, together } from '../stage/storm.js'
import { raced } from './race.js'

const removals: readonly StoreCase[] = [
  fact(
    'race 10 › retry, then remove with the version before it › the job stays [REMOVE-1, GUARD-3]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'dead')
      const retried = await must(a, retry(job))
      assert.deepEqual(await b.remove([{ id: job.id, version: job.version }]), [false])
      assert.deepEqual(await read(a, job.id), retried)
    },
  ),
  fact(
    'race 10 › remove, then retry › the job is gone, and the retry is told that it is missing [REMOVE-2, GUARD-4]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'dead')
      assert.deepEqual(await a.remove([{ id: job.id, version: job.version }]), [true])
      assert.deepEqual(await changeOne(b, retry(job)), { ok: false, why: 'missing', job: null })
      assert.deepEqual(await a.get([job.id]), [null])
    },
  ),
  ...raced(
    {
      n: 10,
      what: 'remove and retry of one dead job at once',
      holds: 'retried and there, or removed and missing [REMOVE-1, GUARD-4]',
    },
    async (a, b) => {
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
]

const CLAIMS = 6

const pauses: readonly StoreCase[] = raced(
  {
    n: 11,
    what: 'pause while claims run',
    holds: 'those that begin after the acknowledgement take nothing [PAUSE-1]',
  },
  async (a, b) => {
    await storm(async (offset, n) => {
      const queue = `queue-${n}`
      const from = [{ queue, limit: 1 }]
      await insertAll(a, newJobs(3 * CLAIMS, { queue }))
      const claims = () => Promise.all(Array.from({ length: CLAIMS }, (_, i) => take(i % 2 ? a : b, { from })))
      const [during] = await together(offset, claims, async () => {
        await b.configure([{ kind: 'paused', name: queue, value: '{}' }])
        assert.deepEqual((await claims()).flat(), [], 'claims that began after the acknowledgement')
      })
      assert.deepEqual((await claims()).flat(), [])
      assert.ok(during.every((jobs) => jobs.length <= 1))
      // The pause has won where it was there before all of the claims that began beside it.
      return during.flat().length === 0 ? 'second' : 'first'
    })
  },
)

export const racesOfAdministration: readonly StoreCase[] = [...removals, ...pauses]
