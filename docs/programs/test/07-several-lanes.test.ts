import { afterAll, expect, it, vi } from 'vitest'

const log = vi.spyOn(console, 'log').mockImplementation(() => {})
const { jobs, mail, push, video, bulk } = await import('../07-several-lanes.js')
const printed = [...log.mock.calls]
afterAll(() => jobs.close())

it('7 · several lanes › each job runs in its lane, and one handler serves two', async () => {
  expect(printed).toEqual([[0]])
  const ordinary = await jobs.enqueue(mail, { to: 'ada' })
  const inBulk = await jobs.enqueue(mail, { to: 'bob' }, { queue: 'mail-bulk' })
  const pushed = await jobs.enqueue(push, { to: 'eve' })
  const results = [ordinary, inBulk, pushed].map((job) => jobs.result(job, { timeout: '10s' }))
  expect(await Promise.all(results)).toEqual(['mailed ada', 'mailed bob', 'pushed eve'])
  expect((await jobs.audit(inBulk.id))[1]?.workerId).toBe(bulk.workerId)
  expect(ordinary.maxAttempts).toBe(3)
})

it('7 · several lanes › the settings given to the queue are written to its lanes', async () => {
  const settings = new Map((await jobs.queues()).map((lane) => [lane.name, lane.settings]))
  const DAY_MS = 86_400_000
  expect(settings.get('video')).toMatchObject({
    maxQueued: 500,
    retention: { succeeded: DAY_MS, dead: 90 * DAY_MS },
  })
  expect(settings.get('mail')).toMatchObject({ maxFinished: 1000 })
})

it('7 · several lanes › a paused lane keeps its jobs until it is resumed, and a full one refuses more', async () => {
  const cuts = await jobs.enqueueMany(
    Array.from({ length: 500 }, (_, i) => ({ job: video, payload: { file: `${i}.mov` } })),
  )
  await expect(jobs.enqueue(video, { file: 'one too many' })).rejects.toMatchObject({
    code: 'QUEUE_FULL',
    details: { queue: 'video', maxQueued: 500 },
  })
  expect((await jobs.stats('video')).queued).toBe(500)
  const lane = (await jobs.queues()).find((one) => one.name === 'video')
  expect([lane?.paused, lane?.settings.maxQueued]).toEqual([true, 500])

  await jobs.resume('video')
  expect(await jobs.result(cuts[499] as (typeof cuts)[number], { timeout: '20s' })).toBe('cut 499.mov')
})
