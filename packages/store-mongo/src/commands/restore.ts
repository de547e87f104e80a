import type { Restored } from '@stint/core'
import { isTerminal } from '@stint/core/store'
import { DUPLICATE_KEY, NOT_AN_OBJECT, unavailable } from '../failures.js'
import { insertion } from './insert.js'
import { publish } from './publish.js'
import { LONG_TRAIL } from './put.js'
import { byId } from './read.js'
import type { Step } from './step.js'

/** Records and events as given, in one command; an id that is there, or a live key that is held, is answered by the indexes. */
export async function restore(step: Step, jobs: readonly Restored[]): Promise<boolean[]> {
  const { session, op, point } = step
  await step.begin()
  const gone = await byId(
    session,
    jobs.map(({ job }) => job.id),
    { bodies: false },
  )
  // What was removed is still in the way until the publisher has cleared it.
  if ([...gone.values()].some((doc) => doc.gone)) await publish(session, point, { most: 2 })
  point('restore')
  const { upserted, errors } = await session.update(
    'jobs',
    // At 0 they are published before others: a whole history is much to carry along.
    jobs.map(({ job, events }) => insertion(session, job, events, op, 0)),
  )
  for (const { code, errmsg } of errors) {
    if (code === NOT_AN_OBJECT) throw session.late()
    if (code !== DUPLICATE_KEY) throw unavailable(`MongoDB refused a write: ${errmsg} (${code})`)
  }
  const isNew = new Set(upserted)
  for (const [i, { job }] of jobs.entries()) if (isNew.has(i)) step.moved(job, isTerminal(job.state) ? job : null)
  point('restored')
  // A long history in a document is written anew with each step of its job.
  if (jobs.some(({ events }, i) => isNew.has(i) && events.length > LONG_TRAIL))
    await publish(session, point, { most: 2, longOnly: true })
  return jobs.map((_, i) => isNew.has(i))
}
