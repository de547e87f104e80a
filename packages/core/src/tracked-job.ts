import { accepted } from './accept.js'
import { MAX_PROGRESS_BYTES, smallText } from './checked-json.js'
import type { AnyJobDefinition } from './define.js'
import type { EnqueueOptions } from './enqueue-options.js'
import { type Hold, quiet, type Settled, settledAs } from './hold.js'
import type { Job } from './job.js'
import type { Json } from './json.js'
import { JobLog } from './log-text.js'
import { checkId, isId } from './names.js'
import { actorOf, prepare } from './new-job.js'
import * as outcomes from './outcomes.js'
import { toJob } from './present.js'
import { isWrittenBy, writeTracked } from './produce.js'
import type { JobRecord } from './record.js'
import { resultText } from './result-text.js'
import type { Runtime } from './runtime.js'
import { contended, jobNotFound, wrongState } from './settle.js'
import type { Change } from './store.js'
import { type Command, isLegal } from './transitions.js'

/** A job that somebody outside works on: no lease, no worker, no retry (`fail` ends it). Made at once; calls go out in the order they were made. */
export interface TrackedJob<ResultInput = unknown> extends Hold<ResultInput> {
  /** The job once it is durable. */
  readonly written: Promise<Job>
  /** `waiting` → `running`. Optional. */
  start(): Promise<void>
}

export type TrackOptions = Pick<EnqueueOptions, 'id' | 'queue' | 'uniqueKey' | 'tags' | 'meta' | 'actor'>

/** More than the calls that can come between a look and a change. */
const MOST_TRIES = 100

/** Synchronous: the id is there now, the first write goes out before every later call about it. */
export function track(
  rt: Runtime,
  definition: AnyJobDefinition,
  payload: unknown,
  options: TrackOptions = {},
): TrackedJob {
  const id = options.id === undefined ? rt.seam.id(rt.seam.now()) : checkId(options.id)
  const actor = actorOf(options.actor)
  const written = rt.lines.run(id, async () =>
    writeTracked(rt, await prepare(rt, definition, payload, { ...options, id }, 'waiting')),
  )
  return verbs(rt, id, actor, written)
}

/** A tracked job from its id, in any process. */
export function tracked(rt: Runtime, jobId: string): TrackedJob {
  const found = rt.lines.run(String(jobId), () => read(rt, jobId))
  return verbs(rt, jobId, null, found)
}

function verbs(rt: Runtime, jobId: string, actor: string | null, written: Promise<JobRecord>): TrackedJob {
  quiet(written)
  const write = (command: Command, make: Make): Promise<JobRecord> =>
    quiet(rt.lines.run(jobId, async () => change(rt, (await written).id, actor, command, make)))
  const settle = async (command: Command, make: Make): Promise<Settled> => settledAs(toJob(await write(command, make)))
  // Written down when the call is made; what is no progress rejects, as everywhere.
  const reportProgress = async (value: Json): Promise<void> => {
    const progress = smallText(value, 'progress', MAX_PROGRESS_BYTES)
    await write('trackProgress', (job, action) => outcomes.trackProgressed(job, { progress }, action))
  }
  return Object.freeze({
    jobId,
    written: quiet(written.then(toJob)),
    start: () => quiet(write('trackStart', outcomes.trackStarted).then(nothing)),
    progress: (value: Json) => quiet(reportProgress(value)),
    log: (message: string) =>
      quiet(write('trackProgress', (job, action) => logged(rt, job, message, action)).then(nothing)),
    succeed: (result: unknown) =>
      quiet(
        settle('trackSucceed', async (job, action) =>
          outcomes.trackSucceeded(job, await resultText(rt, job.type, result), action),
        ),
      ),
    fail: (error: unknown) =>
      quiet(settle('trackFail', (job, action) => outcomes.trackFailed(job, error, rt.seam.now(), action))),
  })
}

type Make = (job: JobRecord, action: outcomes.Action) => Change | Promise<Change>

/** Under the version read, again while it is legal and others come between; never on a job that somebody has a lease of. */
async function change(rt: Runtime, id: string, actor: string | null, command: Command, make: Make): Promise<JobRecord> {
  const action = { actor, reason: null, op: rt.seam.nonce() }
  let seen = await read(rt, id)
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (seen.lease !== null || !isLegal(command, seen.state)) throw wrongState(seen, WORD[command] ?? command)
    const change = await make(seen, action)
    const { result, repeated } = await rt.send.change(change)
    if (result.ok) {
      const after = result.job as JobRecord
      accepted(rt, id, change.event, after.state, after, seen)
      return after
    }
    if (result.why !== 'guard') throw jobNotFound(id)
    if (repeated && (await isWrittenBy(rt, result.job, seen.version + 1, action.op))) {
      // A first try of ours had done it and its answer was lost: it counts and is told like any other.
      accepted(rt, id, change.event, change.set.state ?? seen.state, result.job, undefined)
      return result.job
    }
    seen = result.job
  }
  throw contended(`Job ${id}`, MOST_TRIES)
}

const WORD: { readonly [command: string]: string } = {
  trackStart: 'start',
  trackProgress: 'report on',
  trackSucceed: 'succeed',
  trackFail: 'fail',
}

async function read(rt: Runtime, id: string): Promise<JobRecord> {
  const [record] = isId(id) ? await rt.door.call((store) => store.get([id])) : []
  if (!record) throw jobNotFound(String(id))
  return record
}

function logged(rt: Runtime, job: JobRecord, message: string, action: outcomes.Action): Change {
  const log = new JobLog(job.log)
  log.append(rt.seam.now(), job.attempt, String(message), rt.lanes.get(job.queue).maxLogBytes)
  return outcomes.trackProgressed(job, { log: log.text }, action)
}

const nothing = (): void => {}
