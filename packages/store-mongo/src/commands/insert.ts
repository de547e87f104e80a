import type { EventRecord, InsertResult, JobRecord, NewJob } from '@stint/core'
import { admit } from '@stint/core/store'
import { documentOf, jobOf } from '../record.js'
import { byId, byKey, type Key, nameOfKey, type Read } from './read.js'
import type { Session, Statement } from './session.js'
import type { Step } from './step.js'

/** An insert on its way. */
export class Entry {
  readonly given: NewJob
  answer: InsertResult | null = null

  constructor(given: NewJob) {
    this.given = given
  }

  get key(): Key | null {
    const { queue, key } = this.given
    return key === null ? null : { queue, key }
  }
}

/** A document is written if its id is not there; one that is there stays as it is, on its way out or not. */
export const insertion = (
  session: Session,
  job: JobRecord,
  events: readonly EventRecord[],
  op: number,
  dirty: number,
): Statement => ({
  q: { _id: job.id },
  u: [
    session.elseLate({
      $cond: [{ $eq: [{ $type: '$birth' }, 'missing'] }, { $literal: documentOf(job, events, op, dirty) }, '$$ROOT'],
    }),
  ],
  upsert: true,
})

export function admitted(
  step: Step,
  entry: Entry,
  op: number,
): { readonly job: JobRecord; readonly statement: Statement } {
  const { job, event } = admit(entry.given, step.now)
  return { job, statement: insertion(step.session, job, [event], op, step.now) }
}

/** Answers those whose job or holder is there, as a majority has it; and which ids are in the way though their job is removed. */
export async function answerPresent(session: Session, entries: readonly Entry[]): Promise<string[]> {
  const shape = { majority: true }
  const [jobs, holders] = await session.all([
    () =>
      byId(
        session,
        entries.map(({ given }) => given.id),
        shape,
      ),
    () =>
      byKey(
        session,
        entries.flatMap(({ key }) => key ?? []),
        shape,
      ),
  ] as const)
  const gone: string[] = []
  for (const entry of entries) {
    const there: Read | undefined = jobs.get(entry.given.id)
    // An existing id goes before a key that is held (UNIQ-1).
    const found = there ?? (entry.key === null ? undefined : holders.get(nameOfKey(entry.key)))
    if (there?.gone) gone.push(there._id)
    else if (found !== undefined) entry.answer = { isNew: false, job: jobOf(found) }
  }
  return gone
}

/** Inside a transaction: what may be inserted without an error, each key once. */
export function firstOfKeys(entries: readonly Entry[]): Entry[] {
  const keys = new Set<string>()
  return entries.filter(({ key }) => {
    if (key === null) return true
    const name = nameOfKey(key)
    return !keys.has(name) && keys.add(name)
  })
}
