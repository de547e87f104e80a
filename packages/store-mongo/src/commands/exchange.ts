/** A batch: everything is read at once, judged by the kit, and written in one command; what others were faster with is judged anew. */
import type { Batch, BatchResult, ChangeResult, InsertResult, JobRecord } from '@stint/core'
import { DUPLICATE_KEY, NOT_AN_OBJECT, unavailable } from '../failures.js'
import { copyOf } from '../record.js'
import { beatAtOnce, isBeatAlone } from './beat.js'
import { judge, Move, refuseByKey } from './change.js'
import { deal, lookAhead, stillHeld, type Take, Taker } from './claim.js'
import { awaitOpen } from './holder.js'
import { admitted, answerPresent, Entry, firstOfKeys } from './insert.js'
import { look } from './look.js'
import { publish } from './publish.js'
import { type Put, raisesAKey, statementsOf, writtenOf } from './put.js'
import type { Session } from './session.js'
import { newNonce, type Step } from './step.js'

/** A claim that got less because others were faster looks again (ORDER-4), so often; then its caller comes again at once. */
const TRIES = 12

export async function exchange(step: Step, batch: Batch): Promise<BatchResult> {
  const { session } = step
  const entries = (batch.inserts ?? []).map((job) => new Entry(job))
  const moves = [
    ...(batch.changes ?? []).map((change) => new Move(change, false)),
    ...(batch.beats ?? []).map((beat) => new Move(beat, true)),
  ]
  const takers = (batch.claims ?? []).map((claim) => new Taker(claim))
  if (entries.length + takers.length === 0 && moves.length > 0 && moves.every(isBeatAlone) && !session.isInTx)
    await beatAtOnce(step, moves)
  for (let round = 1; ; round++) {
    const open = {
      entries: entries.filter(({ answer }) => answer === null),
      moves: moves.filter(({ answer }) => answer === null),
      takers: takers.filter(({ isOver }) => !isOver),
    }
    if (open.entries.length + open.moves.length + open.takers.length === 0) break
    if (round > 1) session.mustHaveTime()
    if (round > 2) await new Promise((resolve) => void setTimeout(resolve, Math.min(20, round)))
    const isAlone = goesAlone(session, open.entries)
    await new Round(step, open.entries, isAlone ? [] : open.moves, isAlone ? [] : open.takers, round).play()
  }
  const mayQueue = entries.length > 0 || (batch.changes ?? []).some(({ set }) => set.state === 'queued' || set.run)
  return {
    inserts: entries.map(({ answer }) => answer as InsertResult),
    changes: moves.filter(({ isBeat }) => !isBeat).map(({ answer }) => answer as ChangeResult),
    beats: moves.filter(({ isBeat }) => isBeat).map(({ answer }) => answer as ChangeResult),
    claims: takers.map((taker) => {
      const { jobs, nextDueInMs } = taker.answer(step.now)
      // What the batch itself put in line was not looked at.
      return { jobs, nextDueInMs: mayQueue ? 0 : nextDueInMs }
    }),
  }
}

const NO_TAKES: ReadonlyMap<Put, Take> = new Map()

/** A claim of the same batch waits for it: a job that stays in line may be taken from its new place, and a key be refused (BATCH-1). */
const comesFirst = (put: Put): boolean =>
  raisesAKey(put) || (put.before.state === 'queued' && put.after.state === 'queued')

/**
 * What may be refused for a key is written before what stands behind it in the batch, which may free that key, or be seen before it (BATCH-1).
 * In a transaction that is everything that is new: a refusal there has to be foreseen.
 */
const goesAlone = (session: Session, entries: readonly Entry[]): boolean =>
  entries.some(({ key }) => key !== null || session.isInTx)

/** One try at all that is open. */
class Round {
  readonly step: Step
  readonly entries: readonly Entry[]
  readonly moves: readonly Move[]
  readonly takers: readonly Taker[]
  readonly number: number

  constructor(step: Step, entries: readonly Entry[], moves: readonly Move[], takers: readonly Taker[], number: number) {
    this.step = step
    this.entries = entries
    this.moves = moves
    this.takers = takers
    this.number = number
  }

