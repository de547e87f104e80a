/** The feed while others write, remove, commit late, and open anew. */
import assert from 'node:assert/strict'
import type { JobRecord } from '../../record.js'
import { nextTurn } from '../../seam.js'
import type { Store } from '../../store.js'
import { fact, NotExercised, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { cancel } from '../stage/commands.js'
import { changeAll, exchangeIn, feedFrom, insertAll, insertOne, must, newJob, newJobs } from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import { storm, together } from '../stage/storm.js'
import { raced } from './race.js'

/** Follows the feed by its cursors, and keeps what it meets. */
class Reader {
  readonly met: string[] = []
  cursor = 'start'
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** One page; whether it was the last for now. */
  async page(limit = 5): Promise<boolean> {
    const page = await this.#store.feed({ after: this.cursor, limit })
    this.met.push(...page.events.map(({ jobId, seq }) => `${jobId} ${seq}`))
    this.cursor = page.cursor
    return page.caughtUp
  }

  /** Page after page as long as others write; answers how many met an event meanwhile. */
  async follow(writing: Promise<unknown>): Promise<number> {
    let isWriting = true
    const end = (): void => {
      isWriting = false
    }
    writing.then(end, end)
    let during = 0
    for (let pages = 1; isWriting; pages++) {
      const before = this.met.length
      await this.page()
      if (isWriting && this.met.length > before) during++
      // A store in this process answers without the loop: timers and sockets of the others must have their turn.
      if (pages % 25 === 0) await nextTurn()
    }
    return during
  }

  async catchUp(): Promise<void> {
    for (let pages = 0; !(await this.page()); pages++) assert.ok(pages < 5000, 'the feed does not catch up')
  }
}

const committedLate = fact(
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
)

const writers: readonly StoreCase[] = raced(
  {
    n: 14,
    what: 'two writers at once, and a reader of the feed beside them',
    holds: 'each event is met once, in whichever order they committed [FEED-1, FEED-2, FEED-4]',
  },
  async (a, b, stage) => {
    const reader = new Reader(stage.b)
    const written: string[] = []
    await storm(async (offset) => {
      const [one, two] = newJobs(2)
      assert.ok(one && two)
      const writing = together(
        offset,
        () => insertAll(a, [one]),
        () => insertAll(b, [two]),
      )
      await reader.follow(writing)
      await writing
      await reader.catchUp()
      written.push(`${one.id} 1`, `${two.id} 1`)
      assert.deepEqual([...reader.met].sort(), [...written].sort())
      return reader.met.indexOf(`${one.id} 1`) < reader.met.indexOf(`${two.id} 1`) ? 'first' : 'second'
    })
  },
)

const removals: readonly StoreCase[] = [
  fact(
    'race 14 › writers, removals and a reader of the feed at once › every event of a job that stays is met once [FEED-1, FEED-2, FEED-3]',
    async ({ a, b }) => {
      const stay: string[] = []
      const reader = new Reader(b)
      const churn = async (store: Store, queue: string): Promise<void> => {
        for (let n = 0; n < 6; n++) {
          const [gone, kept] = await insertAll(store, newJobs(2, { queue }))
          assert.ok(gone && kept)
          await changeAll(store, [cancel(gone), cancel(kept)])
          await store.remove([{ id: gone.id, version: 2 }])
          stay.push(`${kept.id} 1`, `${kept.id} 2`)
        }
      }
      const writing = Promise.all([churn(a, 'q1'), churn(b, 'q2'), churn(a, 'q3')])
      const during = await reader.follow(writing)
      await writing
      await reader.catchUp()
      assert.deepEqual(reader.met.filter((one) => stay.includes(one)).sort(), [...stay].sort())
      assert.equal(new Set(reader.met).size, reader.met.length)
      if (during === 0) throw new NotExercised('no page of the feed met an event while the writers wrote')
    },
  ),
  fact(
    'race 14 › removal of the last events and an insert at once › a reader behind them meets what comes next, once [FEED-3, FEED-5, REMOVE-2]',
    async ({ a, b }) => {
      const reader = new Reader(b)
      await storm(async (offset) => {
        const { job } = await jobIn(a, 'dead')
        await reader.catchUp()
        const next = newJob()
        const met = reader.met.length
        const [, order] = await together(
          offset,
          () => a.remove([{ id: job.id, version: job.version }]),
          async () => {
            const { inserts } = await b.exchange({ inserts: [next] })
            assert.equal(inserts[0]?.isNew, true)
            return (await b.get([job.id]))[0] === null
          },
        )
        await reader.catchUp()
        assert.deepEqual(reader.met.slice(met), [`${next.id} 1`])
        await must(b, cancel(next))
        await reader.catchUp()
        return order ? 'first' : 'second'
      })
    },
  ),
  fact(
    'race 14 › removal of the last events, and the store opened anew › a reader behind them meets what comes next [FEED-3, FEED-5]',
    async (stage) => {
      const { job } = await jobIn(stage.a, 'dead')
      const { cursor } = await feedFrom(stage.b, 'start')
      await stage.a.remove([{ id: job.id, version: job.version }])
      await stage.restart()
      const { id } = await insertOne(stage.a)
      assert.deepEqual(
        (await feedFrom(stage.b, cursor)).events.map(({ jobId }) => jobId),
        [id],
      )
    },
    NEEDS.survival,
  ),
]

export const racesOfTheFeed: readonly StoreCase[] = [committedLate, ...writers, ...removals]
