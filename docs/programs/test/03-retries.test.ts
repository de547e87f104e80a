import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type LocalServer, localServer } from './local-server.js'

type Program = typeof import('../03-retries.js')
type Order = 'fine' | 'refused' | 'busy' | 'broken'

let psp: LocalServer
let program: Program
let isBack = false
const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
const log = vi.spyOn(console, 'log').mockImplementation(() => {})

beforeAll(async () => {
  const seen = new Set<string>()
  psp = await localServer(({ order }: { order: Order }) => {
    const isFirst = !seen.has(order)
    seen.add(order)
    if (order === 'refused') return { status: 402 }
    if (order === 'busy' && isFirst) return { status: 429 }
    return { status: order === 'broken' && !isBack ? 500 : 200 }
  })
  process.env.PSP_URL = psp.url
  program = await import('../03-retries.js')
})
afterAll(async () => {
  await program.jobs.close()
  await psp.close()
})

it('3 · retries › 200 succeeds, 402 fails for good, 429 comes again in 30 s, 500 is retried until dead, and the dead return', async () => {
  const { jobs, charge, afterTheOutage } = program
  const order = (name: Order, policy = {}) => jobs.enqueue(charge, { order: name, cents: 100 }, policy)

  const fine = await jobs.wait(await order('fine'), { timeout: '10s' })
  expect([fine.state, fine.attempt, fine.maxAttempts]).toEqual(['succeeded', 1, 8])

  const refused = await jobs.wait(await order('refused'), { timeout: '10s' })
  expect([refused.state, refused.attempt, refused.error?.code]).toEqual(['failed', 1, 'CARD_REFUSED'])

  const told = new Promise<Date>((resolve) => {
    const off = jobs.on('failed', ({ job, event }) => {
      if ((job.payload as { order: Order }).order !== 'busy') return
      off()
      expect([job.state, job.error?.message, event.to]).toEqual(['queued', 'slow down', 'queued'])
      resolve(new Date(job.runAt.getTime() - event.at.getTime()))
    })
  })
  const busy = await order('busy')
  expect((await told).getTime()).toBe(30_000)
  await jobs.reschedule(busy.id, { delay: 0 }) // thirty seconds later
  expect((await jobs.wait(busy, { timeout: '10s' })).attempt).toBe(2)

  // The same road with a smaller budget: eight attempts of the definition's backoff would take minutes.
  const broken = await order('broken', { maxAttempts: 2, backoff: { kind: 'fixed', base: '10ms' } })
  const dead = await jobs.wait(broken, { timeout: '10s' })
  expect([dead.state, dead.attempt, dead.error?.message]).toEqual(['dead', 2, 'PSP answered 500'])
  expect(warn.mock.lastCall).toEqual([{ order: 'broken', cents: 100 }, 'is now', 'dead', 'PSP answered 500'])

  isBack = true
  await afterTheOutage()
  expect(log.mock.calls).toEqual([['dead', null], ['failed', 'CARD_REFUSED'], ['1 dead jobs queued again']])
  expect((await jobs.wait(broken, { timeout: '10s' })).state).toBe('succeeded')
  const retried = (await jobs.audit(broken.id)).find((event) => event.type === 'retried')
  expect([retried?.actor, retried?.reason]).toEqual(['ada', 'PSP is back'])
})
