import assert from 'node:assert/strict'
import { defineJob, type JobState, type StandardSchema, type TrackedJob, unchecked } from '@stint/core'
import { describe, test } from 'vitest'
import { ALL_STATES, inState, job, trail } from './in-state.js'
import { watched } from './watched-store.js'
import { codeOf, faulty, settled, world } from './world.js'

const upload = defineJob({
  type: 'file_processing',
  payload: unchecked<{ file: string }>(),
  result: unchecked<{ documentId: string }>(),
  queue: 'tracking',
})
const file = { file: 'contract.pdf' }

describe('track', () => {
  test('a handle at once; unawaited calls are committed in the order they were made', async () => {
    const { jobs } = world({ queues: { tracking: { retention: '5m' } } })
    const tracked = jobs.track(upload, file)
    assert.equal(typeof tracked.jobId, 'string')
    void tracked.progress({ percent: 0, message: 'Upload queued' })
    void tracked.start()
    void tracked.progress({ percent: 50, message: 'Analysing…' })
    void tracked.log('half')
    const done = tracked.succeed({ documentId: 'doc_123' })
    const written = await tracked.written
    assert.deepEqual(
      [written.state, written.id, written.payload, written.queue, written.version],
      ['waiting', tracked.jobId, file, 'tracking', 1],
    )
    assert.equal((await done).job.state, 'succeeded')
    assert.deepEqual(await trail({ jobs }, tracked.jobId), [
      'enqueued',
      'progressed',
      'started',
      'progressed',
      'progressed',
      'succeeded',
    ])
    const after = await jobs.get(tracked.jobId, upload)
    assert.deepEqual(
      [after?.result, after?.progress, after?.attempt, after?.lease],
      [{ documentId: 'doc_123' }, { percent: 50, message: 'Analysing…' }, 0, null],
    )
    const later = jobs.tracked(tracked.jobId)
    assert.equal(await codeOf(later.fail(new Error('too late'))), 'WRONG_STATE')
  })

  test('its options › id, queue, key, tags, meta; the actor stands in every event of this handle', async () => {
    const { jobs } = world()
    const tracked = jobs.track(upload, file, {
      id: 'mine',
      queue: 'other',
      uniqueKey: 'k',
      tags: ['a'],
      meta: { user: 'ada' },
      actor: 'ada',
    })
    await tracked.start()
    const found = await jobs.get('mine')
    assert.deepEqual(
      [found?.queue, found?.uniqueKey, found?.tags, found?.meta, found?.state],
      ['other', 'k', ['a'], { user: 'ada' }, 'running'],
    )
    assert.deepEqual(
      (await jobs.audit('mine')).map((event) => event.actor),
      ['ada', 'ada'],
    )
    assert.equal(found?.startedAt?.toISOString(), '2030-01-01T00:00:00.000Z')
  })

  test('is never claimed, in no state; nor does it count against maxQueued', async () => {
    const { clock, jobs } = world({ queues: { tracking: { maxQueued: 0 } } })
    const tracked = jobs.track(upload, file)
    const claims = () =>
      Promise.all([
        jobs.claim({ workerId: 'w', queues: ['tracking'] }),
        jobs.claim({ workerId: 'w', ids: [tracked.jobId] }),
      ])
    assert.equal((await tracked.written).state, 'waiting')
    assert.deepEqual((await claims()).flat(), [])
    await tracked.start()
    await clock.advance('30d')
    assert.deepEqual((await claims()).flat(), [])
    assert.equal((await jobs.get(tracked.jobId))?.state, 'running')
  })

  test('the same id again › answers with the job that is there; for something else › ID_CONFLICT, told by every promise', async () => {
    const { jobs } = world()
    await jobs.track(upload, file, { id: 'one' }).written
    assert.equal((await jobs.track(upload, file, { id: 'one' }).written).version, 1)
    const conflict = jobs.track(upload, { file: 'other.pdf' }, { id: 'one' })
    assert.deepEqual(
      [
        await codeOf(conflict.written),
        await codeOf(conflict.start()),
        await codeOf(conflict.succeed({ documentId: 'x' })),
      ],
      ['ID_CONFLICT', 'ID_CONFLICT', 'ID_CONFLICT'],
    )
    assert.equal((await jobs.get('one'))?.version, 1)
  })

  test('a unique key that is held › the handle speaks to the job that has it', async () => {
    const { jobs } = world()
    const first = jobs.track(upload, file, { uniqueKey: 'k' })
    await first.written
    const second = jobs.track(upload, file, { uniqueKey: 'k' })
    assert.equal((await second.written).id, first.jobId)
    await second.succeed({ documentId: 'd' })
    assert.deepEqual([(await jobs.get(first.jobId))?.state, await jobs.count()], ['succeeded', 1])
  })

  test('mistakes of the program › TypeError; a payload that its schema refuses › each promise, never an unhandled rejection', async () => {
    const { clock, jobs } = world()
    assert.throws(() => jobs.track(upload, file, { id: 'a b' }), /^TypeError: id/)
    assert.throws(() => jobs.track(upload, file, { actor: '' }), /^TypeError: actor/)
    const strict: StandardSchema<unknown, unknown> = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) },
    }
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const tracked = jobs.track(defineJob({ type: 'strict', payload: strict }), 1)
    void tracked.start()
    void tracked.progress(1)
    void tracked.log('x')
    void tracked.fail(new Error('no'))
    await settled(clock)
    process.off('unhandledRejection', note)
    assert.deepEqual(
      [await codeOf(tracked.written), await codeOf(tracked.start()), unhandled],
      ['PAYLOAD_INVALID', 'PAYLOAD_INVALID', []],
    )
    assert.equal(await jobs.count(), 0)
  })

  test('progress that is too large or no JSON › rejects, does not throw; what comes after it goes on', async () => {
    const { jobs } = world()
    const tracked = jobs.track(upload, file)
    assert.equal(await codeOf(tracked.progress('x'.repeat(9000))), 'TOO_LARGE')
    assert.match(await codeOf(tracked.progress(new Map() as never)), /^TypeError: progress/)
    await tracked.progress(1)
    assert.equal((await jobs.get(tracked.jobId))?.progress, 1)
  })

  test('what was said when the call was made › is what is written, whatever becomes of the object', async () => {
    const { jobs } = world()
    const tracked = jobs.track(upload, file)
    const progress = { percent: 1 }
    const said = tracked.progress(progress)
    progress.percent = 99
    await said
    assert.deepEqual((await jobs.get(tracked.jobId))?.progress, { percent: 1 })
  })
})

