import assert from 'node:assert/strict'
import type { QueueSettings } from '@stint/core'
import { describe, test } from 'vitest'
import { job } from './in-state.js'
import { watched } from './watched-store.js'
import { codeOf, type World, world } from './world.js'

const settingOf = async ({ store }: World, kind: 'queue' | 'paused', name: string) => {
  const found = (await store.settings(kind)).find((one) => one.name === name)
  return found && { ...JSON.parse(found.value), version: found.version }
}

describe('pause', () => {
  test('claims that begin afterwards take nothing from the lane, given ids neither; everything else goes on', async () => {
    const { jobs } = world()
    const held = await jobs.enqueue(job, 1)
    const [lease] = await jobs.claim({ workerId: 'w' })
    await jobs.pause('default')
    const { id } = await jobs.enqueue(job, 2)
    const elsewhere = await jobs.enqueue(job, 3, { queue: 'other' })
    assert.deepEqual(await jobs.claim({ workerId: 'w' }), [])
    assert.deepEqual(await jobs.claim({ workerId: 'w', ids: [id] }), [])
    const taken = await jobs.claim({ workerId: 'w', queues: ['default', 'other'], limit: 5 })
    assert.deepEqual(
      taken.map((one) => one.jobId),
      [elsewhere.id],
    )
    await lease!.heartbeat()
    await lease!.succeed(1)
    await jobs.reprioritise(id, 90)
    assert.equal((await jobs.get(held.id))?.state, 'succeeded')
    await jobs.resume('default')
    assert.deepEqual(
      (await jobs.claim({ workerId: 'w' })).map((one) => one.jobId),
      [id],
    )
  })

  test('is seen by every process, keeps actor and reason in the setting; twice, and resumed twice, is fine', async () => {
    const here = world()
    await here.jobs.pause('video', { actor: 'ada', reason: 'disk full' })
    assert.deepEqual(await settingOf(here, 'paused', 'video'), { actor: 'ada', reason: 'disk full', version: 1 })
    const other = here.another()
    assert.deepEqual(
      (await other.queues()).map((one) => [one.name, one.paused]),
      [['video', true]],
    )
    await other.pause('video', { actor: 'bob' })
    assert.equal((await settingOf(here, 'paused', 'video'))?.actor, 'bob')
    await other.resume('video', { actor: 'bob' })
    await other.resume('video')
    assert.deepEqual([await settingOf(here, 'paused', 'video'), await here.jobs.queues()], [undefined, []])
  })

  test('mistakes › TypeError', async () => {
    const { jobs } = world()
    for (const call of [
      () => jobs.pause('ä'),
      () => jobs.resume(''),
      () => jobs.configure('a b', {}),
      () => jobs.pause('a', { actor: '' }),
    ])
      assert.match(await codeOf(call()), /^TypeError: (queue|actor): expected/)
  })
})

describe('configure', () => {
  test('only given fields change; answers with the lane as it is now', async () => {
    const here = world()
    assert.deepEqual(await here.jobs.configure('mail', { maxQueued: 5, maxFinished: 9 }), {
      name: 'mail',
      paused: false,
      settings: { maxQueued: 5, maxFinished: 9 },
    })
    const after = await here.jobs.configure('mail', { maxQueued: 6, retention: { dead: '1d' } })
    assert.deepEqual(after.settings, { maxQueued: 6, maxFinished: 9, retention: { dead: 86_400_000 } })
    const states = await here.jobs.configure('mail', { retention: { succeeded: '2d' }, maxQueued: undefined })
    assert.deepEqual(states.settings.retention, { dead: 86_400_000, succeeded: 172_800_000 })
    const all = await here.jobs.configure('mail', { retention: '5m', maxQueued: null })
    assert.deepEqual(all.settings, { maxQueued: null, maxFinished: 9, retention: 300_000 })
  })

  test('two processes change different fields at once › both stand; the same field › the last writer wins', async () => {
    const here = world()
    const other = here.another()
    await Promise.all([here.jobs.configure('mail', { maxQueued: 1 }), other.configure('mail', { maxFinished: 2 })])
    assert.deepEqual((await here.jobs.queues())[0]?.settings, { maxQueued: 1, maxFinished: 2 })
    await here.jobs.configure('mail', { maxQueued: 3 })
    await other.configure('mail', { maxQueued: 4 })
    assert.equal((await here.jobs.queues())[0]?.settings.maxQueued, 4)
  })

  test('actor and reason stand in the setting, of the last change and not of one before; they are no settings', async () => {
    const here = world()
    const { settings } = await here.jobs.configure('mail', { maxQueued: 5 }, { actor: 'ada', reason: 'launch' })
    assert.deepEqual(settings, { maxQueued: 5 })
    assert.deepEqual(await settingOf(here, 'queue', 'mail'), {
      maxQueued: 5,
      actor: 'ada',
      reason: 'launch',
      version: 1,
    })
    await here.jobs.configure('mail', { maxQueued: 6 }, { actor: 'bob' })
    assert.deepEqual(await settingOf(here, 'queue', 'mail'), { maxQueued: 6, actor: 'bob', version: 2 })
    await here.jobs.configure('mail', { maxQueued: 7 })
    assert.deepEqual(await settingOf(here, 'queue', 'mail'), { maxQueued: 7, version: 3 })
  })

  test('what would change nothing › is not written', async () => {
    const here = world()
    await here.jobs.configure('mail', { maxQueued: 5 }, { actor: 'ada' })
    await here.jobs.configure('mail', { maxQueued: 5 })
    await here.jobs.configure('mail', {})
    await here.jobs.configure('empty', {})
    assert.equal((await settingOf(here, 'queue', 'mail'))?.version, 1)
    assert.equal(await settingOf(here, 'queue', 'empty'), undefined)
  })

  test.each<[QueueSettings | object, RegExp]>([
    [{ maxQueued: -1 }, /maxQueued: expected a whole number/],
    [{ maxQueued: 1.5 }, /maxQueued/],
    [{ maxFinished: '9' }, /maxFinished/],
    [{ maxLogBytes: 262_145 }, /maxLogBytes: expected a whole number from 0 to 262144/],
    [{ retention: '5 minutes' }, /retention: expected a duration/],
    [{ retention: { dead: -1 } }, /retention.dead/],
    [{ retention: { queued: '1d' } }, /retention: expected finished states .* got "queued"/],
  ])('%j › TypeError, from configure and from the constructor', async (wrong, message) => {
    const { jobs, another } = world()
    assert.match(await codeOf(jobs.configure('mail', wrong)), message)
    assert.throws(() => another({ queues: { mail: wrong } }), message)
    assert.deepEqual(await jobs.queues(), [])
  })
})

