/** Changes and beats: read, judged by the kit, and written only if the document is still as it was read. */
import type { Beat, Change, ChangeResult, JobRecord, Ms } from '@stint/core'
import { apply, beat, holds } from '@stint/core/store'
import { copyOf, jobOf } from '../record.js'
import { awaitOpen } from './holder.js'
import { type Put, raisesAKey } from './put.js'
import { byId, byKey, nameOfKey, type Read } from './read.js'
import type { Session } from './session.js'
import type { Step } from './step.js'

/** A change or a beat on its way. */
export class Move {
  readonly id: string
  readonly given: Change | Beat
  readonly isBeat: boolean
  answer: ChangeResult | null = null

  constructor(given: Change | Beat, isBeat: boolean) {
    this.id = given.id
    this.given = given
    this.isBeat = isBeat
  }

  holds(job: JobRecord, now: Ms): boolean {
    return holds(this.isBeat ? { token: (this.given as Beat).token } : (this.given as Change).guard, job, now)
  }

  put(doc: Read, now: Ms): Put {
    const before = jobOf(doc)
    if (this.isBeat) {
      const given = this.given as Beat
      return { doc, before, after: beat(given, before, now), event: null, named: new Set(namedBy(given)) }
    }
    const change = this.given as Change
    const { job: after, event } = apply(change, before, now)
    return { doc, before, after, event, named: new Set(namedBy(change.set)) }
  }

  done(put: Put): void {
    const { after } = put
    this.answer = {
      ok: true,
      job: this.given.returning ? copyOf(after) : null,
    }
  }
}

const BODIES = ['payload', 'result', 'checkpoint', 'log'] as const
const namedBy = (set: object): string[] => BODIES.filter((body) => (set as Record<string, unknown>)[body] !== undefined)

/** Those that may be written now; the others are refused, or left for another try when others moved them meanwhile. */
export async function judge(
  step: Step,
  moves: readonly Move[],
  docs: ReadonlyMap<string, Read>,
): Promise<Map<Put, Move>> {
  const { session, now } = step
  const puts = new Map<Put, Move>()
  const refused: Move[] = []
  for (const move of moves) {
    const doc = docs.get(move.id)
    if (doc === undefined || doc.gone || !move.holds(jobOf(doc), now)) refused.push(move)
    else puts.set(move.put(doc, now), move)
  }
  await refuse(session, refused, now)
  if (session.isInTx) await refuseKeys(step, puts)
  return puts
}

/** With the record whole, as a majority has it: who is refused builds on it. What holds on that very record is tried again (GUARD-2). */
async function refuse(session: Session, moves: readonly Move[], now: Ms): Promise<void> {
  const docs = await byId(
    session,
    moves.map(({ id }) => id),
    { majority: true },
  )
  for (const move of moves) {
    const doc = docs.get(move.id)
    if (doc === undefined || doc.gone) move.answer = { ok: false, why: 'missing', job: null }
    else if (!move.holds(jobOf(doc), now)) move.answer = { ok: false, why: 'guard', job: jobOf(doc) }
  }
}

/** A terminal job comes to life while another holds its key (UNIQ-3). When the holder is gone by now, the move is tried again. */
export async function refuseByKey(
  step: Step,
  refused: readonly { readonly move: Move; readonly put: Put }[],
): Promise<void> {
  const { session } = step
  const keys = refused.map(({ put: { before } }) => ({ queue: before.queue, key: before.key ?? '' }))
  await awaitOpen(step, keys)
  const [holders, docs] = await session.all([
    () => byKey(session, keys, { bodies: false }),
    () =>
      byId(
        session,
        refused.map(({ move }) => move.id),
      ),
  ] as const)
  for (const [i, { move, put }] of refused.entries()) {
    const holder = holders.get(nameOfKey(keys[i] as { queue: string; key: string }))
    const doc = docs.get(move.id)
    if (holder !== undefined && doc !== undefined && doc.writes === put.doc.writes && holder._id !== move.id)
      move.answer = { ok: false, why: 'key', job: jobOf(doc), holder: holder._id }
  }
}

/** Inside a transaction a duplicate would end it, so the holder is looked for before. */
async function refuseKeys(step: Step, puts: Map<Put, Move>): Promise<void> {
  const rising = [...puts].filter(([put]) => raisesAKey(put))
  if (rising.length === 0) return
  await refuseByKey(
    step,
    rising.map(([put, move]) => ({ move, put })),
  )
  const taken = new Set<string>()
  for (const [put, move] of rising) {
    const name = nameOfKey({ queue: put.before.queue, key: put.before.key ?? '' })
    // Of two that want one key the second meets the first in the next round.
    if (move.answer !== null || taken.has(name)) puts.delete(put)
    taken.add(name)
  }
}
