import { defineJob, type JobState, type Lease } from '@stint/core'
import { STATES } from '../../src/transitions.js'
import type { World } from './world.js'

/** Retries after exactly ten seconds, so that tests can say when. */
export const job = defineJob({ type: 'job', backoff: { kind: 'fixed', base: '10s', jitter: false }, maxAttempts: 3 })

export const ALL_STATES: readonly JobState[] = STATES

export interface Placed {
  readonly id: string
  /** Of a job that was claimed on its way there. */
  readonly lease: Lease | undefined
}

/** A job of that state, brought there by the verbs that users have. */
export async function inState({ jobs }: Pick<World, 'jobs'>, state: JobState): Promise<Placed> {
  const payload = { as: state }
  if (state === 'waiting') return { id: (await jobs.track(job, payload).written).id, lease: undefined }
  const { id } = await jobs.enqueue(job, payload, { maxAttempts: state === 'dead' ? 1 : 3 })
  if (state === 'queued') return { id, lease: undefined }
  if (state === 'cancelled') {
    await jobs.cancel(id)
    return { id, lease: undefined }
  }
  const [lease] = await jobs.claim({ workerId: 'w', ids: [id] })
  if (!lease) throw new Error(`the job that should become ${state} could not be claimed`)
  if (state === 'running') await lease.start()
  if (state === 'succeeded') await lease.succeed({ done: true })
  if (state === 'failed') await lease.fail(new Error('refused'), { retry: false })
  if (state === 'dead') await lease.fail(new Error('broken'))
  return { id, lease }
}

/** The types of a job's events, in order. */
export const trail = async ({ jobs }: Pick<World, 'jobs'>, id: string): Promise<string[]> =>
  (await jobs.audit(id)).map((event) => event.type)
