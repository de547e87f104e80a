import { accepted } from './accept.js'
import type { AnyJobDefinition } from './define.js'
import { readDetail } from './detail.js'
import type { EnqueueItem, EnqueueOptions } from './enqueue-options.js'
import { StintError } from './errors.js'
import type { EnqueuedJob } from './job.js'
import { type Prepared, prepare } from './new-job.js'
import { edited } from './outcomes.js'
import { toJob } from './present.js'
import type { JobRecord } from './record.js'
import type { Runtime } from './runtime.js'
import { contended } from './settle.js'
import { stillUnknown } from './still-unknown.js'
import type { InsertResult } from './store.js'

/** A claim or another edit may come between the look and the change; a debounce looks again so often. */
const MOST_TRIES = 20
/** Items of one write. */
const MOST_TOGETHER = 500
const MOST_TOGETHER_BYTES = 4 * 1024 * 1024 - 64 * 1024

export function enqueue(
  rt: Runtime,
  definition: AnyJobDefinition,
  payload: unknown,
  options: EnqueueOptions = {},
): Promise<EnqueuedJob> {
  // Nobody else can know an id that is made here, so only a caller's own id stands in line.
  if (options.id === undefined) return enqueueNow(rt, definition, payload, options)
  return rt.lines.run(options.id, () => enqueueNow(rt, definition, payload, options))
}

async function enqueueNow(
  rt: Runtime,
  definition: AnyJobDefinition,
  payload: unknown,
  options: EnqueueOptions,
): Promise<EnqueuedJob> {
  const made = prepare(rt, definition, payload, options)
  const prepared = made instanceof Promise ? await made : made
  return enqueuedAs(await write(rt, prepared))
}

/** Writes a prepared job: within the lane's capacity, where it has one. */
async function write(rt: Runtime, prepared: Prepared): Promise<InsertResult> {
  const wait = rt.door.ready() ?? rt.lanes.ready()
  if (wait) await wait
  const insert = async (): Promise<InsertResult> => {
    const { result, repeated } = await rt.send.insert(prepared.job, prepared.bytes)
    return answered(rt, prepared, result, repeated)
  }
  return rt.capacity.within([prepared.job], insert)
}

/** For `track`: the record that was written. */
export async function writeTracked(rt: Runtime, prepared: Prepared): Promise<JobRecord> {
  return (await write(rt, prepared)).job
}

/** What an insert came back with, made into what the caller meant by it. */
export async function answered(
  rt: Runtime,
  prepared: Prepared,
  result: InsertResult,
  repeated: boolean,
): Promise<InsertResult> {
  const { job } = prepared
  if (result.isNew) {
    accepted(rt, job.id, job.event, job.state, result.job, null)
    return result
  }
  const own = repeated && (await ownFirstTry(rt, prepared, result.job))
  if (own) return own
  const found = checkFound(prepared, result).job
  return prepared.ifExists === 'replace' ? replace(rt, prepared, found) : result
}

/** The job that is there, as new, where a first try of this very call wrote it; looked at before it is compared, since others may have edited it. */
async function ownFirstTry(rt: Runtime, prepared: Prepared, found: JobRecord): Promise<InsertResult | null> {
  const { job } = prepared
  if (found.id !== job.id || !(await isOurOwn(rt, prepared))) return null
  // It may have gone on since: then its first event is read, not made from the record.
  accepted(rt, job.id, job.event, job.state, found, found.version === 1 ? null : undefined)
  return { isNew: true, job: found }
}

/** The job that is there instead of the new one must be what the caller meant; `ID_CONFLICT` or `UNIQUE_CONFLICT` else. */
export function checkFound(prepared: Prepared, result: InsertResult): InsertResult {
  if (result.isNew) return result
  if (result.job.id === prepared.job.id) checkSameJob(result.job, prepared)
  else checkSameType(result.job, prepared)
  return result
}

function checkSameJob(found: JobRecord, { job, ifExists }: Prepared): void {
  if (found.queue === job.queue && found.type === job.type && (ifExists === 'replace' || found.payload === job.payload))
    return
  const what =
    found.type !== job.type
      ? `type "${found.type}"`
      : found.queue !== job.queue
        ? `queue "${found.queue}"`
        : 'another payload'
  throw new StintError(
    'ID_CONFLICT',
    `The id ${job.id} was used before, for a job with ${what}. Nothing was written; use another id.`,
    { jobId: job.id },
  )
}

function checkSameType(found: JobRecord, { job }: Prepared): void {
  if (found.type === job.type) return
  throw new StintError(
    'UNIQUE_CONFLICT',
    `The unique key "${job.key}" in queue "${job.queue}" is held by job ${found.id} of type "${found.type}". Nothing was written; put the type into the key.`,
    { jobId: job.id, holder: found.id },
  )
}

