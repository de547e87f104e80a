/** The collections and their indexes, made by whoever opens first. */
import type { IndexDescription } from 'mongodb'
import type { Session } from './commands/session.js'
import { incompatible } from './failures.js'

export const VERSION = 1

/** The document of `meta` in which the schema's version stands. */
export const SCHEMA = 'schema'
/** A document that is always there: whoever reads it is told the engine's time. */
export const CLOCK = 'clock'
export const ENGINE_MS = { $toLong: '$$NOW' } as const
/** The publisher's plan (commands/publish.ts). */
export const PLAN = 'plan'
/** Settings are `kind NUL name`: neither may hold a NUL, and so they sort by the bytes of their names. */
export const SEPARATOR = '\u0000'

/** Counts of a queue are `COUNT` and its name: a kind of settings begins with no control character. */
export const COUNT = '\u0001'

const there = (field: string): object => ({ [field]: { $exists: true } })

export const JOB_INDEXES: readonly IndexDescription[] = [
  // A claim: one type, then from one priority to the next over all that is not due.
  {
    name: 'line',
    key: { lane: 1, type: 1, priority: -1, runAt: 1, _id: 1 },
    partialFilterExpression: there('lane'),
  },
  { name: 'lease', key: { 'lease.until': 1, _id: 1 }, partialFilterExpression: there('lease.until') },
  { name: 'token', key: { 'lease.token': 1 }, partialFilterExpression: there('lease.token') },
  { name: 'key', key: { queue: 1, live: 1 }, unique: true, partialFilterExpression: there('live') },
  { name: 'finished', key: { state: 1, finishedAt: 1, _id: 1 }, partialFilterExpression: there('finishedAt') },
  { name: 'dirty', key: { dirty: 1, _id: 1 }, partialFilterExpression: there('dirty') },
]
export const EVENT_INDEXES: readonly IndexDescription[] = [{ name: 'trail', key: { job: 1, birth: 1, seq: 1 } }]

/** Codes of openers that met: an index or a collection that another is making just now. */
const MEETING: ReadonlySet<number> = new Set([48, 112, 117, 276, 333, 334, 11000])

/** Idempotent, so that any number of openers may do it at once; a schema that is newer is refused before anything is written. */
export async function migrate(session: Session): Promise<void> {
  if (await isMigrated(session)) return
  await patiently(() => session.createIndexes('jobs', JOB_INDEXES))
  await patiently(() => session.createIndexes('events', EVENT_INDEXES))
  // The version last: what it says is there.
  await session.update('meta', [
    { q: { _id: PLAN }, u: { $setOnInsert: { n: 0, next: 1, items: [], done: true } }, upsert: true },
    { q: { _id: CLOCK }, u: { $setOnInsert: { at: 0 } }, upsert: true },
  ])
  await session.update('meta', [{ q: { _id: SCHEMA }, u: { $setOnInsert: { version: VERSION } }, upsert: true }])
}

async function isMigrated(session: Session): Promise<boolean> {
  const [found] = await session.find<{ version: number }>('meta', { _id: SCHEMA })
  if (found !== undefined && found.version > VERSION)
    throw incompatible(
      `The collections are of schema ${found.version}, this version of @stint/store-mongo knows ${VERSION}. Update the package.`,
      String(found.version),
      String(VERSION),
    )
  return found !== undefined
}

async function patiently(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await work()
      return
    } catch (error) {
      const code = (error as { code?: unknown }).code
      if (tries === 20 || typeof code !== 'number' || !MEETING.has(code)) throw error
      await new Promise((resolve) => void setTimeout(resolve, 10 * tries))
    }
  }
}