  async play(): Promise<void> {
    const { step, moves, entries } = this
    const { session } = step
    if (moves.length + this.takers.length === 0) {
      await step.begin()
      return this.#write(session.isInTx ? await this.#insertable() : entries, new Map(), NO_TAKES)
    }
    const {
      paused,
      docs,
      found,
      now: engineNow,
    } = await look(session, moves, this.takers, step.isBegun ? step.now : session.scope.clock)
    step.tell(engineNow)
    // Behind the look for candidates: what an earlier copy of the claim takes in between is then seen here, or was a candidate.
    await stillHeld(session, this.takers)
    const takers = this.takers.filter(({ isOver }) => !isOver)
    const { now } = step
    const puts = await judge(step, moves, docs)
    // A refusal may show a job as it came to be behind the look for candidates, which is then too old.
    const isRefused = moves.some(({ answer }) => answer !== null)
    if (takers.length > 0 && (isRefused || [...puts.keys()].some(comesFirst)))
      return this.#write(entries, puts, NO_TAKES)
    const touched = new Set([...puts.keys()].map(({ doc }) => doc._id))
    for (const { id, answer } of moves) if (answer === null) touched.add(id)
    const takes = deal(takers, found, now, paused, touched)
    // The look ahead is a read beside the write, and nothing of the call may be under way when it is told to have failed.
    const [write, ahead] = await Promise.allSettled([
      this.#write(entries, puts, takes),
      lookAhead(session, takers, now, paused),
    ])
    if (write.status === 'rejected') throw write.reason
    if (ahead.status === 'rejected') throw ahead.reason
    for (const taker of takers) this.#close(taker)
  }

  #close(taker: Taker): void {
    const hasEnough = taker.taken.length >= taker.claim.max || (taker.claim.again && taker.taken.length > 0)
    if (taker.lost === 0 || hasEnough || this.number >= TRIES) taker.isOver = true
    else taker.lost = 0
  }

  async #insertable(): Promise<Entry[]> {
    await answerPresent(this.step.session, this.entries)
    return firstOfKeys(this.entries.filter(({ answer }) => answer === null))
  }

  async #write(
    entries: readonly Entry[],
    changes: ReadonlyMap<Put, Move>,
    takes: ReadonlyMap<Put, Take>,
  ): Promise<void> {
    const { step } = this
    const { session, now } = step
    // Of this very command: what an earlier one of the call wrote bears another.
    const op = newNonce()
    const jobs = entries.map((entry) => admitted(step, entry, op))
    const { statements, groups } = statementsOf(session, [...changes.keys(), ...takes.keys()], op, now)
    if (jobs.length + statements.length === 0) return
    step.point('exchange')
    const { n, upserted, errors } = await session.update('jobs', [
      ...jobs.map(({ statement }) => statement),
      ...statements,
    ])
    const failed = new Map(errors.map((error) => [error.index, error]))
    for (const { code, errmsg } of errors) {
      // Nothing was written: where the clock was only thought to be known it may have been set.
      if (code === NOT_AN_OBJECT && statements.length + n === 0 && this.number === 1) return step.ask()
      if (code === NOT_AN_OBJECT) throw session.late()
      if (code !== DUPLICATE_KEY) throw unavailable(`MongoDB refused a write: ${errmsg} (${code})`)
    }
    const isNew = new Set(upserted)
    for (const [i, entry] of entries.entries()) {
      const { job } = jobs[i] as { job: JobRecord }
      if (!isNew.has(i)) continue
      entry.answer = { isNew: true, job: copyOf(job) }
      step.moved(job, null)
    }
    const met = entries.filter((_, i) => !failed.has(i)).length
    const clashed = groups.filter((_, i) => failed.has(jobs.length + i)).flat()
    const sent = groups.flat().filter((put) => !clashed.includes(put))
    const ids = sent.map(({ doc }) => doc._id)
    this.#settle(sent, await writtenOf(session, ids, op, n - met), changes, takes)
    step.point('written')
    await awaitOpen(
      step,
      entries.filter((_, i) => failed.has(i)).flatMap(({ key }) => key ?? []),
    )
    await this.#explain(entries, clashed, changes)
  }

  #settle(
    sent: readonly Put[],
    written: ReadonlySet<string>,
    changes: ReadonlyMap<Put, Move>,
    takes: ReadonlyMap<Put, Take>,
  ): void {
    const isSent = new Set(sent)
    // In the order asked, which is not that of the statements.
    for (const put of [...changes.keys(), ...takes.keys()]) {
      if (!isSent.has(put)) continue
      const take = takes.get(put)
      if (!written.has(put.doc._id)) {
        take?.taker.lose()
        continue
      }
      if (take) take.taker.take(put.after, take.from, this.number === 1)
      else changes.get(put)?.done(put)
      if (put.event !== null) this.step.moved(put.after, put.before)
    }
  }

  /** Why some were not written: their job or holder is there; an id in the way whose job is removed is cleared away. */
  async #explain(entries: readonly Entry[], clashed: readonly Put[], changes: ReadonlyMap<Put, Move>): Promise<void> {
    const { session, point } = this.step
    if (clashed.length > 0)
      await refuseByKey(
        this.step,
        clashed.flatMap((put) => {
          const move = changes.get(put)
          return move ? [{ put, move }] : []
        }),
      )
    const open = entries.filter(({ answer }) => answer === null)
    if (open.length === 0) return
    const gone = await answerPresent(session, open)
    if (gone.length > 0) await publish(session, point, { most: 1 })
  }
}