/** After an outcome that was not known: did our first try write the job that is there? */
async function isOurOwn(rt: Runtime, { job, isOwnId, op }: Prepared): Promise<boolean> {
  if (isOwnId) return true
  const [first] = await stillUnknown(rt.door.call((store) => store.events(job.id, { limit: 1 })))
  return first !== undefined && readDetail(first.detail).op === op
}

/** A debounce: the job that is still queued takes what this call brought; one that has begun keeps what it has. */
async function replace(rt: Runtime, prepared: Prepared, found: JobRecord): Promise<InsertResult> {
  const { payload, run, priority, tags, ext, event } = prepared.job
  const action = { actor: event.actor, reason: null, op: rt.seam.nonce() }
  for (let tries = 0, seen = found; tries < MOST_TRIES; tries++) {
    if (seen.state === 'queued') {
      const change = edited(seen, { payload, run, priority, tags, ext }, action)
      const { result } = await rt.send.change(change, prepared.bytes)
      if (result.ok && result.job) {
        accepted(rt, seen.id, change.event, 'queued', result.job, seen)
        return { isNew: false, job: result.job }
      }
      if (!result.ok && result.job && (await isWrittenBy(rt, result.job, seen.version + 1, action.op))) {
        accepted(rt, seen.id, change.event, 'queued', result.job, undefined)
        return { isNew: false, job: result.job }
      }
    } else if (seen.id === prepared.job.id || (seen.key !== null && seen.finishedAt === null)) {
      return { isNew: false, job: seen }
    }
    // It was claimed, edited or removed meanwhile: insert again, which meets it or takes the key that it has freed.
    const { result, repeated } = await rt.send.insert(prepared.job, prepared.bytes)
    if (result.isNew) return answered(rt, prepared, result, false)
    const own = repeated && (await ownFirstTry(rt, prepared, result.job))
    if (own) return own
    checkSameType(result.job, prepared)
    seen = result.job
  }
  throw contended(`Job ${found.id}`, MOST_TRIES)
}

/** Whether the event that follows the version read is that of this very call, whose answer was lost. */
export async function isWrittenBy(rt: Runtime, job: JobRecord, seq: number, op: string): Promise<boolean> {
  if (job.version < seq) return false
  const [event] = await stillUnknown(rt.door.call((store) => store.events(job.id, { afterSeq: seq - 1, limit: 1 })))
  return event?.seq === seq && readDetail(event.detail).op === op
}

/** One write for each 500, whole where batches are atomic; none unless every item is acceptable. */
export function enqueueMany(rt: Runtime, items: readonly EnqueueItem<AnyJobDefinition>[]): Promise<EnqueuedJob[]> {
  const ids = items.map((item) => item.id).filter((id) => id !== undefined)
  return ids.length === 0
    ? enqueueAllNow(rt, items)
    : rt.lines.runAll([...new Set(ids)], () => enqueueAllNow(rt, items))
}

async function enqueueAllNow(rt: Runtime, items: readonly EnqueueItem<AnyJobDefinition>[]): Promise<EnqueuedJob[]> {
  const prepared = await Promise.all(items.map(({ job, payload, ...options }) => prepare(rt, job, payload, options)))
  const wait = rt.door.ready() ?? rt.lanes.ready()
  if (wait) await wait
  const jobs = prepared.map((one) => one.job)
  return rt.capacity.within(jobs, async () => {
    const answers: EnqueuedJob[] = []
    for (const chunk of chunksOf(prepared)) answers.push(...(await insertTogether(rt, chunk)))
    return answers
  })
}

async function insertTogether(rt: Runtime, chunk: readonly Prepared[]): Promise<EnqueuedJob[]> {
  const { result, repeated } = await rt.send.insertTogether(chunk.map((one) => one.job))
  return Promise.all(
    chunk.map(async (one, i) => enqueuedAs(await answered(rt, one, result[i] as InsertResult, repeated))),
  )
}

/** At most 500 items and 4 MiB a write, and no id twice in one: the second of a kind goes into the next and meets the first. */
export function chunksOf(prepared: readonly Prepared[]): Prepared[][] {
  const chunks: Prepared[][] = []
  let chunk: Prepared[] = []
  let ids = new Set<string>()
  let bytes = 0
  for (const one of prepared) {
    if (
      chunk.length === MOST_TOGETHER ||
      ids.has(one.job.id) ||
      (chunk.length > 0 && bytes + one.bytes > MOST_TOGETHER_BYTES)
    ) {
      chunks.push(chunk)
      chunk = []
      ids = new Set()
      bytes = 0
    }
    chunk.push(one)
    ids.add(one.job.id)
    bytes += one.bytes
  }
  if (chunk.length > 0) chunks.push(chunk)
  return chunks
}

export const enqueuedAs = ({ job, isNew }: InsertResult): EnqueuedJob => Object.freeze({ ...toJob(job), isNew })
