import assert from 'node:assert/strict'
import { isStintError } from '../../errors.js'
import type { JobRecord } from '../../record.js'
import type { ListQuery } from '../../store.js'
import { STATES, TERMINAL_STATES } from '../../transitions.js'
import { fact, type StoreCase } from '../case.js'
import { cancel, end, reprioritise, succeed } from '../stage/commands.js'
import {
  at,
  changeAll,
  idsOf,
  insertAll,
  insertOne,
  listAll,
  must,
  newJob,
  newJobs,
  take,
  takeIds,
  tokenOf,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import { START } from '../stage/movable-clock.js'
import type { Stage } from '../stage/stage.js'

const ALL = { walk: 'id', direction: 'asc', limit: 7 } as const

/** Jobs of two queues, three types, three tags and every state, made 10 ms apart, and as they are now. */
async function mixed({ a, clock }: Stage): Promise<JobRecord[]> {
  let n = 0
  for (const state of STATES) {
    for (const queue of ['default', 'other']) {
      for (const type of ['mail', 'sms', 'fax']) {
        const tags = [['red'], ['red', 'blue'], []][n++ % 3] as string[]
        await jobIn(a, state, { queue, type, tags, priority: (n * 37) % 101 })
        clock.move(10)
      }
    }
  }
  return listAll(a, { walk: 'id', direction: 'asc', limit: 1000 })
}

type Filter = (job: JobRecord) => boolean
const FILTERS: readonly (readonly [string, { queue?: string; types?: string[]; tag?: string }, Filter])[] = [
  ['nothing', {}, () => true],
  ['queue', { queue: 'other' }, (job) => job.queue === 'other'],
  ['types', { types: ['sms', 'fax', 'none'] }, (job) => job.type !== 'mail'],
  ['tag', { tag: 'blue' }, (job) => job.tags.includes('blue')],
  [
    'queue, types and tag',
    { queue: 'default', types: ['mail'], tag: 'red' },
    (job) => job.queue === 'default' && job.type === 'mail' && job.tags.includes('red'),
  ],
  ['a tag that nobody has', { tag: 'bl' }, () => false],
]

const byTime = (time: (job: JobRecord) => number | undefined | null) => (x: JobRecord, y: JobRecord) =>
  (time(x) ?? 0) - (time(y) ?? 0) || (x.id < y.id ? -1 : 1)

const walks: readonly StoreCase[] = FILTERS.map(([what, filter, holds]) =>
  fact(`every walk › filtered by ${what} › gives exactly the jobs that match, in its order [LIST-1]`, async (stage) => {
    const jobs = (await mixed(stage)).filter(holds)
    const { b } = stage
    const lists = async (query: ListQuery, expected: readonly JobRecord[]): Promise<void> => {
      assert.deepEqual(
        idsOf(await listAll(b, { ...query, ...filter })),
        idsOf(expected),
        JSON.stringify({ ...query, ...filter }),
      )
    }
    await lists(ALL, jobs)
    await lists({ ...ALL, direction: 'desc' }, [...jobs].reverse())
    await lists({ walk: 'lease', limit: 3 }, jobs.filter((job) => job.lease).sort(byTime((job) => job.lease?.until)))
    const queue = filter.queue ?? 'default'
    const queued = jobs.filter((job) => job.state === 'queued' && job.queue === queue)
    const inLine = queued.sort((x, y) => y.priority - x.priority || byTime((job) => job.runAt)(x, y))
    await lists({ walk: 'claim', limit: 2, queue }, inLine)
    for (const state of TERMINAL_STATES) {
      const ended = jobs.filter((job) => job.state === state).sort(byTime((job) => job.finishedAt))
      await lists({ walk: 'finished', direction: 'asc', state, limit: 4 }, ended)
      await lists({ walk: 'finished', direction: 'desc', state, limit: 1 }, [...ended].reverse())
    }
  }),
)

const bounds: readonly StoreCase[] = [
  fact('walk id › filtered by states › gives exactly those [LIST-1]', async (stage) => {
    const jobs = await mixed(stage)
    for (const states of [['queued'], ['leased', 'dead', 'waiting'], TERMINAL_STATES, []] as const) {
      const expected = jobs.filter((job) => (states as readonly string[]).includes(job.state))
      assert.deepEqual(idsOf(await listAll(stage.b, { ...ALL, states })), idsOf(expected))
    }
  }),
  fact('walk id › between two moments of creation › includes the first and not the last [LIST-1]', async (stage) => {
    const jobs = await mixed(stage)
    const [from, to] = [START + 100, START + 200]
    const among = (lower: number, upper: number) =>
      idsOf(jobs.filter((job) => job.createdAt >= lower && job.createdAt < upper))
    assert.deepEqual(idsOf(await listAll(stage.b, { ...ALL, createdFrom: from, createdTo: to })), among(from, to))
    assert.deepEqual(idsOf(await listAll(stage.b, { ...ALL, createdFrom: to })), among(to, Number.POSITIVE_INFINITY))
    assert.deepEqual(idsOf(await listAll(stage.b, { ...ALL, createdTo: from })), among(0, from))
    assert.equal(among(from, to).length, 10)
  }),
  fact(
    'walk finished › between two moments of the end › includes the first and not the last [LIST-1]',
    async ({ a, b, clock }) => {
      const ids: string[] = []
      for (let n = 0; n < 8; n++) {
        ids.push((await jobIn(a, 'dead')).job.id)
        clock.move(10)
      }
      const query = {
        walk: 'finished',
        state: 'dead',
        direction: 'asc',
        limit: 2,
        finishedFrom: START + 20,
        finishedTo: START + 50,
      } as const
      assert.deepEqual(idsOf(await listAll(b, query)), ids.slice(2, 5))
      assert.deepEqual(idsOf(await listAll(b, { ...query, direction: 'desc' })), ids.slice(2, 5).reverse())
    },
  ),
  fact(
    'walk claim › with dueOnly › gives what a claim would take, and takes nothing [LIST-1, CLAIM-1]',
    async ({ a, b, clock }) => {
      await insertAll(
        a,
        [0, 5, 900].flatMap((inMs) => [10, 90].map((priority) => newJob({ priority, run: { inMs } }))),
      )
      clock.move(5)
      const query = { walk: 'claim', queue: 'default', limit: 3 } as const
      const due = await listAll(b, { ...query, dueOnly: true })
      assert.deepEqual(
        due.map(({ state }) => state),
        Array(4).fill('queued'),
      )
      assert.equal((await listAll(b, query)).length, 6)
      assert.deepEqual(idsOf(await take(a, { max: 10 })), idsOf(due))
    },
  ),
  fact('ends at the same millisecond › are listed by id, and paged without loss [LIST-1, LIST-2]', async ({ a, b }) => {
    const ids = idsOf(await insertAll(a, newJobs(20)))
    await changeAll(
      a,
      (await take(a, { max: 20 })).map((job) => succeed(job)),
    )
    const query = { walk: 'finished', state: 'succeeded', direction: 'asc', limit: 3 } as const
    assert.deepEqual(idsOf(await listAll(b, query)), ids)
    assert.deepEqual(idsOf(await listAll(b, { ...query, direction: 'desc' })), [...ids].reverse())
  }),
]

// ---- paging ---------------------------------------------------------------------------------------------------------

/** Each page while others come, go and move: what kept its place must be there once. */
async function pagedWhileOthersMove(
  { a, b }: Stage,
  query: ListQuery,
  move: (page: number) => Promise<void>,
): Promise<string[]> {
  const seen: string[] = []
  let cursor: string | null | undefined
  for (let page = 0; cursor !== null; page++) {
    assert.ok(page < 500, 'the walk does not end')
    const answer = await (page % 2 ? a : b).list(cursor === undefined ? query : { ...query, cursor }) // a cursor is of any handle
    seen.push(...idsOf(answer.jobs))
    cursor = answer.cursor
    await move(page)
  }
  return seen
}

function isOnce(seen: readonly string[], stayed: readonly string[]): void {
  const times = new Map(stayed.map((id) => [id, 0]))
  for (const id of seen) if (times.has(id)) times.set(id, (times.get(id) ?? 0) + 1)
  assert.deepEqual(
    [...times.values()],
    stayed.map(() => 1),
  )
}

const paging: readonly StoreCase[] = [
  fact(
    'walk id › paged while others are inserted, changed and removed › lists what stays exactly once [LIST-2]',
    async (stage) => {
      const { a } = stage
      const stayed = await insertAll(
        a,
        Array.from({ length: 30 }, (_, n) => newJob({ id: `stay-${String(n).padStart(3, '0')}` })),
      )
      const leaving = await insertAll(
        a,
        Array.from({ length: 30 }, (_, n) => newJob({ id: `stay-${String(n).padStart(3, '0')}-x` })),
      )
      await changeAll(a, leaving.map(cancel))
      for (const direction of ['asc', 'desc'] as const) {
        const seen = await pagedWhileOthersMove(stage, { walk: 'id', direction, limit: 4 }, async (page) => {
          await a.remove(leaving.slice(page * 2, page * 2 + 2).map(({ id }) => ({ id, version: 2 })))
          await insertAll(a, [
            newJob({ id: `stay-0${page % 10}${direction}${page}` }),
            newJob({ id: `zz-${direction}-${page}` }),
          ])
        })
        isOnce(seen, idsOf(stayed))
      }
    },
  ),
  fact(
    'walk claim › paged while others are claimed, raised and inserted › lists what stays exactly once [LIST-2]',
    async (stage) => {
      const { a } = stage
      const stayed = await insertAll(a, newJobs(24))
      const others = await insertAll(a, newJobs(24, { priority: 60 }))
      await insertAll(a, newJobs(24, { priority: 40 }))
      const seen = await pagedWhileOthersMove(stage, { walk: 'claim', queue: 'default', limit: 5 }, async (page) => {
        await take(a, { max: 1 })
        await changeAll(
          a,
          others.slice(23 - page, 24 - page).map((job) => reprioritise(job, 30)),
        )
        await insertAll(a, newJobs(1, { priority: 70 }))
      })
      isOnce(seen, idsOf(stayed))
    },
  ),
  fact(
    'walk lease › paged while others are prolonged and settled › lists what stays exactly once [LIST-2]',
    async (stage) => {
      const { a } = stage
      await insertAll(a, newJobs(40))
      const jobs = await take(a, { max: 40 })
      const [stayed, moved] = [jobs.filter((_, n) => n % 2 === 0), jobs.filter((_, n) => n % 2 === 1)]
      const seen = await pagedWhileOthersMove(stage, { walk: 'lease', limit: 3 }, async (page) => {
        const one = moved[page]
        if (one) await a.exchange({ beats: [{ id: one.id, token: tokenOf(one), leaseMs: 90_000 }] })
        const other = moved[moved.length - 1 - page]
        if (other && page < moved.length / 2) await changeAll(a, [succeed(other)])
      })
      isOnce(seen, idsOf(stayed))
    },
  ),
  fact(
    'walk finished › paged while the listed are removed and others end › lists what stays exactly once [LIST-2]',
    async (stage) => {
      const { a, clock } = stage
      await insertAll(a, newJobs(40))
      const jobs = await take(a, { max: 40 })
      for (const job of jobs) {
        await must(a, end('dead', job))
        clock.move(1)
      }
      const stayed = jobs.filter((_, n) => n % 3 === 0)
      const gone = jobs.filter((_, n) => n % 3 !== 0)
      const seen = await pagedWhileOthersMove(
        stage,
        { walk: 'finished', state: 'dead', direction: 'asc', limit: 4 },
        async (page) => {
          await a.remove(gone.slice(page * 2, page * 2 + 2).map(({ id }) => ({ id, version: 3 })))
          await jobIn(a, 'dead', { queue: 'other' })
        },
      )
      isOnce(seen, idsOf(stayed))
    },
  ),
  fact('a cursor › holds after the job that it stood at is gone [LIST-2]', async ({ a, b }) => {
    const jobs = await insertAll(a, newJobs(6))
    await changeAll(a, jobs.map(cancel))
    for (const query of [ALL, { walk: 'finished', state: 'cancelled', direction: 'asc', limit: 7 }] as const) {
      const there = await listAll(a, query)
      const { cursor } = await b.list({ ...query, limit: 2 })
      assert.ok(cursor)
      const last = at(there, 1)
      assert.deepEqual(await a.remove([{ id: last.id, version: last.version }]), [true])
      assert.deepEqual(idsOf(await listAll(a, { ...query, cursor })), idsOf(there.slice(2)))
    }
  }),
  fact('a cursor that no store of ours made › is CURSOR_INVALID [READ-3]', async ({ a }) => {
    await insertOne(a)
    const isInvalid = (error: unknown): boolean => isStintError(error, 'CURSOR_INVALID')
    await assert.rejects(a.list({ ...ALL, cursor: '\'; drop table "jobs"' }), isInvalid)
    await assert.rejects(a.list({ walk: 'lease', limit: 3, cursor: '{}' }), isInvalid)
    await assert.rejects(a.feed({ after: 'the day before', limit: 3 }), isInvalid)
  }),
  fact('a cursor of another walk › is CURSOR_INVALID [READ-3]', async ({ a }) => {
    await insertAll(a, newJobs(2))
    const isInvalid = (error: unknown): boolean => isStintError(error, 'CURSOR_INVALID')
    const { cursor } = await a.list({ ...ALL, limit: 1 })
    const { cursor: inLine } = await a.list({ walk: 'claim', queue: 'default', limit: 1 })
    assert.ok(cursor && inLine)
    await assert.rejects(a.list({ walk: 'lease', limit: 3, cursor }), isInvalid)
    await assert.rejects(a.list({ walk: 'claim', queue: 'default', limit: 3, cursor }), isInvalid)
    await assert.rejects(a.list({ walk: 'finished', direction: 'asc', state: 'dead', limit: 3, cursor }), isInvalid)
    await assert.rejects(a.list({ ...ALL, cursor: inLine }), isInvalid)
  }),
]

const effort: readonly StoreCase[] = [
  fact(
    'a filter that 4,000 jobs fail › a call examines at most 10 × limit + 1,000 and the walk still ends at the match [LIST-3]',
    async ({ a, b }) => {
      await insertAll(a, newJobs(4000))
      const last = await insertOne(a, { tags: ['rare'] })
      for (const query of [
        { walk: 'id', direction: 'asc', limit: 1, tag: 'rare' },
        { walk: 'claim', queue: 'default', limit: 1, tag: 'rare' },
      ] as const) {
        const first = await b.list(query)
        assert.deepEqual(
          first.jobs,
          [],
          `walk ${query.walk}: what stands behind 1,010 others is not looked at in one call`,
        )
        assert.ok(first.cursor)
        assert.deepEqual(idsOf(await listAll(b, query)), [last.id])
      }
    },
  ),
  fact(
    'a filter that all fail › is a short page with a cursor, and a null cursor at the end [LIST-3]',
    async ({ a, b }) => {
      const jobs = await insertAll(a, newJobs(1500))
      await changeAll(a, jobs.map(cancel))
      const queries = [
        { walk: 'id', direction: 'desc', limit: 10, tag: 'none' },
        { walk: 'id', direction: 'asc', limit: 10, states: ['dead'] },
        { walk: 'finished', state: 'cancelled', direction: 'asc', limit: 10, types: ['none'] },
      ] as const satisfies readonly ListQuery[]
      for (const query of queries) {
        const { jobs: none, cursor } = await b.list(query)
        assert.deepEqual(none, [])
        assert.ok(cursor, 'not all of 1,500 records were examined, so there is a cursor')
        assert.deepEqual(await listAll(b, query), [])
      }
    },
  ),
  fact('an empty store › every walk ends at once [LIST-3]', async ({ a }) => {
    const queries: ListQuery[] = [ALL, { walk: 'lease', limit: 1 }, { walk: 'claim', queue: 'none', limit: 1 }]
    queries.push(
      { walk: 'finished', state: 'dead', direction: 'desc', limit: 1 },
      { walk: 'lease', overOnly: true, limit: 1 },
    )
    for (const query of queries) assert.deepEqual(await a.list(query), { jobs: [], cursor: null })
  }),
  fact('walk lease with overOnly › pages past a full page of jobs that stay over [LIST-4]', async ({ a, b, clock }) => {
    await insertAll(a, newJobs(60))
    const immortal = await take(a, { max: 50, leaseMs: 10 })
    clock.move(1)
    const [mortal] = await take(a, { leaseMs: 10 })
    const [holder] = await take(a, { leaseMs: 60_000 })
    clock.move(10)
    const over = await listAll(b, { walk: 'lease', overOnly: true, limit: 10 })
    assert.deepEqual(idsOf(over), [...idsOf(immortal), mortal?.id])
    assert.equal(idsOf(over).includes(holder?.id as string), false)
    assert.equal(idsOf(await listAll(b, { walk: 'lease', limit: 10 })).at(-1), holder?.id)
  }),
  fact(
    'walk lease with overOnly, of one queue › finds what is over there behind 3,000 others [LIST-4, LIST-3]',
    async ({ a, b, clock }) => {
      await insertAll(a, newJobs(3000))
      for (let n = 0; n < 6; n++) await take(a, { max: 500, leaseMs: 10 })
      clock.move(1)
      const { job } = await jobIn(a, 'running', { queue: 'other' })
      clock.move(60_000)
      assert.deepEqual(idsOf(await listAll(b, { walk: 'lease', overOnly: true, queue: 'other', limit: 5 })), [job.id])
    },
  ),
  fact('bodies › are null unless asked for, and the rest is whole [LIST-5]', async ({ a, b }) => {
    const { id } = await insertOne(a, { payload: '[1]', ext: '{"e":1}', tags: ['t'], key: 'k' })
    const [job] = await takeIds(a, [id])
    const bodies = { result: '"r"', checkpoint: '"c"', log: '"l"' }
    const set = { ...bodies, progress: '0.1', error: '"e"' }
    const whole = await must(a, {
      id,
      guard: { version: 2 },
      set,
      event: { type: 'progressed', actor: null, detail: null },
    })
    const none = { payload: null, result: null, checkpoint: null, log: null }
    const dead = (await jobIn(a, 'dead', { payload: '[2]' })).job
    for (const walk of [ALL, { walk: 'lease', limit: 5 }] as const) {
      const of = async (asked: object) => (await b.list({ ...walk, ...asked })).jobs.find((one) => one.id === job?.id)
      assert.deepEqual(await of({}), { ...whole, ...none })
      assert.deepEqual(await of({ bodies: false }), { ...whole, ...none })
      assert.deepEqual(await of({ bodies: true }), whole)
    }
    const finished = { walk: 'finished', state: 'dead', direction: 'asc', limit: 5 } as const
    assert.deepEqual((await b.list(finished)).jobs, [{ ...dead, ...none }])
    assert.deepEqual((await b.list({ ...finished, bodies: true })).jobs, [dead])
    const queued = await insertOne(a, { queue: 'line', payload: '[3]' })
    assert.deepEqual((await b.list({ walk: 'claim', queue: 'line', limit: 5 })).jobs, [{ ...queued, ...none }])
    assert.deepEqual((await b.list({ walk: 'claim', queue: 'line', limit: 5, bodies: true })).jobs, [queued])
  }),
]

export const lists: readonly StoreCase[] = [...walks, ...bounds, ...paging, ...effort]
