import assert from 'node:assert/strict'
import { STATES } from '../../transitions.js'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { cancel, reprioritise, succeed } from '../stage/commands.js'
import { at, changeAll, changeOne, insertAll, insertOne, listAll, newJobs, take } from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import type { Stage } from '../stage/stage.js'

/** By queue and state; lines of none are as good as no lines. */
const counted = async ({ b }: Stage): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await b.stats()).filter(({ count }) => count).map(({ queue, state, count }) => [`${queue} ${state}`, count]),
  )

async function recounted({ b }: Stage): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { queue, state } of await listAll(b, { walk: 'id', direction: 'asc', limit: 1000 })) {
    counts[`${queue} ${state}`] = (counts[`${queue} ${state}`] ?? 0) + 1
  }
  return counts
}

export const stats: readonly StoreCase[] = [
  fact('stats › of jobs in every state and in two queues › count each once [COUNT-1]', async (stage) => {
    for (const [index, state] of STATES.entries()) {
      for (let n = 0; n <= index; n++) await jobIn(stage.a, state, { queue: n % 2 ? 'other' : 'default' })
    }
    const counts = await counted(stage)
    assert.deepEqual(counts, await recounted(stage))
    assert.deepEqual([counts['default waiting'], counts['default cancelled'], counts['other cancelled']], [1, 4, 4])
  }),
  fact(
    'stats › after refusals, repeats and changes that keep the state › are as before [COUNT-1, ATOM-2]',
    async (stage) => {
      const { a } = stage
      const { job } = await jobIn(a, 'running', { key: 'k' })
      const queued = await insertOne(a)
      const before = await counted(stage)
      await changeAll(a, [
        succeed(job, 'token-of-nobody'),
        reprioritise({ ...queued, version: 9 }),
        cancel({ id: 'nobody' }),
      ])
      await a.exchange({ inserts: [...newJobs(1, { id: job.id }), ...newJobs(2, { key: 'k' })] })
      await a.exchange({ beats: [{ id: job.id, token: 'token-of-nobody', progress: '1' }] })
      await a.remove([{ id: queued.id, version: queued.version }])
      await changeOne(a, reprioritise(queued))
      assert.deepEqual(await counted(stage), before)
    },
  ),
  fact(
    'stats › after 500 jobs went through at once, and some were removed › equal a count over all records [COUNT-1]',
    async (stage) => {
      const { a, b } = stage
      await insertAll(a, newJobs(500))
      const taken = await Promise.all([take(a, { max: 100 }), take(b, { max: 100 }), take(a, { max: 100 })])
      await Promise.all(
        taken.map((jobs, n) =>
          changeAll(
            n % 2 ? b : a,
            jobs.slice(0, 80).map((job) => succeed(job)),
          ),
        ),
      )
      const over = (await b.list({ walk: 'finished', state: 'succeeded', direction: 'asc', limit: 50 })).jobs
      await a.remove(over.map(({ id, version }) => ({ id, version })))
      const counts = await counted(stage)
      assert.deepEqual(counts, await recounted(stage))
      assert.deepEqual(counts, { 'default queued': 200, 'default running': 60, 'default succeeded': 190 })
    },
  ),
  fact('stats › of an empty store, and of an emptied one › count nothing [COUNT-1]', async (stage) => {
    assert.deepEqual(await counted(stage), {})
    const { job } = await jobIn(stage.a, 'dead')
    await stage.a.remove([{ id: job.id, version: job.version }])
    assert.deepEqual(await counted(stage), {})
  }),
  fact(
    'stats › of a crowd of jobs › cost no more than of 200 [COUNT-2]',
    async (stage) => {
      const work = stage.hook('work')
      const cost = async (): Promise<number> => {
        await stage.b.stats() // what changed since the last call may count once
        const before = work()
        await stage.b.stats()
        return work() - before
      }
      await insertAll(stage.a, newJobs(200))
      const few = await cost()
      await insertAll(stage.a, newJobs(stage.crowd - 200))
      const many = await cost()
      assert.ok(many <= few + 10, `stats cost ${few} of 200 jobs and ${many} of ${stage.crowd}`)
      assert.equal(at(await stage.b.stats(), 0).count, stage.crowd)
    },
    NEEDS.work,
  ),
]
