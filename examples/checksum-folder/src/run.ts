import { JobQueue, openStore, type QueueStats } from '@stint/core'
import { type FileRef, laneOf } from './definitions.js'
import { enqueueFolder } from './enqueue.js'
import { createHandlers } from './handlers.js'
import { holdersOf, workerName } from './holders.js'
import type { Options } from './options.js'
import { exists, filesOf, type Place, placeFor, remove } from './place.js'
import { createProgress, type Progress } from './progress.js'
import { type Counts, skippedLines, startLines, stoppedLine, summaryLines, trailLines } from './report.js'
import { stopOnSignals } from './stop.js'
import { asJson, isAllWell, summarise } from './summary.js'
import { Tally } from './tally.js'
import { CannotStart, describe } from './trouble.js'
import { realFolder } from './walk.js'

const GRACE = '5s'
/** The record of a run is what this program is about; it stays until --fresh. */
const FOR_EVER = '36500d'

interface Here {
  readonly folder: string
  readonly queue: string
  readonly place: Place
  readonly options: Options
}

/** Answers the exit code. */
export async function runFolder(options: Options): Promise<number> {
  const folder = await realFolder(options.folder)
  const here = { folder, queue: laneOf(folder), place: await placeFor(folder, options), options }
  if (options.fresh) await forget(here)
  const jobs = await openQueue(here)
  try {
    return await work(jobs, here)
  } finally {
    await jobs.close({ grace: GRACE })
  }
}

async function openQueue({ place, queue }: Here): Promise<JobQueue> {
  try {
    const jobs = new JobQueue({ store: openStore(place.url), queues: { [queue]: { retention: FOR_EVER } } })
    await jobs.open()
    return jobs
  } catch (error) {
    throw new CannotStart(`The store ${place.shown} does not open. ${describe(error)}`)
  }
}

async function work(jobs: JobQueue, here: Here): Promise<number> {
  const { folder, queue, place, options } = here
  const startedAt = new Date()
  const progress = createProgress(process.stdout, options.plain)
  const stop = stopOnSignals(() => progress.end())
  tellTrouble(jobs)

  say(`folder  ${folder}`, `store   ${place.shown}`)
  const leaveOut = place.file === null ? [] : filesOf(place.file)
  const enqueued = await enqueueFolder(jobs, queue, folder, { leaveOut, signal: stop })
  const before = countsOf(await jobs.stats(queue))
  say(...skippedLines(enqueued.skipped), ...startLines(enqueued, before, await holdersOf(jobs, queue), place.isOwn))

  const tally = new Tally(startedAt)
  const workStart = performance.now()
  if (before.open > 0 && !stop.aborted) await workAll(jobs, here, before, tally, progress, stop)
  const seconds = (performance.now() - workStart) / 1000
  await catchUp(jobs, queue, tally)

  const summary = await summarise(jobs, queue, startedAt, enqueued.skipped)
  const isStopped = summary.jobs.open > 0 || !enqueued.isWhole
  say(...summaryLines(summary, tally, seconds))
  say(...(await trailOf(jobs, tally.exampleId)))
  if (isStopped) say('', stoppedLine(summary, place.url))
  const doneAlready = before.open === 0 && enqueued.isWhole
  const run = { folder, store: place.shown, new: enqueued.new, seconds, stopped: isStopped, doneAlready }
  if (options.json) say(asJson(summary, tally, run))
  return isAllWell(summary) ? 0 : 1
}

/** Work goes on by itself when the store is back, so one line for each kind of trouble is enough. */
function tellTrouble(jobs: JobQueue): void {
  const told = new Set<string>()
  jobs.on('error', ({ error, doing }) => {
    const trouble = describe(error)
    if (!told.has(trouble)) console.error(`trouble (${doing}), trying again: ${trouble}`)
    told.add(trouble)
  })
}

/** One pool for all three types, until nothing is left to do or a signal comes. */
async function workAll(
  jobs: JobQueue,
  { queue, options: { concurrency, lease, slowMs } }: Here,
  before: Counts,
  tally: Tally,
  progress: Progress,
  stop: AbortSignal,
): Promise<void> {
  const worker = jobs.work(createHandlers(slowMs), { queues: [queue], concurrency, lease, workerId: workerName })
  progress.start(before.over, before.total)
  try {
    // The audit feed tells what was done by whom, also in another process that works beside this one.
    for await (const event of jobs.feed({ queue, signal: stop })) {
      tally.add(event)
      progress.show(tally.over, Math.max(tally.jobs, before.total))
      const seemsDone = tally.over === tally.jobs && tally.jobs >= before.total
      // Asked as well: the feed begins with the past, and a job that was over then may have been retried since.
      if (seemsDone && countsOf(await jobs.stats(queue)).open === 0) break
    }
  } finally {
    progress.end()
  }
  if (stop.aborted) say(`stopping: the jobs in hand may finish, for ${GRACE} at most`)
  await worker.stop({ grace: GRACE })
}

/** What the feed has told since; or all of it, when there was nothing to work. */
async function catchUp(jobs: JobQueue, queue: string, tally: Tally): Promise<void> {
  const { over } = countsOf(await jobs.stats(queue))
  if (tally.over >= over) return
  for await (const event of jobs.feed({ queue, after: tally.cursor })) {
    tally.add(event)
    if (tally.over >= over) return
  }
}

async function trailOf(jobs: JobQueue, id: string | null): Promise<string[]> {
  const job = id === null ? undefined : await jobs.get(id)
  return job ? trailLines(`${job.type} ${(job.payload as FileRef).path}`, await jobs.audit(job.id)) : []
}

/** Not under the feet of another run. A store that does not even open is a good reason to begin anew. */
async function forget(here: Here): Promise<void> {
  const { file, isOwn } = here.place
  if (file === null || !isOwn || !(await exists(file))) return
  const jobs = await openQueue(here).catch(() => null)
  const holders = jobs === null ? [] : await holdersOf(jobs, here.queue)
  await jobs?.close()
  const other = holders.find((one) => one.isAlive)
  if (other) throw new CannotStart(`Process ${other.pid} works on this folder at this moment. Stop it first.`)
  await remove(file)
}

function countsOf(stats: QueueStats): Counts {
  const over = stats.succeeded + stats.failed + stats.dead + stats.cancelled
  const open = stats.waiting + stats.queued + stats.leased + stats.running
  return { total: over + open, over, open }
}

function say(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`)
}
