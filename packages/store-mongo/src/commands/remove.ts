import type { Removal } from '@stint/core'
import { isTerminal } from '@stint/core/store'
import type { Document } from 'mongodb'
import { FIELDS, jobOf } from '../record.js'
import { publish } from './publish.js'
import { type Put, signed, writtenOf } from './put.js'
import { byId } from './read.js'
import type { Step } from './step.js'

/** What stays until the publisher has taken the job from the counts: whose it was, and under what it is counted. */
const KEPT: ReadonlySet<string> = new Set(['queue', 'state', 'version'])

/** Marked, and by that gone for everybody; the publisher then clears away what is left. */
export async function remove(step: Step, jobs: readonly Removal[]): Promise<boolean[]> {
  const { session, op } = step
  const answers = new Map<Removal, boolean>()
  for (let round = 1; answers.size < jobs.length; round++) {
    if (round > 1) session.mustHaveTime()
    const open = jobs.filter((removal) => !answers.has(removal))
    const docs = await byId(
      session,
      open.map(({ id }) => id),
      { bodies: false },
    )
    if (round === 1) await step.begin()
    const puts = new Map<Put, Removal>()
    for (const removal of open) {
      const doc = docs.get(removal.id)
      if (doc === undefined || doc.gone || doc.version !== removal.version || !isTerminal(doc.state))
        answers.set(removal, false)
      else puts.set({ doc, before: jobOf(doc), after: jobOf(doc), event: null, named: new Set() }, removal)
    }
    if (puts.size === 0) break
    step.point('mark')
    const { n } = await session.update(
      'jobs',
      [...puts.keys()].map(({ doc: { _id, birth, writes } }) => ({
        q: { _id, birth, writes, ...session.inTime() },
        u: marked(op),
      })),
    )
    const written = await writtenOf(
      session,
      [...puts.keys()].map(({ doc }) => doc._id),
      op,
      n,
    )
    for (const removal of puts.values()) if (written.has(removal.id)) answers.set(removal, true)
    step.point('marked')
  }
  if ([...answers.values()].includes(true)) await publish(session, step.point, { most: 2 })
  return jobs.map((removal) => answers.get(removal) ?? false)
}

const marked = (op: number): Document => ({
  $set: { gone: true, dirty: 0, trail: [] },
  $unset: Object.fromEntries(
    ['lane', 'live', ...FIELDS.filter((field) => !KEPT.has(field))].map((field) => [field, 1]),
  ),
  $inc: { writes: 1 },
  $push: { ops: signed(op) },
})
