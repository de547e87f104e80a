import assert from 'node:assert/strict'
import { systemClock } from '../../seam.js'
import type { Hint, Store } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { cancel, failTo, release, retry, succeed } from '../stage/commands.js'
import { insertOne, must, only, read, take, takeIds } from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'

/** Late is legal, so it is waited for; never would be a poll without a wake-up, which is what is proven not to be so. */
async function hinted(
  store: Store,
  write: () => Promise<unknown>,
  fits: (hint: Hint) => boolean,
  withinMs = 5000,
): Promise<void> {
  let unsubscribe = (): void => {}
  let cancelTimer = (): void => {}
  const called = new Promise<void>((resolve, reject) => {
    cancelTimer = systemClock.after(withinMs, () => reject(new Error(`no hint came within ${withinMs} ms`)))
    unsubscribe = store.subscribe((hint) => {
      if (fits(hint)) resolve()
    })
  })
  try {
    await Promise.all([called, write()])
  } finally {
    unsubscribe()
    cancelTimer()
  }
}

/** A hint without a name is about everything. */
const ofQueue = (queue: string) => (hint: Hint) => (hint.queue ?? queue) === queue
const ofJob = (id: string) => (hint: Hint) => (hint.jobId ?? id) === id

export const hints: readonly StoreCase[] = [
  fact(
    'subscribe › is called after what may make work: insert, release, retry, a failure to try again, resume [HINT-1]',
    async ({ a }) => {
      const fits = ofQueue('default')
      await hinted(a, () => insertOne(a), fits)
      const job = only(await take(a))
      await hinted(a, () => must(a, release(job)), fits)
      const second = only(await takeIds(a, [job.id]))
      await hinted(a, () => must(a, failTo('queued', second)), fits)
      const { job: dead } = await jobIn(a, 'dead')
      await hinted(a, () => must(a, retry(dead)), fits)
      await a.configure([{ kind: 'paused', name: 'default', value: '{}' }])
      await hinted(a, () => a.configure([{ kind: 'paused', name: 'default', value: null }]), fits)
    },
  ),
  fact('subscribe › is called after what ends a job [HINT-1]', async ({ a }) => {
    for (const ending of [succeed, failTo.bind(null, 'failed'), failTo.bind(null, 'dead'), cancel]) {
      const { job } = await jobIn(a, 'running')
      await hinted(a, () => must(a, ending(job)), ofJob(job.id))
    }
    const { job: queued } = await jobIn(a, 'queued')
    await hinted(a, () => must(a, cancel(queued)), ofJob(queued.id))
  }),
  fact('subscribe › when it calls back › what it tells of can be read [HINT-1, READ-1]', async ({ a, b }) => {
    const seen: Promise<number>[] = []
    const unsubscribe = a.subscribe(() => void seen.push(b.stats().then((counts) => counts.length)))
    await hinted(a, () => insertOne(a), ofQueue('default'))
    unsubscribe()
    for (const count of await Promise.all(seen)) assert.ok(count > 0)
    assert.ok(seen.length > 0)
  }),
  fact('subscribe › the answer ends it, and only it; called twice it does no harm [HINT-1]', async ({ a }) => {
    let calls = 0
    const count = (): void => void calls++
    const [first, second] = [a.subscribe(count), a.subscribe(count)]
    first()
    first()
    await hinted(a, () => insertOne(a), ofQueue('default'))
    assert.ok(calls >= 1)
    second()
    const before = calls
    await hinted(a, () => insertOne(a), ofQueue('default'))
    assert.equal(calls, before)
  }),
  fact('a listener that throws › harms neither the write nor other listeners [HINT-1]', async ({ a, b }) => {
    const unsubscribe = a.subscribe(() => {
      throw new Error('a listener of the user')
    })
    await hinted(a, () => insertOne(a, { id: 'told' }), ofQueue('default'))
    unsubscribe()
    assert.equal((await read(b, 'told')).state, 'queued')
  }),
  fact('without any listener › everything is the same [HINT-1]', async ({ a, b }) => {
    const { id } = await insertOne(a)
    await must(b, succeed(only(await take(b))))
    assert.equal((await read(a, id)).state, 'succeeded')
  }),
  fact(
    'subscribe › on another handle › is called as well [HINT-1]',
    async ({ a, b }) => {
      await hinted(b, () => insertOne(a), ofQueue('default'))
      const { job } = await jobIn(a, 'running')
      await hinted(b, () => must(a, succeed(job)), ofJob(job.id))
    },
    (can) => (can.hintsAcrossProcesses && can.sharedByProcesses ? null : 'hints of the store stay in their process'),
  ),
]
