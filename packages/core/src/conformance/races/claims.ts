/** Claims against claims. */
import assert from 'node:assert/strict'
import type { Store } from '../../store.js'
import { NotExercised, type StoreCase } from '../case.js'
import { eventsOf, idsOf, insertAll, insertOne, newJobs, take } from '../stage/fixtures.js'
import { type Side, storm, together, UnderWay } from '../stage/storm.js'
import { raced } from './race.js'

const TEN = 10

export const racesOfClaims: readonly StoreCase[] = [
  ...raced(
    { n: 1, what: 'twenty claimers, one job', holds: 'one has it, and it has two events [CLAIM-2, ATOM-3]' },
    async (a, b) => {
      await storm(async (offset) => {
        const { id } = await insertOne(a)
        const ten = (store: Store) => () => Promise.all(Array.from({ length: TEN }, () => take(store)))
        const [first, second] = await together(offset, ten(a), ten(b))
        assert.deepEqual(idsOf([...first, ...second].flat()), [id])
        assert.deepEqual(
          (await eventsOf(a, id)).map(({ type }) => type),
          ['enqueued', 'leased'],
        )
        return first.flat().length === 1 ? 'first' : 'second'
      })
    },
  ),
  ...raced(
    {
      n: 1,
      what: 'claimers of two handles at 500 jobs',
      holds: 'take disjoint sets, and all of them [CLAIM-2, CLAIM-3, ORDER-4]',
    },
    async (a, b) => {
      const ids = idsOf(await insertAll(a, newJobs(500)))
      const taken: Record<Side, string[]> = { first: [], second: [] }
      const calls = new UnderWay()
      const work = async (store: Store, side: Side): Promise<void> => {
        for (let short = 0; short < 50 && taken.first.length + taken.second.length < ids.length; ) {
          const jobs = await calls.run(side, () => take(store, { max: 7 }))
          assert.ok(jobs.length <= 7)
          taken[side].push(...idsOf(jobs))
          if (jobs.length === 0) short++ // others were writing what is left
        }
      }
      await Promise.all([a, b, a, b, a, b, a, b].map((store, n) => work(store, n % 2 ? 'second' : 'first')))
      assert.deepEqual([...taken.first, ...taken.second].sort(), ids)
      if (taken.first.length === 0 || taken.second.length === 0 || calls.overlaps === 0)
        throw new NotExercised(
          `the two handles took ${taken.first.length} and ${taken.second.length} jobs, and ${calls.overlaps} claims met another`,
        )
    },
  ),
]
