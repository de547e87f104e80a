/** Changes and beats: read, judged by the kit, and written only if the document is still as it was read. */
import type { Beat, Change, ChangeResult, JobRecord, Ms } from '@stint/core'
import { apply, beat, holds, isTerminal } from '@stint/core/store'
import { copyOf, jobOf } from '../record.js'
import type { Put } from './put.js'
import { byId, byKey, nameOfKey, type Read } from './read.js'
import type { Session } from './session.js'

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

/** What is read of each: the newest, to be judged again by the write. */
export async function readFor(session: Session, moves: readonly Move[]): Promise<ReadonlyMap<string, Read>> {
  const whole = moves.filter(({ given }) => given.returning).map(({ id }) => id)
  const heads = moves.filter(({ given }) => !given.returning).map(({ id }) => id)
  const [a, b] = await session.all([() => byId(session, whole), () => byId(session, heads, { bodies: false })] as const)
  return new Map([...a, ...b])
}

/** Those that may be written now; the others are refused, or left for another try when others moved them meanwhile. */
export async function judge(
  session: Session,
  moves: readonly Move[],
  docs: ReadonlyMap<string, Read>,
  now: Ms,
): Promise<Map<Put, Move>> {
  const puts = new Map<Put, Move>()
  const refused: Move[] = []
  for (const move of moves) {
    const doc = docs.get(move.id)
    if (doc === undefined || doc.gone || !move.holds(jobOf(doc), now)) refused.push(move)
    else puts.set(move.put(doc, now), move)
  }
  await refuse(session, refused, now)
  if (session.isInTx) await refuseKeys(session, puts)
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
  session: Session,
  refused: readonly { readonly move: Move; readonly put: Put }[],
): Promise<void> {
  const keys = refused.map(({ put: { before } }) => ({ queue: before.queue, key: before.key ?? '' }))
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
async function refuseKeys(session: Session, puts: Map<Put, Move>): Promise<void> {
  const rising = [...puts].filter(
    ([{ before, after }]) => isTerminal(before.state) && !isTerminal(after.state) && after.key !== null,
  )
  if (rising.length === 0) return
  await refuseByKey(
    session,
    rising.map(([put, move]) => ({ move, put })),
  )
  for (const [put, move] of rising) if (move.answer !== null) puts.delete(put)
}
