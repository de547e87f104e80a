/** Names and texts that an index, a collation or a separator takes for one another. */
import assert from 'node:assert/strict'
import { fact, type StoreCase } from '../case.js'
import { failTo } from '../stage/commands.js'
import {
  at,
  draft,
  eventsOf,
  idsOf,
  insertAll,
  insertOne,
  must,
  newJob,
  only,
  read,
  take,
  tokenOf,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'

/** What stores join names with. */
const JOINTS = [':', '/', '.', '-', '_'] as const

/** Equal to a collation, a column of fixed width or a prefix of an index; each is a key of its own. */
const ALIKE = [
  'key',
  'Key',
  'key ',
  'k\u00e9y',
  'ke\u0301y',
  'key\u3000',
  `${'k'.repeat(254)}a`,
  `${'k'.repeat(254)}b`,
] as const

export const names: readonly StoreCase[] = [
  fact('a queue and a type › that read the same as others once joined › are not those [CLAIM-1]', async ({ a, b }) => {
    for (const joint of JOINTS) {
      const [one, other] = [
        newJob({ queue: 'a', type: `b${joint}c` }),
        newJob({ queue: `a${joint}b`, type: 'c', priority: 90 }),
      ]
      await insertAll(a, [one, other])
      assert.deepEqual(idsOf(await take(b, { max: 2, from: [{ queue: 'a', types: [one.type], limit: 2 }] })), [one.id])
      assert.deepEqual(idsOf(await take(a, { max: 2, from: [{ queue: other.queue, limit: 2 }] })), [other.id])
    }
  }),
  fact(
    'a queue and a key › that read the same as others once joined › are not those [UNIQ-1, UNIQ-5]',
    async ({ a, b }) => {
      for (const joint of JOINTS) {
        const [one, other] = [
          { queue: 'a', key: `b${joint}c` },
          { queue: `a${joint}b`, key: 'c' },
        ]
        const [first, second] = await insertAll(a, [newJob(one), newJob({ ...other, key: `c` })])
        assert.deepEqual(await b.get([one, other]), [first, second])
        await a.exchange({
          changes: [first, second].flatMap((job) =>
            job
              ? [{ id: job.id, guard: { version: 1 }, set: { state: 'cancelled' as const }, event: draft('cancelled') }]
              : [],
          ),
        })
      }
    },
  ),
  fact('queues and types › that differ in case › are different [CLAIM-1]', async ({ a, b }) => {
    const jobs = ['mail', 'Mail', 'MAIL'].flatMap((type) => ['lane', 'Lane'].map((queue) => newJob({ queue, type })))
    await insertAll(a, jobs)
    for (const { id, queue, type } of jobs)
      assert.deepEqual(idsOf(await take(b, { max: 9, from: [{ queue, types: [type], limit: 9 }] })), [id])
  }),
  fact(
    'keys › that differ in case, accents, blanks or their last character › are different [UNIQ-1, DATA-3]',
    async ({ a, b }) => {
      const made = await insertAll(
        a,
        ALIKE.map((key) => newJob({ key })),
      )
      assert.deepEqual(await b.get(ALIKE.map((key) => ({ queue: 'default', key }))), made)
    },
  ),
  fact('tags › come back in the order given, commas and all [DATA-3]', async ({ a, b }) => {
    const tags = ['z', 'a,b', 'a', ',', 'b c', '"q"', '{x}']
    const job = await insertOne(a, { tags })
    assert.deepEqual([job.tags, (await read(b, job.id)).tags], [tags, tags])
    assert.deepEqual(idsOf((await b.list({ walk: 'id', direction: 'asc', limit: 5, tag: 'a,b' })).jobs), [job.id])
    assert.deepEqual((await b.list({ walk: 'id', direction: 'asc', limit: 5, tag: 'b' })).jobs, [])
  }),
  fact('settings › are given in the order of the bytes of their names [SET-2]', async ({ a, b }) => {
    const inOrder = ['-', '10', '9', 'B', '_', 'a', 'aB', 'a_', 'b', 'é']
    await a.configure([...inOrder].reverse().map((name) => ({ kind: 'k', name, value: '1' })))
    assert.deepEqual(
      (await b.settings('k')).map(({ name }) => name),
      inOrder,
    )
  }),
  fact(
    '100 KiB in any text of a job and in the detail of an event › come back byte for byte [DATA-1]',
    async ({ a, b }) => {
      const text = (letter: string): string => JSON.stringify(letter.repeat(100 * 1024))
      const { job } = await jobIn(a, 'running', { ext: text('x') })
      await a.exchange({
        beats: [{ id: job.id, token: tokenOf(job), progress: text('p'), checkpoint: text('c'), log: text('l') }],
      })
      const failed = failTo('failed', job)
      await must(a, {
        ...failed,
        set: { ...failed.set, error: text('e'), result: text('r') },
        event: draft('failed', { detail: text('d') }),
      })
      const { ext, progress, checkpoint, log, error, result } = await read(b, job.id)
      const expected = ['x', 'p', 'c', 'l', 'e', 'r'].map(text)
      for (const [n, got] of [ext, progress, checkpoint, log, error, result].entries()) assert.ok(got === expected[n])
      assert.ok(only((await eventsOf(b, job.id)).slice(-1)).detail === text('d'))
      assert.equal(at(await eventsOf(b, job.id), 2).type, 'failed')
    },
  ),
]
