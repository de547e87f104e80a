/** The writes that are changes: of the holder of a lease, of the sweep, of operators, of who tracks a job. */
import { holds } from '../../kit.js'
import type { EventRecord, JobRecord, State } from '../../record.js'
import type { Change, ChangeResult, Store } from '../../store.js'
import { isHeld } from '../../transitions.js'
import * as commands from '../stage/commands.js'
import { changeOne, eventsOf, insertOne, only } from '../stage/fixtures.js'
import { jobIn, trackedRunning } from '../stage/job-in.js'
import type { Stage } from '../stage/stage.js'
import type { KindOfWrite, Sent } from './kind-of-write.js'

interface Row {
  readonly name: string
  readonly before: State
  readonly after: State
  readonly change: (job: JobRecord) => Change
}

let ops = 0

/** In the event's detail, as core's commands have it: by it an operator's repeat knows its own event again. */
const withOp = (change: Change, op: string): Change => ({
  ...change,
  event: { ...change.event, detail: JSON.stringify({ op }) },
})

const isOf = (op: string, event: EventRecord | undefined): boolean => event?.detail === JSON.stringify({ op })

type Recognise = (store: Store, job: JobRecord, result: ChangeResult, op: string) => Promise<boolean>

/** Refused, but running under my token. */
const byRunning: Recognise = async (_, job, { job: shown }) =>
  shown?.state === 'running' && shown.lease !== null && shown.lease.token === job.lease?.token

/** The event that ended my fence is what I asked for. */
const byEndOfFence: Recognise = async (store, job, _, op) => {
  const ended = (await eventsOf(store, job.id)).find(
    ({ fence, from, to }) => fence === job.lease?.fence && from !== null && isHeld(from) && !isHeld(to),
  )
  return isOf(op, ended)
}

/** My own event is the last. */
const byLast: Recognise = async (store, job, _, op) => isOf(op, (await eventsOf(store, job.id)).at(-1))

/** My own event came next to the version that I read. */
const byNext: Recognise = async (store, job, _, op) =>
  isOf(op, (await store.events(job.id, { afterSeq: job.version, limit: 1 }))[0])

function sentOf(job: JobRecord, given: Change, after: State, recognise: Recognise): Sent {
  const op = `op-${++ops}`
  const change = withOp(given, op)
  const now = async (store: Store): Promise<JobRecord | null> => only(await store.get([job.id]))
  const own = async (store: Store): Promise<EventRecord[]> =>
    (await eventsOf(store, job.id)).filter((event) => isOf(op, event))
  return {
    jobId: job.id,
    key: null,
    async send(store) {
      const result = await changeOne(store, change)
      return result.ok || (result.why !== 'missing' && (await recognise(store, job, result, op)))
    },
    async isThere(store) {
      const there = await now(store)
      return there?.state === after && isOf(op, (await eventsOf(store, job.id)).at(-1))
    },
    async wouldApply(store, at) {
      const there = await now(store)
      return there !== null && holds(change.guard, there, at)
    },
    ownEvents: async (store) => (await own(store)).length,
  }
}

const kindOf = (
  { name, before, after, change }: Row,
  recognise: Recognise,
  lasts: boolean,
  prepare: (stage: Stage) => Promise<JobRecord>,
  isTracked?: true,
): KindOfWrite => ({
  name,
  before,
  after,
  ...(isTracked && { isTracked }),
  hasEvent: true,
  lasts,
  needs: [],
  prepare: async (stage) => {
    const job = await prepare(stage)
    return sentOf(job, change(job), after, recognise)
  },
})

const row = (name: string, before: State, after: State, change: Row['change']): Row => ({ name, before, after, change })
const inState =
  (state: State) =>
  async ({ a }: Stage): Promise<JobRecord> =>
    (await jobIn(a, state)).job

const start = row('start', 'leased', 'running', (job) => commands.start(job))

const OF_HOLDERS: readonly Row[] = [
  row('succeed', 'running', 'succeeded', (job) => commands.succeed(job)),
  row('fail to queued', 'running', 'queued', (job) => commands.failTo('queued', job)),
  row('fail to failed', 'running', 'failed', (job) => commands.failTo('failed', job)),
  row('fail to dead', 'running', 'dead', (job) => commands.failTo('dead', job)),
  row('snooze', 'running', 'queued', (job) => commands.snooze(job)),
  row('release', 'running', 'queued', (job) => commands.release(job)),
]

const OF_THE_SWEEP: readonly Row[] = [
  row('expire to queued', 'running', 'queued', (job) => commands.expireTo('queued', job)),
  row('expire to dead', 'leased', 'dead', (job) => commands.expireTo('dead', job)),
]

const CANCELS: readonly Row[] = [
  row('cancel of a queued job', 'queued', 'cancelled', commands.cancel),
  row('cancel of a running job', 'running', 'cancelled', commands.cancel),
]

const OF_OPERATORS: readonly Row[] = [
  row('retry', 'dead', 'queued', commands.retry),
  row('reschedule', 'queued', 'queued', (job) => commands.reschedule(job)),
  row('reprioritise', 'queued', 'queued', (job) => commands.reprioritise(job)),
  row('edit', 'queued', 'queued', commands.edit),
]

const OF_TRACKERS: readonly Row[] = [
  row('start of a tracked job', 'waiting', 'running', commands.trackStart),
  row('progress of a tracked job', 'running', 'running', commands.trackProgress),
  row('succeed of a tracked job', 'running', 'succeeded', commands.trackSucceed),
  row('fail of a tracked job', 'running', 'failed', commands.trackFail),
]

const overdue = async (stage: Stage, state: State): Promise<JobRecord> => {
  const { job } = await jobIn(stage.a, state)
  stage.clock.move(30_000)
  return job
}

const tracked = ({ a }: Stage, state: State): Promise<JobRecord> =>
  state === 'waiting' ? insertOne(a, { state }) : trackedRunning(a)

export const KINDS_OF_CHANGE: readonly KindOfWrite[] = [
  kindOf(start, byRunning, false, inState('leased')),
  ...OF_HOLDERS.map((one) => kindOf(one, byEndOfFence, true, inState(one.before))),
  ...OF_THE_SWEEP.map((one) => kindOf(one, byEndOfFence, true, (stage) => overdue(stage, one.before))),
  ...CANCELS.map((one) => kindOf(one, byLast, false, inState(one.before))),
  ...OF_OPERATORS.map((one) => kindOf(one, byNext, true, inState(one.before))),
  ...OF_TRACKERS.map((one) => kindOf(one, byNext, true, (stage) => tracked(stage, one.before), true)),
]
