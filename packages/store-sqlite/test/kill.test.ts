import { JobQueue } from '@stint/core'
import { checkInvariants } from '@stint/core/conformance'
import { describe, expect, test } from 'vitest'
import { sqliteStore } from '../src/index.js'
import { checksumOf, fate, handleChecksum } from './support/checksum.js'
import { Child } from './support/child.js'
import { newFile } from './support/place.js'

const KILLS = 50
const TERMINAL = ['succeeded', 'failed', 'dead', 'cancelled']

/** Two at a time; each that is killed makes room for the next. Answers the ids of the jobs that were acknowledged. */
async function killWorkers(path: string): Promise<Set<string>> {
  const acknowledged = new Set<string>()
  const take = (worker: Child): void => {
    for (const ids of worker.heard<string[]>()) for (const id of ids) acknowledged.add(id)
  }
  const start = (nth: number): Child => new Child('worker', [path, String(nth * 10_000)])
  let [first, second] = [start(0), start(1)]
  for (let nth = 2; nth < KILLS + 2; nth++) {
    for (const id of await first.hear<string[]>()) acknowledged.add(id) // it works by now
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
    await first.kill()
    take(first)
    ;[first, second] = [second, start(nth)]
  }
  for (const worker of [first, second]) {
    await worker.kill()
    take(worker)
  }
  return acknowledged
}

describe('workers that are killed with kill -9 at random moments', () => {
  test(`${KILLS} of them over one file › every job ends exactly once, none that was acknowledged is lost, each audit trail is whole [ATOM-1, FAULT-3]`, async () => {
    const path = newFile()
    const acknowledged = await killWorkers(path)
    const store = sqliteStore({ path })
    await using jobs = new JobQueue({ store, sweep: '50ms' })
    const worker = jobs.work(handleChecksum, { concurrency: 50, lease: '1s', poll: '20ms' })
    const live = async (): Promise<number> =>
      (await store.stats()).reduce((sum, { state, count }) => sum + (TERMINAL.includes(state) ? 0 : count), 0)
    await expect.poll(live, { timeout: 20_000 }).toBe(0)
    await worker.stop()

    await checkInvariants(store) // trails are 1, 2, 3 …, replay to the record, and counts, keys, feed and walks agree
    const seen = new Set<string>()
    let expired = 0
    for (let after: string | 'start' = 'start', more = true; more; ) {
      const page = await store.feed({ after, limit: 1000 })
      for (const event of page.events) {
        if (event.type === 'lease_expired') expired++
        if (!TERMINAL.includes(event.to)) continue
        expect(seen.has(event.jobId), `${event.jobId} ended twice`).toBe(false)
        seen.add(event.jobId)
      }
      after = page.cursor
      more = !page.caughtUp
    }
    expect([...acknowledged].filter((id) => !seen.has(id))).toEqual([])
    expect(acknowledged.size).toBeGreaterThan(KILLS * 4)
    expect(expired).toBeGreaterThan(KILLS / 4) // the kills did hit jobs in their runs
    for await (const job of everyJob(store)) {
      const n = (JSON.parse(job.payload ?? '') as { n: number }).n
      expect([n, job.state, job.result]).toEqual([
        n,
        ...(fate(n) === 'is given up' ? ['failed', null] : ['succeeded', JSON.stringify(checksumOf(n))]),
      ])
    }
  }, 120_000)
})

async function* everyJob(store: ReturnType<typeof sqliteStore>) {
  let cursor: string | undefined
  do {
    const page = await store.list({
      walk: 'id',
      direction: 'asc',
      limit: 1000,
      bodies: true,
      ...(cursor !== undefined && { cursor }),
    })
    yield* page.jobs
    cursor = page.cursor ?? undefined
  } while (cursor !== undefined)
}
