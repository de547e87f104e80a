/** The request or the reply of each kind of write is lost, and the write is repeated: at once, and after others moved the job. */
import assert from 'node:assert/strict'
import { isStintError } from '../../errors.js'
import { fact, type StoreCase } from '../case.js'
import { seenOf } from '../stage/fixtures.js'
import type { Stage } from '../stage/stage.js'
import type { KindOfWrite, Sent } from './kind-of-write.js'
import { KINDS_OF_WRITE } from './kinds-of-write.js'
import { type Loss, Lossy } from './lossy.js'
import { MOVES, type Move } from './moves.js'

/** Sends it, and loses its request or its reply. */
async function sentInVain({ a }: Stage, sent: Sent, loss: Loss): Promise<void> {
  const lossy = new Lossy(a)
  lossy.lose(loss)
  await assert.rejects(sent.send(lossy.store, false), (error) => isStintError(error, 'OUTCOME_UNKNOWN'))
  assert.equal(lossy.lost, 1)
}

const repeatedAtOnce =
  (kind: KindOfWrite, loss: Loss) =>
  async (stage: Stage): Promise<void> => {
    const { a, b } = stage
    const sent = await kind.prepare(stage)
    const before = await seenOf(b)
    await sentInVain(stage, sent, loss)
    const between = await seenOf(b)
    assert.equal(await sent.isThere(b), loss === 'reply', 'whether it happened before the repeat')
    if (loss === 'request') assert.deepEqual(between, before)
    assert.equal(await sent.send(a, true), true, 'the caller learns that it happened')
    if (loss === 'reply') assert.deepEqual(await seenOf(b), between, 'the repeat changed something')
    assert.equal(await sent.isThere(b), true)
    assert.equal(await sent.ownEvents(b), kind.hasEvent ? 1 : 0, 'its events')
  }

/** Others moved the job meanwhile: the repeat is judged by what is there now, never by what was there when it was first sent. */
async function repeatedAfter(stage: Stage, kind: KindOfWrite, loss: Loss, move: Move): Promise<void> {
  const { a, b, clock } = stage
  const sent = await kind.prepare(stage)
  await sentInVain(stage, sent, loss)
  await move.make(stage, sent)
  const between = await seenOf(b)
  const own = await sent.ownEvents(b)
  const applies = await sent.wouldApply(b, clock.now())
  // What lasts is told by its own event, unless the job is gone with it; the rest only by what it left.
  const isTold = kind.lasts ? own > 0 : await sent.isThere(b)
  const isMine = await sent.send(a, true)
  assert.equal(isMine, applies || isTold, 'what the caller learns')
  assert.equal(await sent.ownEvents(b), applies && kind.hasEvent ? own + 1 : own, 'its events')
  if (!applies) assert.deepEqual(await seenOf(b), between, 'the repeat changed something')
}

const movesOf = (kind: KindOfWrite, loss: Loss): Move[] =>
  MOVES.filter(({ isLegal }) => isLegal(loss === 'reply' ? kind.after : kind.before, kind))

const repeatedLate =
  (kind: KindOfWrite, loss: Loss) =>
  async (stage: Stage): Promise<void> => {
    for (const move of movesOf(kind, loss)) {
      try {
        await repeatedAfter(stage, kind, loss, move)
      } catch (error) {
        if (error instanceof Error) error.message = `the job was ${move.name} meanwhile: ${error.message}`
        throw error
      }
      for (const { kind: of, name } of await pausesOf(stage)) await stage.a.configure([{ kind: of, name, value: null }])
    }
  }

const pausesOf = ({ a }: Stage) => a.settings('paused')

const clausesOf = ({ name, before }: KindOfWrite): string =>
  name.startsWith('insert') || name === 'restore'
    ? 'IDEM-1'
    : name.startsWith('claim')
      ? 'IDEM-2'
      : name === 'remove'
        ? 'REMOVE-1'
        : before === 'no job'
          ? 'SET-1'
          : 'GUARD-1'

const casesOf = (title: string, loss: Loss): StoreCase[] =>
  KINDS_OF_WRITE.flatMap((kind) => [
    fact(
      `${title} at ${kind.name} › repeated at once › it happened once, and the caller learns it [${clausesOf(kind)}, IDEM-3]`,
      repeatedAtOnce(kind, loss),
      ...kind.needs,
    ),
    ...(movesOf(kind, loss).length === 0
      ? []
      : [
          fact(
            `${title} at ${kind.name} › repeated after others moved the job › is judged by what is there now, and no second effect [${clausesOf(kind)}, IDEM-3, ATOM-2]`,
            repeatedLate(kind, loss),
            ...kind.needs,
          ),
        ]),
  ])

export const lostRequests: readonly StoreCase[] = casesOf('request lost', 'request')
/** The twelfth interleaving of the contract (2.9). */
export const lostReplies: readonly StoreCase[] = casesOf('race 12 › reply lost', 'reply')
