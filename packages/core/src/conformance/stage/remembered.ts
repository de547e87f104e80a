/** What those who used a store were told by it, held against what it tells of itself: a store that forgets a job is in order by its own books. */
import assert from 'node:assert/strict'
import type { EventRecord, JobRecord } from '../../record.js'

/** One run of a job: the fence is the version that its claim wrote. */
export interface RunOfJob {
  readonly jobId: string
  readonly fence: number
}

/** Kept outside of the store, by processes that may have died since. All of it may be left out, and none of it has to be whole. */
export interface Remembered {
  /** Ids of jobs whose insert was acknowledged, and that nobody has removed. */
  readonly acknowledged?: Iterable<string> | undefined
  /** Ids whose insert was refused as surely not written (`STORE_UNAVAILABLE`), and that nobody has inserted again. */
  readonly refused?: Iterable<string> | undefined
  /** Runs that a handler was called for. */
  readonly begun?: Iterable<RunOfJob> | undefined
  /** Runs whose success was accepted; for a job that is its end. */
  readonly succeeded?: Iterable<RunOfJob> | undefined
}

/** Throws at the first thing that was told and is not so; the message begins with its clause. */
export function checkRemembered(
  remembered: Remembered,
  jobs: readonly JobRecord[],
  eventsByJob: ReadonlyMap<string, readonly EventRecord[]>,
): void {
  const there = new Set(jobs.map(({ id }) => id))
  for (const id of remembered.acknowledged ?? [])
    assert.ok(there.has(id), `READ-1: the job ${id} was acknowledged, and is lost`)
  for (const id of remembered.refused ?? [])
    assert.ok(!there.has(id), `FAULT-1: the job ${id} was refused as not written, and is there`)
  const find = ({ jobId, fence }: RunOfJob, type: string): EventRecord | undefined =>
    eventsByJob.get(jobId)?.find((event) => event.type === type && event.fence === fence)
  for (const run of remembered.begun ?? [])
    assert.ok(
      find(run, 'leased'),
      `FENCE-2: a handler was called for ${run.jobId} under the fence ${run.fence}, and no claim of it is told`,
    )
  const accepted = new Map<string, number>()
  for (const run of remembered.succeeded ?? []) {
    const { jobId, fence } = run
    const first = accepted.get(jobId)
    assert.ok(
      first === undefined || first === fence,
      `FENCE-1: two runs of ${jobId} were told that they had succeeded, under the fences ${first} and ${fence}`,
    )
    accepted.set(jobId, fence)
    assert.ok(
      find(run, 'succeeded'),
      `ATOM-1: the success of ${jobId} under the fence ${fence} was accepted, and is not told`,
    )
  }
}
