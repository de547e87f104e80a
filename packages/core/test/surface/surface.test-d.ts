/**
 * Facts about inference on the public surface (API draft, part 9). The compiler is the judge, run by test/types.test.ts: a fact that no longer
 * holds and an error that is expected and no longer comes both fail. Nothing here is executed.
 */
import {
  type AbortCode,
  type Duration,
  defineJob,
  type EnqueuedJob,
  handle,
  handleBatch,
  isJobOf,
  isStintError,
  type Job,
  type JobDefinition,
  JobError,
  type JobFailure,
  JobQueue,
  type JobState,
  type Json,
  memoryStore,
  newJobId,
  openStore,
  type PayloadInputOf,
  type PayloadOf,
  type ResultOf,
  type StandardSchema,
  type StintErrorCode,
  unchecked,
} from '@stint/core'
import { TableStore } from '@stint/core/store'
import { drain, testClock } from '@stint/core/testing'
import {
  createHttpHandler,
  type JobClient,
  type MongoSession,
  mongoStore,
  type PgPool,
  type PgTransaction,
  postgresStore,
  redisStore,
  type SqliteDatabase,
  sqliteStore,
} from './not-built-yet.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function fact<T extends true>(): T

type Mail = { to: string; at: string; copies?: number | undefined }
type ParsedMail = { to: string; at: Date; copies: number }
/** Stands for z.object({ to: z.string(), at: z.string().transform(toDate), copies: z.number().default(1) }). */
declare const mailSchema: StandardSchema<Mail, ParsedMail>

const sendMail = defineJob({
  type: 'mail.send',
  payload: mailSchema,
  result: unchecked<{ messageId: string }>(),
  queue: 'mail',
  backoff: { kind: 'fixed', base: '10s' },
})
const resize = defineJob({ type: 'image.resize', payload: unchecked<{ path: string; width: number }>() })
const tidy = defineJob({ type: 'tidy' })
const ping = defineJob({ type: 'ping', payload: unchecked<undefined>(), result: unchecked<undefined>() })
const jobs = new JobQueue({ store: memoryStore(), jobs: [sendMail, resize, tidy] })

/** Keeps the type literal, and input apart from output. */
export function define(): void {
  fact<Equal<(typeof sendMail)['type'], 'mail.send'>>()
  fact<Equal<PayloadInputOf<typeof sendMail>, Mail>>()
  fact<Equal<PayloadOf<typeof sendMail>, ParsedMail>>()
  fact<Equal<ResultOf<typeof sendMail>, { messageId: string }>>()
  fact<Equal<PayloadOf<typeof tidy>, unknown>>()
  // @ts-expect-error a duration needs a known unit
  defineJob({ type: 'x', timeout: '5 minutes' })
  // @ts-expect-error an option that does not exist is refused
  defineJob({ type: 'x', retries: 3 })
}

/** Takes the schema's input, gives the job back typed. */
export async function enqueue(maybe: Duration | undefined): Promise<void> {
  const mail = { to: 'ada@example.org', at: '2030-01-01' }
  const queued = await jobs.enqueue(sendMail, mail, { delay: maybe, uniqueKey: 'welcome:ada' })
  fact<Equal<(typeof queued)['payload'], Mail>>()
  fact<Equal<(typeof queued)['isNew'], boolean>>()
  // @ts-expect-error a payload of the wrong shape
  await jobs.enqueue(sendMail, { to: 42, at: '2030-01-01' })
  // @ts-expect-error a payload is missing
  await jobs.enqueue(resize)
  // @ts-expect-error a property too many
  await jobs.enqueue(resize, { path: 'a', width: 1, height: 2 })
  await jobs.enqueue(tidy)
  await jobs.enqueue(ping)
  await jobs.enqueue(defineJob({ type: 'thumbnail.create' }), { any: 'thing' }, { maxAttempts: 1 })
}

