import assert from 'node:assert/strict'
import type { JobRecord } from '../../record.js'
import { fact, type StoreCase } from '../case.js'
import { cancel, reprioritise, succeed } from '../stage/commands.js'
import { at, draft, eventsOf, feedFrom, idsOf, insertOne, must, newJob, only, read, take } from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'

/** What a careless caller does to an object; a frozen one refuses it, which is as good. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value)) {
    spoil(inner)
    try {
      Object.assign(value, { [name]: 'spoilt' })
    } catch {
      // Frozen: nobody can spoil it.
    }
  }
}

export const reads: readonly StoreCase[] = [
  fact(
    'a read › on the other handle, after each write was acknowledged › sees it in every way of reading [READ-1, EVENT-3]',
    async ({ a, b }) => {
      let { cursor } = await b.feed({ after: 'end', limit: 1 })
      const isSeen = async (job: JobRecord, type: string): Promise<void> => {
        assert.deepEqual(await b.get([job.id]), [job])
        assert.equal((await eventsOf(b, job.id)).at(-1)?.type, type)
        const feed = await feedFrom(b, cursor)
        assert.deepEqual(
          feed.events.map((event) => [event.jobId, event.type]),
          [[job.id, type]],
        )
        cursor = feed.cursor
        assert.deepEqual(
          (await b.stats()).filter(({ count }) => count),
          [{ queue: 'default', state: job.state, count: 1 }],
        )
        assert.deepEqual(idsOf((await b.list({ walk: 'id', direction: 'asc', limit: 5 })).jobs), [job.id])
      }
      const made = await insertOne(a)
      await isSeen(made, 'enqueued')
      await isSeen(await must(a, reprioritise(made)), 'reprioritised')
      const taken = only(await take(a))
      await isSeen(taken, 'leased')
      assert.deepEqual(idsOf((await b.list({ walk: 'lease', limit: 5 })).jobs), [made.id])
      await isSeen(await must(a, succeed(taken)), 'succeeded')
    },
  ),
  fact('get › answers in the order asked, null for unknown ids, an id asked twice twice [READ-2]', async ({ a, b }) => {
    const [one, two] = [await insertOne(a), await insertOne(a)]
    assert.deepEqual(await b.get([two.id, 'nobody', one.id, two.id]), [two, null, one, two])
    assert.deepEqual(await b.get([]), [])
  }),
  fact('get › of 1,000 ids › answers with all of them [READ-2]', async ({ a, b }) => {
    const jobs = [...Array(2)].map(() => Array.from({ length: 500 }, () => newJob()))
    for (const inserts of jobs) await a.exchange({ inserts })
    const ids = idsOf(jobs.flat())
    assert.deepEqual(
      (await b.get(ids)).map((job) => job?.id),
      ids,
    )
  }),
  fact('what a caller does to an answer › reaches nobody [READ-2]', async ({ a, b }) => {
    const { job } = await jobIn(a, 'running', { tags: ['t'] })
    const events = await eventsOf(b, job.id)
    const dead = (await jobIn(a, 'dead', { queue: 'other', tags: ['u'] })).job
    await a.configure([{ kind: 'k', name: 'n', value: '1' }])
    const everything = async (): Promise<unknown[]> => [
      await a.get([job.id, dead.id]),
      await a.list({ walk: 'id', direction: 'asc', limit: 5, bodies: true }),
      await a.list({ walk: 'lease', limit: 5 }),
      await a.events(job.id, { limit: 5 }),
      await a.feed({ after: 'start', limit: 5 }),
      await a.stats(),
      await a.settings('k'),
      (await a.exchange({ inserts: [newJob({ id: job.id })] })).inserts,
      (await a.exchange({ beats: [{ id: job.id, token: 'token-of-nobody', progress: '1' }] })).beats,
      (await a.exchange({ claims: [] })).claims,
    ]
    const before = structuredClone(await everything())
    for (const answer of await everything()) spoil(answer)
    assert.deepEqual(await everything(), before)
    assert.deepEqual(await read(b, job.id), job)
    assert.deepEqual(await eventsOf(b, job.id), events)
  }),
  fact(
    'what a caller does to what it has sent, or was answered by a write › reaches nobody [READ-2]',
    async ({ a, b }) => {
      const sent = newJob({ tags: ['one'], event: draft('enqueued', { actor: 'ada' }) })
      const { inserts } = await a.exchange({ inserts: [sent] })
      const answered = structuredClone(at(inserts, 0).job)
      ;(sent.tags as string[]).push('two')
      spoil(sent.event)
      spoil(inserts)
      assert.deepEqual(await read(b, answered.id), answered)
      const [taken] = await take(a)
      const held = structuredClone(taken) as JobRecord
      spoil(taken)
      assert.deepEqual(await read(b, answered.id), held)
      const tags = ['three']
      const result = (
        await a.exchange({
          changes: [{ id: held.id, guard: { version: 2 }, set: { tags }, event: draft('progressed'), returning: true }],
        })
      ).changes
      tags.push('four')
      spoil(result)
      assert.deepEqual((await read(b, held.id)).tags, ['three'])
      const cancelled = structuredClone(await must(a, cancel(held)))
      assert.deepEqual(await read(b, held.id), cancelled)
      assert.equal(at(await eventsOf(b, held.id), 0).actor, 'ada')
    },
  ),
]
