import type { FeedEvent } from '@stint/core'
import { describe, expect, it } from 'vitest'
import { Tally } from '../src/tally.js'

const then = new Date('2030-01-01T00:00:00Z')
const now = new Date('2030-01-01T00:00:01Z')

let seq = 0
const event = (given: Partial<FeedEvent> & Pick<FeedEvent, 'type' | 'to'>): FeedEvent => ({
  jobId: 'a',
  queue: 'q',
  seq: ++seq,
  at: now,
  from: null,
  attempt: 1,
  fence: null,
  workerId: null,
  actor: null,
  reason: null,
  error: null,
  detail: null,
  cursor: String(seq),
  ...given,
})

function tallyOf(...events: readonly FeedEvent[]): Tally {
  const tally = new Tally(now)
  for (const one of events) tally.add(one)
  return tally
}

describe('tally', () => {
  it('finds a job that was completed twice, and says so once', () => {
    const once = event({ type: 'succeeded', to: 'succeeded' })
    expect(tallyOf(once, event({ jobId: 'b', type: 'succeeded', to: 'succeeded' })).completedTwice).toBe(0)
    expect(tallyOf(once, once).completedTwice).toBe(1)
    expect(tallyOf(once, once, once).completedTwice).toBe(1)
  })

  it('tells what happened in this run from what happened before', () => {
    const tally = tallyOf(
      event({ type: 'lease_expired', to: 'queued', at: then }),
      event({ type: 'lease_expired', to: 'queued' }),
      event({ type: 'failed', to: 'queued', at: then }),
      event({ type: 'failed', to: 'dead', at: then }),
      event({ jobId: 'b', type: 'failed', to: 'queued' }),
      event({ jobId: 'b', type: 'succeeded', to: 'succeeded' }),
    )
    expect(tally).toMatchObject({ leasesExpired: 2, retries: 2, jobs: 2, over: 2 })
    expect(tally.thisRun).toEqual({ jobs: 1, retries: 1, leasesExpired: 1 })
  })

  it('takes a job that an operator has retried for open again', () => {
    const dead = event({ type: 'failed', to: 'dead' })
    expect(tallyOf(dead).over).toBe(1)
    expect(tallyOf(dead, event({ type: 'retried', to: 'queued' })).over).toBe(0)
  })

  it('shows the job that outlived a lease rather than one that was retried, and that rather than any', () => {
    const plain = event({ jobId: 'plain', type: 'enqueued', to: 'queued' })
    const retried = event({ jobId: 'retried', type: 'failed', to: 'queued' })
    const expired = event({ jobId: 'expired', type: 'lease_expired', to: 'queued' })
    expect(tallyOf(plain).exampleId).toBe('plain')
    expect(tallyOf(plain, retried, plain).exampleId).toBe('retried')
    expect(tallyOf(plain, retried, expired, retried).exampleId).toBe('expired')
  })
})