/** Each item is checked by its own definition. */
export async function enqueueMany(): Promise<void> {
  const [first, second] = await jobs.enqueueMany([
    { job: sendMail, payload: { to: 'a@b.c', at: '' }, priority: 90 },
    { job: resize, payload: { path: 'a', width: 1 } },
  ])
  fact<Equal<(typeof first)['result'], { messageId: string } | null>>()
  fact<Equal<(typeof second)['payload'], { path: string; width: number }>>()
  const many = await jobs.enqueueMany([1, 2].map((width) => ({ job: resize, payload: { path: 'a', width } })))
  fact<Equal<(typeof many)[number]['payload']['width'], number>>()
  // @ts-expect-error the payload of another definition
  await jobs.enqueueMany([{ job: resize, payload: { to: 'a@b.c', at: '' } }])
}

const onMail = handle(sendMail, async ({ payload, attempt, fence, checkpoint, signal, job }) => {
  fact<Equal<typeof payload, ParsedMail>>()
  fact<Equal<typeof attempt, number>>()
  fact<Equal<typeof fence, number>>()
  fact<Equal<typeof checkpoint, Json | null>>()
  fact<Equal<typeof signal.reason.code, AbortCode>>()
  fact<Equal<typeof job.payload, unknown>>()
  return { messageId: '1' }
})
const onResize = handleBatch(
  resize,
  async (batch) => {
    for (const one of batch) await one.succeed(one.payload.width)
  },
  { size: 50 },
)

/** The handler receives the schema's output and must return the result's input. */
export function handlers(): void {
  // @ts-expect-error the result has the wrong shape
  handle(sendMail, async () => ({ id: '1' }))
  // @ts-expect-error nothing returned where a result is owed
  handle(sendMail, async () => {})
  handle(resize, async () => {})
  handle(ping, () => {})
  handle(sendMail, async ({ snooze }) => (Math.random() < 0.5 ? snooze('10m') : { messageId: '1' }))
  jobs.work(onMail)
  jobs.work([onMail, onResize], { concurrency: 4 })
  // @ts-expect-error a definition is not a handler
  jobs.work(sendMail)
}

/** Typed by the job, or by `as`. */
export async function waiting(queued: EnqueuedJob<Mail, { messageId: string }>): Promise<void> {
  const done = await jobs.wait(queued, { timeout: '10s' })
  if (done.state === 'succeeded') fact<Equal<typeof done.result, { messageId: string }>>()
  else if (done.state === 'cancelled') fact<Equal<typeof done.result, null>>()
  else fact<Equal<typeof done.error, JobFailure>>()
  const viaJob = await jobs.result(queued, { timeout: 1000 })
  fact<Equal<typeof viaJob, { messageId: string }>>()
  const viaId = await jobs.result('01J', { as: sendMail, timeout: '1s' })
  fact<Equal<typeof viaId, { messageId: string }>>()
  const viaName = await jobs.result('01J', { timeout: '1s' })
  fact<Equal<typeof viaName, unknown>>()
  // @ts-expect-error nobody waits for ever
  await jobs.wait(queued, {})
  const found = await jobs.get('01J', resize)
  fact<Equal<typeof found, Job<{ path: string; width: number }, unknown> | undefined>>()
  const any = await jobs.get('01J')
  if (any && isJobOf(any, resize)) fact<Equal<typeof any.payload.width, number>>()
}

const onPg = new JobQueue({ store: postgresStore({ url: 'postgres://x' }) })
const onSqlite = new JobQueue({ store: sqliteStore({ path: 'jobs.db' }) })
const onMongo = new JobQueue({ store: mongoStore({ url: 'mongodb://x' }) })
const onRedis = new JobQueue({ store: redisStore({ url: 'redis://x' }) })
const byUrl = new JobQueue({ store: openStore('postgres://x') })

