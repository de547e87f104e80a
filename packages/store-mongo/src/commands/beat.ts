/** Beats alone: most of what a store at work is asked. Their token is the whole guard and they leave no event, so nothing is read before. */
import type { Beat } from '@stint/core'
import type { Move } from './change.js'
import { signed, writtenOf } from './put.js'
import type { Statement } from './session.js'
import type { Step } from './step.js'

export const isBeatAlone = ({ isBeat, given }: Move): boolean => isBeat && !given.returning

/** Answers those that were applied; what is refused is left open, to be shown its record. */
export async function beatAtOnce(step: Step, moves: readonly Move[]): Promise<void> {
  const { session, op } = step
  await step.begin()
  step.point('exchange')
  const { n } = await session.update('jobs', statementsOf(step, moves))
  const written = await writtenOf(
    session,
    moves.map(({ id }) => id),
    op,
    n,
  )
  for (const move of moves) if (written.has(move.id)) move.answer = { ok: true, job: null }
  step.point('written')
}

/** Those that say the same under one token are one statement. */
function statementsOf({ session, op, now }: Step, moves: readonly Move[]): Statement[] {
  const groups = new Map<string, { readonly beat: Beat; readonly ids: string[] }>()
  for (const { given } of moves) {
    const { id, ...beat } = given as Beat
    const text = JSON.stringify(beat)
    const group = groups.get(text)
    if (group) group.ids.push(id)
    else groups.set(text, { beat: given as Beat, ids: [id] })
  }
  return [...groups.values()].map(({ beat: { token, leaseMs, progress, checkpoint, log }, ids }) => {
    const until = leaseMs === undefined ? undefined : now + leaseMs
    const set = Object.entries({ 'lease.until': until, progress, checkpoint, log }).filter(([, to]) => to !== undefined)
    return {
      q: { _id: { $in: ids }, 'lease.token': token, ...session.inTime() },
      u: {
        ...(set.length > 0 && { $set: Object.fromEntries(set) }),
        $max: { updatedAt: now },
        $inc: { writes: 1 },
        $push: { ops: signed(op) },
      },
      multi: true,
    }
  })
}
