/** What the worlds have found, each as the shortest way to it; docs/track-record.md tells of them. */
import assert from 'node:assert/strict'
import { type Batch, defineJob, handleBatch, JobQueue, StintError, type Store } from '@stint/core'
import { describe, test } from 'vitest'
import { codeOf, gate, settled, world } from '../queue/world.js'

const job = defineJob({ type: 'job' })

type Exchange = Store<never, false>['exchange']

/** A queue whose store is that one but for some of its calls. */
function queueOver(store: Store<never, false>, own: Partial<Store<never, false>>): JobQueue<never, false> {
  const changed = new Proxy(store, {
    get(target, key) {
      if (Object.hasOwn(own, key)) return own[key as keyof typeof own]
      const value = Reflect.get(target, key, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return new JobQueue<never, false>({ store: changed, sweep: false })
}

/** Acts, and loses the reply of the first write that `isMeant`. */
function losingReply(store: Store<never, false>, isMeant: (batch: Batch) => boolean): Exchange {
  let isLost = false
  return async (batch) => {
    const result = await store.exchange(batch)
    if (isLost || !isMeant(batch)) return result
    isLost = true
    throw new StintError('OUTCOME_UNKNOWN', 'cut', { store: store.name })
  }
}

const away = async (): Promise<never> => {
  throw new StintError('STORE_UNAVAILABLE', 'away', { store: 'memory' })
}
const inserts = (batch: Batch): boolean => (batch.inserts?.length ?? 0) > 0
const changes =
  (type: string) =>
  (batch: Batch): boolean =>
    batch.changes?.some((change) => change.event.type === type) ?? false

describe('a write whose reply was lost, and the look that would tell what became of it fails', () => {
  test('enqueue under an own id › OUTCOME_UNKNOWN, never "nothing was written"', async () => {
    const { clock, store, jobs } = world()
    await jobs.open()
    const lossy = queueOver(store, { exchange: losingReply(store, inserts), events: away })
    const code = codeOf(lossy.enqueue(job, 1, { id: 'mine' }))
    await clock.advance('1s')
    assert.equal(await code, 'OUTCOME_UNKNOWN')
    assert.equal((await jobs.get('mine'))?.state, 'queued')
  })

  test('cancel › OUTCOME_UNKNOWN', async () => {
    const { clock, store, jobs } = world()
    const { id } = await jobs.enqueue(job, 1)
    const lossy = queueOver(store, { exchange: losingReply(store, changes('cancelled')), events: away })
    const code = codeOf(lossy.cancel(id))
    await clock.advance('1s')
    assert.equal(await code, 'OUTCOME_UNKNOWN')
    assert.equal((await jobs.get(id))?.state, 'cancelled')
  })

  test('succeed under a lease › OUTCOME_UNKNOWN, and the same again is answered as the first time [FENCE-3]', async () => {
    const { clock, store, jobs } = world()
    const { id } = await jobs.enqueue(job, 1)
    let isAway = true
    const lossy = queueOver(store, {
      exchange: losingReply(store, changes('succeeded')),
      events: (jobId, query) => (isAway ? away() : store.events(jobId, query)),
    })
    const [lease] = await lossy.claim({ workerId: 'w' })
    assert.ok(lease)
    const code = codeOf(lease.succeed('done'))
    await clock.advance('1s')
    assert.equal(await code, 'OUTCOME_UNKNOWN')
    isAway = false
    assert.equal((await lease.succeed('done')).job.result, 'done')
    assert.equal((await jobs.audit(id)).filter((event) => event.type === 'succeeded').length, 1)
  })
})

describe('an enqueue whose reply was lost is recognised as its own', () => {
  test('also when somebody has edited the job before the repeat', async () => {
    const { clock, store, jobs } = world()
    await jobs.open()
    const lossy = queueOver(store, { exchange: losingReply(store, inserts) })
    const mine = lossy.enqueue(job, 'first', { id: 'mine', uniqueKey: 'key' })
    await settled(clock)
    await jobs.enqueue(job, 'second', { uniqueKey: 'key', ifExists: 'replace' })
    await clock.advance('1s')
    const { id, isNew, payload } = await mine
    assert.deepEqual([id, isNew, payload], ['mine', true, 'second'])
  })

  test('also when it is the second insert of a debounce whose first met a job that went away', async () => {
    const { clock, store, jobs } = world()
    const old = await jobs.enqueue(job, 'old', { uniqueKey: 'key' })
    const lose = losingReply(store, inserts)
    let isEdited = false
    const lossy = queueOver(store, {
      exchange: async (batch) => {
        if (isEdited) return lose(batch)
        if (!changes('edited')(batch)) return store.exchange(batch)
        isEdited = true
        await jobs.cancel(old.id)
        return store.exchange(batch)
      },
    })
    const replacing = lossy.enqueue(job, 'new', { uniqueKey: 'key', ifExists: 'replace' })
    await clock.advance('1s')
    const { id, isNew } = await replacing
    assert.equal(isNew, true)
    assert.notEqual(id, old.id)
    assert.equal((await jobs.stats()).queued, 1)
  })
})

describe('a batch whose time to gather ends while a claim for it is under way', () => {
  test('waits for that claim: no more handlers run than the pool has slots', async () => {
    const { clock, store, jobs } = world()
    const held = gate()
    const claims: string[] = []
    const slow = queueOver(store, {
      // Time goes on while its call is held.
      clock: { now: () => clock.now(), after: (ms, run) => clock.after(ms, run) },
      exchange: async (batch) => {
        for (const claim of batch.claims ?? []) claims.push(claim.token)
        if (claims.length === 2 && batch.claims?.length) await held.promise
        return store.exchange(batch)
      },
    })
    const sizes: number[] = []
    const over = gate()
    const run = async (batch: readonly unknown[]): Promise<void> => {
      sizes.push(batch.length)
      await over.promise
    }
    await jobs.enqueue(job, 1)
    const worker = slow.work(handleBatch(job, run, { size: 3, wait: '100ms' }), { concurrency: 1 })
    await settled(clock)
    await jobs.enqueue(job, 2)
    await clock.advance('200ms')
    assert.deepEqual([claims.length, sizes], [2, []])
    held.open()
    await clock.advance('200ms')
    assert.deepEqual([sizes, worker.active], [[2], 1])
    over.open()
    const stopping = worker.stop({ grace: 0 })
    await clock.advance('10s')
    await stopping
  })
})

test('retry of a tracked job › WRONG_STATE: nobody would claim it', async () => {
  const { jobs } = world()
  const upload = jobs.track(job, 1)
  await upload.fail(new Error('lost'))
  assert.equal(await codeOf(jobs.retry(upload.jobId)), 'WRONG_STATE')
  const cancelled = jobs.track(job, 2)
  await cancelled.written
  await jobs.cancel(cancelled.jobId)
  assert.equal(await codeOf(jobs.retry(cancelled.jobId)), 'WRONG_STATE')
  // A job that was cancelled before anybody claimed it is no tracked one.
  const { id } = await jobs.enqueue(job, 3)
  await jobs.cancel(id)
  assert.equal((await jobs.retry(id)).state, 'queued')
})