describe('the option `queues`', () => {
  test('is written at open, over what is there field by field, and not again when it says the same', async () => {
    const here = world({
      queues: { video: { maxQueued: 500, retention: { succeeded: '1d' } }, mail: { maxFinished: 1000 } },
    })
    await here.jobs.open()
    assert.deepEqual(await settingOf(here, 'queue', 'video'), {
      maxQueued: 500,
      retention: { succeeded: 86_400_000 },
      version: 1,
    })
    await here.jobs.configure('video', { auditHeartbeats: true }, { actor: 'ada' })
    const control = watched(here.store)
    await here
      .another({ store: control.store, queues: { video: { maxQueued: 500 }, mail: { maxFinished: 1000 } } })
      .open()
    assert.equal(control.calls['configure'] ?? 0, 0)
    await here.another({ queues: { video: { maxQueued: 400 } } }).open()
    assert.deepEqual(await settingOf(here, 'queue', 'video'), {
      maxQueued: 400,
      retention: { succeeded: 86_400_000 },
      auditHeartbeats: true,
      version: 3,
    })
  })

  test('eight processes that open at once › one of them writes', async () => {
    const here = world()
    await Promise.all(Array.from({ length: 8 }, () => here.another({ queues: { mail: { maxQueued: 3 } } }).open()))
    assert.deepEqual(await settingOf(here, 'queue', 'mail'), { maxQueued: 3, version: 1 })
  })

  test('a name or a setting that is wrong › shows when the queue is made or opened', async () => {
    const { another } = world()
    assert.throws(() => another({ queues: { mail: { maxQueued: -1 } } }), /maxQueued/)
    assert.match(await codeOf(another({ queues: { ä: { maxQueued: 1 } } }).open()), /^TypeError: queue/)
  })
})

describe('queues', () => {
  test('every lane that has jobs, settings or a pause, by name', async () => {
    const { jobs } = world({ queues: { b: { maxQueued: 1 } } })
    await jobs.enqueue(job, 1, { queue: 'd' })
    await jobs.pause('a')
    const { id } = await jobs.enqueue(job, 1, { queue: 'c' })
    await jobs.cancel(id)
    assert.deepEqual(await jobs.queues(), [
      { name: 'a', paused: true, settings: {} },
      { name: 'b', paused: false, settings: { maxQueued: 1 } },
      { name: 'c', paused: false, settings: {} },
      { name: 'd', paused: false, settings: {} },
    ])
  })
})

describe('a change by another process', () => {
  const lanes: [string, QueueSettings, (of: World['jobs']) => Promise<unknown>, unknown][] = [
    ['maxQueued', { maxQueued: 0 }, (jobs) => codeOf(jobs.enqueue(job, 1)), 'QUEUE_FULL'],
    [
      'maxLogBytes',
      { maxLogBytes: 40 },
      async (jobs) => {
        const { id } = await jobs.enqueue(job, 1)
        const [lease] = await jobs.claim({ workerId: 'w', ids: [id] })
        for (let i = 0; i < 5; i++) await lease!.log(`line ${i}`)
        return (await jobs.logs(id)).length
      },
      2,
    ],
  ]
  test.each(lanes)(
    '%s › is in force here five seconds later, in a process that works',
    async (_name, settings, look, expected) => {
      const here = world()
      const busy = here.another({ sweep: '1s' })
      await busy.claim({ workerId: 'w' })
      await here.jobs.configure('default', settings)
      await here.clock.advance('5001ms')
      assert.deepEqual(await look(busy), expected)
    },
  )

  test.each(lanes)(
    '%s › is in force here five seconds later, in a process that was idle',
    async (_name, settings, look, expected) => {
      const here = world()
      const idle = here.another()
      await idle.open()
      await here.jobs.configure('default', settings)
      await here.clock.advance('5001ms')
      assert.deepEqual(await look(idle), expected)
    },
  )
})
