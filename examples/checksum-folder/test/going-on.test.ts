import { JobQueue, openStore } from '@stint/core'
import { describe, expect, it } from 'vitest'
import { laneOf } from '../src/definitions.js'
import { every } from '../src/holders.js'
import { folderOf, manyFiles, RunningProgram, run, sqliteUrl, summaryOf } from './program.js'

/** Slow enough that a kill at a tenth finds jobs in hand; a lease short enough to wait for. */
const SLOW = ['--slow', '100ms', '--lease', '1s', '--concurrency', '4', '--json']

describe('a run that was killed', () => {
  it('is continued by the next: every job ends, none is completed twice, and the leases that had expired are counted', async () => {
    const folder = folderOf(manyFiles(30))
    const store = sqliteUrl()
    const killed = new RunningProgram([folder, '--store', store, ...SLOW])
    await killed.said(/^ 30 % /m)
    killed.signal('SIGKILL')
    expect((await killed.ended).code).toBe(null)

    const next = await run(folder, '--store', store, ...SLOW)
    expect(next).toMatchObject({ code: 0, stderr: '' })
    expect(next.stdout).toMatch(/enqueued 90 jobs for 30 files, 0 of them new/)
    expect(next.stdout).toMatch(/going on: \d+ of 90 jobs are done already/)
    expect(next.stdout).toContain(`process ${killed.child.pid} has gone while it held`)
    const summary = summaryOf(next)
    expect(summary).toMatchObject({ files: 30, completedTwice: 0, stopped: false, jobs: { total: 90, open: 0 } })
    expect(summary.leasesExpired).toBeGreaterThan(0)
    expect(summary.leasesExpired).toBeLessThanOrEqual(4)
    expect(summary.thisRun.leasesExpired).toBe(summary.leasesExpired)
    expect(summary.thisRun.jobs).toBeLessThan(90)
    expect(next.stdout).toMatch(/lease_expired +running → queued +\d +sweep/)

    // The store itself, read without the program: whole trails, one end each.
    await using jobs = new JobQueue({ store: openStore(store) })
    let expired = 0
    for await (const job of every(jobs, { queue: laneOf(folder) })) {
      const trail = await jobs.audit(job.id)
      expect(trail.map((event) => event.seq)).toEqual(trail.map((_, i) => i + 1))
      expect(trail.filter((event) => ['succeeded', 'failed', 'dead'].includes(event.to))).toHaveLength(1)
      expired += trail.filter((event) => event.type === 'lease_expired').length
    }
    expect(summary.leasesExpired).toBe(expired)
  })
})

describe('a run that was asked to stop', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s finishes what it has in hand, says how to go on and exits with 0',
    async (name) => {
      const folder = folderOf(manyFiles(30))
      const store = sqliteUrl()
      const stopped = new RunningProgram([folder, '--store', store, ...SLOW])
      await stopped.said(/^ 20 % /m)
      stopped.signal(name)
      // npm passes on what the terminal has already sent to everybody.
      stopped.signal(name)
      const ended = await stopped.ended
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(ended.stdout).toContain('stopping: the jobs in hand may finish')
      expect(ended.stdout).toMatch(/^Stopped: \d+ of 90 jobs are over; the same command goes on from here\.$/m)
      const first = summaryOf(ended)
      expect(first).toMatchObject({ stopped: true, leasesExpired: 0 })

      const second = summaryOf(await run(folder, '--store', store, ...SLOW))
      expect(second).toMatchObject({
        stopped: false,
        completedTwice: 0,
        leasesExpired: 0,
        jobs: { total: 90, open: 0 },
      })
      expect(second.thisRun.jobs).toBe(90 - first.thisRun.jobs)
    },
  )

  it('twice ends at once with 130', async () => {
    const stopped = new RunningProgram([folderOf(manyFiles(5)), '--store', 'memory:', '--slow', '1m'])
    await stopped.said(/^enqueued/m)
    let hasEnded = false
    void stopped.ended.then(() => {
      hasEnded = true
    })
    while (!hasEnded) {
      stopped.signal('SIGINT')
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await stopped.ended).code).toBe(130)
  })

  it('because nobody reads its output any more exits without a word', async () => {
    const unread = new RunningProgram([folderOf(manyFiles(30)), '--store', 'memory:', ...SLOW])
    await unread.said(/^enqueued/m)
    unread.child.stdout?.destroy()
    expect(await unread.ended).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('two runs at once on one folder', () => {
  it('share the work: each job is done once, and both end when all is done', async () => {
    const folder = folderOf(manyFiles(30))
    const store = sqliteUrl()
    const one = new RunningProgram([folder, '--store', store, ...SLOW])
    await one.said(/^ 20 % /m)
    const other = new RunningProgram([folder, '--store', store, ...SLOW])
    const ends = await Promise.all([one.ended, other.ended])
    expect(ends[1].stdout).toContain(
      `process ${one.child.pid} works on this folder at this moment: this run works beside it`,
    )
    for (const end of ends) {
      expect(end).toMatchObject({ code: 0, stderr: '' })
      expect(summaryOf(end)).toMatchObject({ completedTwice: 0, leasesExpired: 0, jobs: { total: 90, open: 0 } })
    }
    await using jobs = new JobQueue({ store: openStore(store) })
    const workers = new Set<string | null>()
    for await (const job of every(jobs, { queue: laneOf(folder) }))
      workers.add((await jobs.audit(job.id)).at(-1)?.actor ?? null)
    expect(workers).toEqual(new Set([one, other].map((each) => `checksum-folder-${each.child.pid}`)))
  })
})