/** Asynchronous for Postgres and MongoDB, synchronous for SQLite, not at all for memory and Redis. */
export async function transactions(
  pool: PgPool,
  db: SqliteDatabase,
  tx: PgTransaction,
  session: MongoSession,
): Promise<void> {
  const awaited = await onPg.withTx(tx).enqueue(resize, { path: 'a', width: 1 })
  fact<Equal<typeof awaited, EnqueuedJob<{ path: string; width: number }, unknown>>>()
  const atOnce = onSqlite.withTx(db).enqueue(resize, { path: 'a', width: 1 })
  fact<Equal<typeof atOnce, EnqueuedJob<{ path: string; width: number }, unknown>>>()
  await onMongo.withTx(session).enqueue(tidy)
  // @ts-expect-error a pool is not a transaction
  onPg.withTx(pool)
  // @ts-expect-error another engine's transaction
  onPg.withTx(session)
  // @ts-expect-error Redis has none
  onRedis.withTx(tx)
  // @ts-expect-error memory has none
  jobs.withTx(tx)
  // @ts-expect-error a store opened by its URL promises none
  byUrl.withTx(tx)
  handle(sendMail, async (held) => onPg.withTx(tx).succeed(held, { messageId: '1' }))
  // @ts-expect-error the result has the wrong shape
  handle(sendMail, async (held) => onPg.withTx(tx).succeed(held, { id: '1' }))
  handle(sendMail, async (held) => onSqlite.withTx(db).succeed(held, { messageId: '1' }))
}

/** Any queue fits where any queue is asked for. */
export async function anyQueue(): Promise<void> {
  const every: JobQueue[] = [jobs, onPg, onSqlite, onMongo, onRedis, byUrl]
  for (const queue of every) createHttpHandler(queue)
  await drain(onSqlite, [onMail, onResize])
}

/** A code narrows the details. */
export function errors(error: unknown): never {
  if (isStintError(error, 'QUEUE_FULL')) fact<Equal<typeof error.details.maxQueued, number>>()
  if (isStintError(error)) fact<Equal<typeof error.code, StintErrorCode>>()
  // @ts-expect-error a code that does not exist
  isStintError(error, 'QUEUE_IS_FULL')
  throw new JobError('card refused', { retry: false })
}

type MailTo = JobDefinition<{ to: string }, { id: string }>

/** A handle at once, typed by the definition. */
export function tracked(queue: JobQueue, upload: JobDefinition<{ path: string }>, mail: MailTo): void {
  const held = queue.track(mail, { to: 'a' }, { id: newJobId(), meta: { user: 'ada' } })
  fact<Equal<typeof held.jobId, string>>()
  held.succeed({ id: '1' })
  // @ts-expect-error a result of the wrong shape
  held.succeed({ no: 1 })
  // @ts-expect-error tracked jobs are not scheduled
  queue.track(upload, { path: 'a' }, { delay: '1s' })
  // @ts-expect-error no snooze without a lease
  held.snooze('1s')
}

/** Payload by event name, and the way to unsubscribe. */
export function events(queue: JobQueue): void {
  const off = queue.on('failed', ({ event, job }) => {
    fact<Equal<typeof event.error, JobFailure | null>>()
    fact<Equal<typeof job.state, JobState>>()
  })
  fact<Equal<typeof off, () => void>>()
  queue.on('error', ({ error }) => {
    fact<Equal<typeof error, Error>>()
  })
  // @ts-expect-error an event that does not exist
  queue.on('completed', () => {})
}

/** A job is a record, not a live object. */
export async function records(queue: JobQueue): Promise<void> {
  const job = await queue.get('1')
  if (!job) return
  // @ts-expect-error read-only
  job.priority = 1
}

/** The client over HTTP is typed alike. */
export async function overHttp(client: JobClient, mail: MailTo): Promise<void> {
  const queued = await client.enqueue(mail, { to: 'a' })
  fact<Equal<typeof queued, EnqueuedJob<{ to: string }, { id: string }>>>()
  client.work(handle(mail, async ({ payload }) => ({ id: payload.to })))
  // @ts-expect-error a user's transaction does not travel
  client.withTx
}

/** A store of one's own is a store. */
export function ownStore(): void {
  class Mine extends TableStore {
    readonly name = 'mine'
    protected transact = null as never
  }
  new JobQueue({ store: new Mine({ clock: testClock() }) })
}
