/** Writes whose reply is lost, or that come late, and their repeats. That each kind of write may be repeated is in faults/lost.ts. */
import assert from 'node:assert/strict'
import { isStintError } from '../../errors.js'
import type { Store } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { type KindOfCall, Lossy } from '../faults/lossy.js'
import { failTo, reprioritise, retry, succeed } from '../stage/commands.js'
import {
  changeOne,
  claim,
  eventsOf,
  idsOf,
  insertAll,
  must,
  newJob,
  newJobs,
  only,
  read,
  takeIds,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import { storm, together } from '../stage/storm.js'
import { raced } from './race.js'

/** Is carried out, and its caller learns nothing of it. */
async function replyLost(store: Store, kind: KindOfCall, call: (store: Store) => Promise<unknown>): Promise<void> {
  const lossy = new Lossy(store)
  lossy.lose('reply', kind)
  await assert.rejects(call(lossy.store), (error) => isStintError(error, 'OUTCOME_UNKNOWN'))
}

const lost: readonly StoreCase[] = [
  fact(
    'race 12 › a settle repeated after the job was rescheduled and claimed anew › is refused, and the first outcome stands [FENCE-1, GUARD-3]',
    async ({ a, b }) => {
      const { job } = await jobIn(a, 'running')
      await replyLost(a, 'changes', (store) => changeOne(store, failTo('queued', job)))
      await must(b, { ...reprioritise(await read(b, job.id)), set: { run: { inMs: 0 } } })
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
      await replyLost(a, 'changes', (store) => changeOne(store, retry(job)))
      const dead = await must(b, failTo('dead', only(await takeIds(b, [job.id]))))
      assert.deepEqual(await changeOne(a, retry(job)), { ok: false, why: 'guard', job: dead })
    },
  ),
  fact(
    'race 12 › an insert and a settle repeated after the job was removed › a new job, and nothing [IDEM-1, REMOVE-2]',
    async ({ a, b }) => {
      const sent = newJob()
      await replyLost(a, 'inserts', (store) => store.exchange({ inserts: [sent] }))
      const job = only(await takeIds(a, [sent.id]))
      await replyLost(a, 'changes', (store) => changeOne(store, succeed(job)))
      assert.deepEqual(await b.remove([{ id: sent.id, version: job.version + 1 }]), [true])
      assert.deepEqual(await changeOne(a, succeed(job)), { ok: false, why: 'missing', job: null })
      assert.equal(only((await a.exchange({ inserts: [sent] })).inserts).isNew, true)
    },
  ),
]

const late: readonly StoreCase[] = [
  fact(
    'race 13 › a claim delivered after its repeat was answered › both sets are under one token, and `again` returns all [IDEM-2, CLAIM-2]',
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
  ...raced(
    {
      n: 13,
      what: 'a claim and its repeat at once',
      holds: 'no job is in two leases, and `again` returns all that is held [IDEM-2, CLAIM-2]',
    },
    async (a, b) => {
      await storm(async (offset, n) => {
        const queue = `queue-${n}`
        await insertAll(a, newJobs(6, { queue }))
        const sent = claim({ max: 2, from: [{ queue, limit: 2 }] })
        const call = async (store: Store, again: boolean): Promise<string[]> =>
          idsOf(only((await store.exchange({ claims: [{ ...sent, again }] })).claims).jobs)
        const [first, second] = await together(
          offset,
          () => call(a, false),
          () => call(b, true),
        )
        const taken = new Set([...first, ...second])
        assert.deepEqual((await call(b, true)).sort(), [...taken].sort())
        assert.equal((await a.list({ walk: 'lease', queue, limit: 20 })).jobs.length, taken.size)
        // The repeat that came second found what the first had taken; the one that came first took some of its own.
        return taken.size === first.length ? 'first' : 'second'
      })
    },
  ),
]

export const racesOfRepeats: readonly StoreCase[] = [...lost, ...late]