describe('a tracked job by its id', () => {
  const verbs: [string, (tracked: TrackedJob) => Promise<unknown>, readonly JobState[]][] = [
    ['start', (tracked) => tracked.start(), ['waiting']],
    ['progress', (tracked) => tracked.progress(1), ['waiting']],
    ['log', (tracked) => tracked.log('x'), ['waiting']],
    ['succeed', (tracked) => tracked.succeed({}), ['waiting']],
    ['fail', (tracked) => tracked.fail(new Error('no')), ['waiting']],
  ]
  // Every other state is that of a job that is claimed, is to be claimed, or is over.
  describe.each(verbs)('%s', (_name, verb, legal) => {
    test.each(ALL_STATES)('of a job that is %s', async (state) => {
      const here = world()
      const { id } = await inState(here, state)
      const before = await here.jobs.get(id)
      const code = await codeOf(verb(here.another().tracked(id)))
      assert.equal(code, legal.includes(state) ? 'resolved' : 'WRONG_STATE')
      const after = await here.jobs.get(id)
      if (legal.includes(state)) assert.equal(after?.version, before!.version + 1)
      else assert.deepEqual(after, before)
    })

    test('of one that runs under nobody’s lease › legal, but for a second start', async () => {
      const { jobs } = world()
      const tracked = jobs.track(upload, file)
      await tracked.start()
      assert.equal(await codeOf(verb(jobs.tracked(tracked.jobId))), _name === 'start' ? 'WRONG_STATE' : 'resolved')
    })

    test('of no job, or of what is no id › JOB_NOT_FOUND', async () => {
      const { jobs } = world()
      for (const id of ['nobody', 'a b', '']) assert.equal(await codeOf(verb(jobs.tracked(id))), 'JOB_NOT_FOUND')
      assert.equal(await codeOf(jobs.tracked('nobody').written), 'JOB_NOT_FOUND')
    })

    test.each(['lose request', 'lose reply'] as const)('%s › done once, answered as done', async (fault) => {
      const { clock, store, another } = world()
      const control = faulty(store)
      const jobs = another({ store: control.store })
      const tracked = jobs.track(upload, file)
      await tracked.written
      control.next = fault
      const done = verb(tracked)
      await clock.advance('1s')
      await done
      assert.equal((await jobs.get(tracked.jobId))?.version, 2)
    })
  })

  test('an end whose reply was lost › is told to listeners and counted once', async () => {
    const { clock, store, another } = world()
    const control = faulty(store)
    const jobs = another({ store: control.store })
    const tracked = jobs.track(upload, file)
    await tracked.written
    const told: unknown[] = []
    jobs.on('succeeded', ({ event, job }) => told.push([event.seq, event.from, job.state]))
    control.next = 'lose reply'
    const done = tracked.succeed({ documentId: 'd' })
    await clock.advance('1s')
    await done
    assert.deepEqual([told, jobs.metrics().succeeded], [[[2, 'waiting', 'succeeded']], 1])
  })

  test('from several processes at once › every report is there, each with its event', async () => {
    const here = world()
    const tracked = here.jobs.track(upload, file)
    await tracked.written
    const handles = [tracked, here.another().tracked(tracked.jobId), here.another().tracked(tracked.jobId)]
    await Promise.all(Array.from({ length: 30 }, (_, i) => handles[i % 3]!.log(`line ${i}`)))
    const lines = (await here.jobs.logs(tracked.jobId)).map((line) => line.message)
    assert.deepEqual([...lines].sort(), Array.from({ length: 30 }, (_, i) => `line ${i}`).sort())
    assert.deepEqual(
      [0, 1, 2].map((n) => lines.filter((line) => Number(line.slice(5)) % 3 === n)),
      [0, 1, 2].map((n) => Array.from({ length: 10 }, (_, i) => `line ${i * 3 + n}`)),
      'and those of one handle in order',
    )
    assert.equal((await here.jobs.get(tracked.jobId))?.version, 31)
  })

  test('fail › ends it as failed, with the error; cancel by anybody ends it too', async () => {
    const { jobs } = world()
    const one = jobs.track(upload, file)
    const { job } = await one.fail(Object.assign(new RangeError('no'), { code: 'E_NO' }))
    assert.deepEqual(
      [job.state, job.error?.name, job.error?.message, job.error?.code],
      ['failed', 'RangeError', 'no', 'E_NO'],
    )
    const two = jobs.track(upload, file)
    await two.written
    await jobs.cancel(two.jobId)
    assert.equal(await codeOf(two.progress(1)), 'WRONG_STATE')
    const error = await two.succeed({ documentId: 'x' }).catch((thrown) => thrown)
    assert.deepEqual(error.details, { jobId: two.jobId, state: 'cancelled', command: 'succeed' })
  })

  test('a result that its schema refuses, or that is no JSON › RESULT_INVALID; the job goes on', async () => {
    const { jobs } = world()
    const result: StandardSchema<string, string> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: async (value) => (typeof value === 'string' ? { value } : { issues: [{ message: 'no text' }] }),
      },
    }
    const strict = defineJob({ type: 'strict', result })
    const tracked = jobs.track(strict, 1)
    assert.equal(await codeOf(tracked.succeed(1 as never)), 'RESULT_INVALID')
    assert.equal(await codeOf(jobs.tracked(tracked.jobId).succeed(1n)), 'RESULT_INVALID')
    assert.equal((await tracked.succeed('text')).job.result, 'text')
  })

  test('a wait in another process › is told of its end', async () => {
    const here = world()
    const tracked = here.jobs.track(upload, file)
    await tracked.written
    const result = here.another().result(tracked.jobId, { timeout: '1m' })
    await settled(here.clock)
    await tracked.succeed({ documentId: 'd' })
    assert.deepEqual(await result, { documentId: 'd' })
  })

  test('made by enqueue or by hand › a job that is to be claimed is not tracked', async () => {
    const { jobs } = world()
    const { id } = await jobs.enqueue(job, 1)
    assert.equal((await jobs.tracked(id).written).state, 'queued')
    assert.equal(await codeOf(jobs.tracked(id).start()), 'WRONG_STATE')
  })

  test('calls that were not awaited when the queue closes › are written', async () => {
    const here = world()
    const mine = here.another({ store: watched(here.store).store })
    await here.jobs.open()
    const tracked = mine.track(upload, file)
    void tracked.start()
    const done = tracked.succeed({ documentId: 'd' })
    const closing = mine.close()
    assert.equal((await done).job.state, 'succeeded')
    await closing
    assert.throws(() => mine.track(upload, file), { code: 'QUEUE_CLOSED' })
    assert.throws(() => mine.tracked('x'), { code: 'QUEUE_CLOSED' })
  })
})
