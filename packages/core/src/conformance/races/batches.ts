/** Large batches over the same jobs. */
import assert from 'node:assert/strict'
import type { JobRecord } from '../../record.js'
import type { Change } from '../../store.js'
import type { StoreCase } from '../case.js'
import { release, reprioritise } from '../stage/commands.js'
import { at, changeAll, idsOf, insertAll, newJobs, take } from '../stage/fixtures.js'
import { storm, together } from '../stage/storm.js'
import { raced } from './race.js'

const LARGE = 500
const CROWD = 60

export const racesOfBatches: readonly StoreCase[] = [
  ...raced(
    {
      n: 15,
      what: `two batches of ${LARGE} changes over the same jobs in opposite order`,
      holds: 'no deadlock surfaces, each job changes once per version [GUARD-3, ATOM-3, BATCH-2]',
    },
    async (a, b) => {
      const jobs = await insertAll(a, newJobs(LARGE))
      const versions = await storm(async (offset, n) => {
        const bump =
          (priority: number) =>
          (job: JobRecord): Change =>
            reprioritise({ ...job, version: n + 1 }, priority)
        const [up, down] = await together(
          offset,
          () => a.exchange({ changes: jobs.map(bump(10)) }),
          () => b.exchange({ changes: [...jobs].reverse().map(bump(90)) }),
        )
        const applied = up.changes.map(({ ok }, i) => [ok, at(down.changes, LARGE - 1 - i).ok])
        for (const [one, other] of applied) assert.notEqual(one, other)
        return up.changes.filter(({ ok }) => ok).length > LARGE / 2 ? 'first' : 'second'
      })
      for (const job of await b.get(idsOf(jobs))) assert.equal(job?.version, versions + 1)
    },
  ),
  ...raced(
    {
      n: 15,
      what: 'batches of changes against claims over the same jobs',
      holds: 'no deadlock surfaces, and every number is given once [GUARD-3, CLAIM-2, ATOM-3]',
    },
    async (a, b) => {
      await storm(async (offset, n) => {
        const queue = `queue-${n}`
        const jobs = await insertAll(a, newJobs(CROWD, { queue }))
        const from = [{ queue, limit: 15 }]
        const [changed, claimed] = await together(
          offset,
          () => a.exchange({ changes: [...jobs].reverse().map((job) => reprioritise(job, 60)) }),
          () => Promise.all([1, 2, 3].map(() => take(b, { max: 15, from }))),
        )
        const taken = claimed.flat()
        assert.equal(new Set(idsOf(taken)).size, taken.length)
        const applied = changed.changes.filter(({ ok }) => ok).length
        const versions = (await b.get(idsOf(jobs))).reduce((sum, job) => sum + (job?.version ?? 0), 0)
        assert.equal(versions, CROWD + applied + taken.length)
        const back = await changeAll(
          a,
          taken.map((job) => release(job)),
        )
        assert.ok(back.every(({ ok }) => ok))
        return applied === CROWD ? 'first' : 'second'
      })
    },
  ),
]
