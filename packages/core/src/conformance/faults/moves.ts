/** What others do to a job between a write and its repeat. */
import assert from 'node:assert/strict'
import type { JobRecord } from '../../record.js'
import type { Store } from '../../store.js'
import { isHeld, isTerminal } from '../../transitions.js'
import { cancel, expireTo, retry, succeed } from '../stage/commands.js'
import { insertOne, must, only, read, takeIds } from '../stage/fixtures.js'
import type { Stage } from '../stage/stage.js'
import type { KindOfWrite, Place, Sent } from './kind-of-write.js'

export interface Move {
  readonly name: string
  /** Whether others can do it to a job that is there. */
  readonly isLegal: (place: Place, kind: KindOfWrite) => boolean
  readonly make: (stage: Stage, sent: Sent) => Promise<void>
}

const idOf = ({ jobId }: Sent): string => {
  assert.ok(jobId !== null)
  return jobId
}

async function ended(store: Store, id: string): Promise<JobRecord> {
  const job = await read(store, id)
  return isTerminal(job.state) ? job : must(store, cancel(job))
}

async function queued({ b, clock }: Stage, id: string): Promise<void> {
  let job = await read(b, id)
  if (isHeld(job.state)) {
    clock.move(Math.max(0, (job.lease?.until ?? 0) - clock.now()))
    job = await must(b, expireTo('queued', job))
  }
  if (isTerminal(job.state)) job = await must(b, retry(job))
  clock.move(Math.max(0, job.runAt - clock.now()))
}

async function claimedByAnother(stage: Stage, id: string): Promise<JobRecord> {
  await queued(stage, id)
  return only(await takeIds(stage.b, [id], { workerId: 'another' }))
}

async function removed({ b }: Stage, id: string): Promise<void> {
  const { version } = await ended(b, id)
  assert.deepEqual(await b.remove([{ id, version }]), [true])
}

const isJob = (place: Place): boolean => place !== 'no job'
const canQueue = (place: Place, { isTracked }: KindOfWrite): boolean =>
  isJob(place) && place !== 'succeeded' && place !== 'waiting' && !isTracked

export const MOVES: readonly Move[] = [
  {
    name: 'claimed by another',
    isLegal: canQueue,
    make: async (stage, sent) => void (await claimedByAnother(stage, idOf(sent))),
  },
  {
    name: 'claimed and settled by another',
    isLegal: canQueue,
    make: async (stage, sent) => void (await must(stage.b, succeed(await claimedByAnother(stage, idOf(sent))))),
  },
  {
    name: 'retried by an operator',
    isLegal: canQueue,
    make: async ({ b }, sent) => void (await must(b, retry(await ended(b, idOf(sent))))),
  },
  {
    name: 'cancelled',
    isLegal: (place) => isJob(place) && !isTerminal(place as JobRecord['state']),
    make: async ({ b }, sent) => void (await must(b, cancel({ id: idOf(sent) }))),
  },
  { name: 'removed', isLegal: isJob, make: (stage, sent) => removed(stage, idOf(sent)) },
  {
    name: 'removed, and its id used anew',
    isLegal: isJob,
    make: async (stage, sent) => {
      const { queue } = await read(stage.b, idOf(sent))
      await removed(stage, idOf(sent))
      await insertOne(stage.b, { id: idOf(sent), queue, payload: '"of another"' })
    },
  },
  {
    name: 'not there, and its id used by another',
    isLegal: (place, kind) => !isJob(place) && kind.hasEvent,
    make: async ({ b }, sent) => void (await insertOne(b, { id: idOf(sent), payload: '"of another"' })),
  },
  {
    name: 'over, and its key taken by another',
    isLegal: (_, { name }) => name === 'insert under a key',
    make: async ({ b }, { jobId, key }) => {
      assert.ok(jobId !== null && key !== null)
      if (only(await b.get([jobId]))) await ended(b, jobId)
      await insertOne(b, { key, payload: '"of another"' })
    },
  },
  {
    name: 'in a lane that is paused',
    isLegal: isJob,
    make: async ({ b }, sent) => {
      const { queue } = await read(b, idOf(sent))
      await b.configure([{ kind: 'paused', name: queue, value: '{}' }])
    },
  },
  {
    name: 'written over by another',
    isLegal: (_, { name }) => name === 'configure' || name === 'removal of a setting',
    make: async ({ b }, { key: name }) => {
      assert.ok(name !== null)
      await b.configure([{ kind: 'schedule', name, value: '"of another"' }])
    },
  },
]
