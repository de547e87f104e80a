import { isStintError, type QueueEvents } from '@stint/core'
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

const enqueue = (name: Order) => program.jobs.enqueue(program.charge, { order: name, cents: 100 })

/** Each failure of that order, told where it happens; what a listener throws would be swallowed, so it only hands on. */
function onFailure(name: Order, hear: (failure: QueueEvents['failed']) => void): () => void {
  return program.jobs.on('failed', (failure) => {
    if ((failure.job.payload as { order: Order }).order === name) hear(failure)
  })
}

const waitOf = ({ job, event }: QueueEvents['failed']): number => job.runAt.getTime() - event.at.getTime()

/** A wait is over at once. It may have been over already, by a draw of the jitter near nought. */
async function skipTheWait(jobId: string): Promise<void> {
  await program.jobs.reschedule(jobId, { delay: 0 }).catch((error: unknown) => {
    if (!isStintError(error, 'WRONG_STATE')) throw error
  })
}

it('3 · retries › 200 succeeds, and 402 fails for good at the first attempt', async () => {
  const fine = await program.jobs.wait(await enqueue('fine'), { timeout: '10s' })
  expect([fine.state, fine.attempt, fine.maxAttempts]).toEqual(['succeeded', 1, 8])
  const refused = await program.jobs.wait(await enqueue('refused'), { timeout: '10s' })
  expect([refused.state, refused.attempt, refused.error?.code]).toEqual(['failed', 1, 'CARD_REFUSED'])
})

it('3 · retries › 429 is queued again in exactly the 30 s that the failure names', async () => {
  const told = new Promise<QueueEvents['failed']>((resolve) => {
    onFailure('busy', resolve)
  })
  const busy = await enqueue('busy')
  const failure = await told
  expect([failure.job.state, failure.job.error?.message, failure.event.to]).toEqual(['queued', 'slow down', 'queued'])
  expect(waitOf(failure)).toBe(30_000)
  await skipTheWait(busy.id)
  expect((await program.jobs.wait(busy, { timeout: '10s' })).attempt).toBe(2)
})

it('3 · retries › 500 is retried by the backoff of the definition, dead after the eighth attempt, and returns with a new budget', async () => {
  const { jobs, afterTheOutage } = program
  const waits: number[] = []
  const skips: Promise<void>[] = []
  const off = onFailure('broken', (failure) => {
    if (failure.job.state !== 'queued') return
    waits.push(waitOf(failure))
    skips.push(skipTheWait(failure.job.id))
  })
  const broken = await enqueue('broken')
  const dead = await jobs.wait(broken, { timeout: '10s' })
  off()
  await Promise.all(skips)
  expect([dead.state, dead.attempt, dead.error?.message]).toEqual(['dead', 8, 'PSP answered 500'])
  expect(warn.mock.lastCall).toEqual([{ order: 'broken', cents: 100 }, 'is now', 'dead', 'PSP answered 500'])
  // Full jitter: each wait is drawn from nought to 2 s × 2^n.
  expect(waits.length).toBe(7)
  expect(waits.filter((wait, n) => wait < 0 || wait > 2000 * 2 ** n)).toEqual([])
  // That no draw leaves the first one's range happens once in two million runs; a backoff that does not grow never leaves it.
  expect(Math.max(...waits)).toBeGreaterThan(2000)

  isBack = true
  await afterTheOutage()
  expect(log.mock.calls).toEqual([['dead', null], ['failed', 'CARD_REFUSED'], ['1 dead jobs queued again']])
  const back = await jobs.wait(broken, { timeout: '10s' })
  expect([back.state, back.attempt]).toEqual(['succeeded', 1])
  const retried = (await jobs.audit(broken.id)).find((event) => event.type === 'retried')
  expect([retried?.actor, retried?.reason]).toEqual(['ada', 'PSP is back'])
})
