/**
 * A claim held against the model. Alone it has to take exactly what the model takes. Beside others:
 * - It may pass over jobs that a call which overlaps it had in hand (ORDER-4; call.ts says which those are), and no others. Having passed over
 *   one that is due it owes a `nextDueInMs` of 0 (CLAIM-6); when the others are due is judged by the jobs that nobody had in hand.
 * - It may pass over what its own batch put in or back (BATCH-1), and owes nothing for that; nor for what a call that overlaps it put in or back:
 *   its view of the line may be from before, though others see its own writes only afterwards. Who waits is woken by that call's hint.
 * - Repeated while its first copy is under way, it may have looked for what its token holds before that one took: then it takes as any claim,
 *   and both sets are under one token, as when the first copy is delivered late (IDEM-2, race 13). What it looked for is a reading, and a call's
 *   readings need not be of the moment of its writes.
 * - Of a lane that is paused or resumed at the same moment it may have seen either (PAUSE-1 speaks of claims that begin afterwards).
 * Passing over every such job that it did not take is enough to try: a smaller set explains no answer that this one does not, since what was
 * taken is taken either way and what was not has to be passed over either way. So the search need not guess.
 */
import type { JobRecord, Ms } from '../../record.js'
import type { Claim, ClaimFrom, ClaimResult } from '../../store.js'
import { isHeld } from '../../transitions.js'
import { type Mismatch, mismatch, recordMismatch, same } from './mismatch.js'
import type { Leeway, ModelClaim, ModelStore } from './model-store.js'

/** What the calls beside a claim allow it. */
export interface ClaimLeeway extends Omit<Leeway, 'paused' | 'fromEntry'> {
  /** Lanes that are being paused or resumed. */
  readonly unsure: readonly string[]
  /** Tokens of the claims beside it. */
  readonly underWay: ReadonlySet<string>
}

export function followClaim(
  claim: Claim,
  told: ClaimResult | undefined,
  model: ModelStore,
  now: Ms,
  { written, putIn, own, unsure, underWay }: ClaimLeeway,
): Mismatch | null {
  if (!told) return mismatch('CLAIM-4', `the claim ${claim.token} has no answer`, 'an answer', told, null)
  const taken = new Set(told.jobs.map(({ id }) => id))
  const passedOver = new Set([...written, ...own].filter((id) => !taken.has(id)))
  let first: Mismatch | null = null
  for (const asked of claim.again && underWay.has(claim.token) ? [claim, { ...claim, again: false }] : [claim]) {
    for (const paused of seenPaused(unsure)) {
      for (const fromEntry of seenFrom(claim, told, written)) {
        const tried = model.copy()
        const leeway = { written, putIn, own, paused, fromEntry }
        const found = compare(claim, told, tried.claim(asked, now, passedOver, leeway), model, now)
        first ??= found
        if (found) continue
        model.become(tried)
        return null
      }
    }
  }
  return first?.clause === 'ORDER-4' && written.size === 0 ? { ...first, clause: 'ORDER-1' } : first
}

/**
 * One job of a claim, where batches are not atomic and other calls overlap: it has to be there for the taking at the moment when it is taken.
 * What the claim passed over meanwhile cannot be judged: its places were seen at another moment.
 */
export function followTaken(
  claim: Claim,
  job: JobRecord,
  model: ModelStore,
  now: Ms,
  unsure: readonly string[],
): Mismatch | null {
  const what = `${job.id} as the claim ${claim.token} took it`
  const before = model.get(job.id)
  if (claim.again && before?.lease?.token === claim.token) return recordMismatch(what, before, job, job.id)
  if (!claim.from.some((from) => asks(from, job)))
    return mismatch('CLAIM-1', `what the claim ${claim.token} took`, claim.from, job.id, job.id)
  const tried = model.copy()
  const alone: Claim = { ...claim, again: false, max: 1, from: [{ ids: [job.id] }] }
  const paused = new Map(unsure.map((lane) => [lane, false]))
  const [taken = null] = tried.claim(alone, now, NONE, { written: NONE, putIn: NONE, own: NONE, paused }).jobs
  const found = taken
    ? recordMismatch(what, taken, job, job.id)
    : mismatch(before && isHeld(before.state) ? 'CLAIM-2' : 'CLAIM-1', what, before, job, job.id)
  if (!found) model.become(tried)
  return found
}

const NONE: ReadonlySet<string> = new Set()

/** A claim that overlaps a pause or its end may have seen either (PAUSE-1 speaks of claims that begin afterwards). */
function seenPaused(unsure: readonly string[]): ReadonlyMap<string, boolean>[] {
  let ways: ReadonlyMap<string, boolean>[] = [new Map()]
  for (const lane of new Set(unsure))
    ways = ways.flatMap((way) => [true, false].map((is) => new Map(way).set(lane, is)))
  return ways
}

/**
 * A claim that serves its entries one after another may meet, at a later one, a job that another call was still writing when it served the
 * first; so each job of those that it took may have been in line from any of the entries that ask for it on.
 */
function seenFrom(
  claim: Claim,
  told: ClaimResult,
  written: ReadonlySet<string>,
): readonly (ReadonlyMap<string, number> | undefined)[] {
  let ways: ReadonlyMap<string, number>[] = [new Map()]
  for (const job of told.jobs.filter(({ id }) => written.has(id))) {
    const entries = claim.from.flatMap((from, entry) => (asks(from, job) ? [entry] : []))
    if (entries.length > 1) ways = ways.flatMap((way) => entries.map((entry) => new Map(way).set(job.id, entry)))
  }
  return ways
}

const asks = (from: ClaimFrom, job: JobRecord): boolean =>
  'ids' in from ? from.ids.includes(job.id) : from.queue === job.queue && (from.types?.includes(job.type) ?? true)

function compare(claim: Claim, told: ClaimResult, expected: ModelClaim, before: ModelStore, now: Ms): Mismatch | null {
  const jobs = expected.isHeld ? inOrderOf(told.jobs, expected.jobs) : expected.jobs
  const ids = jobs.map(({ id }) => id)
  const got = told.jobs.map(({ id }) => id)
  if (!same(ids, got)) {
    const wrong = got.find((id) => !ids.includes(id)) ?? ids.find((id) => !got.includes(id)) ?? got[0] ?? null
    return mismatch(clauseOf(claim, told, expected, before, now), `what the claim ${claim.token} took`, ids, got, wrong)
  }
  for (const [n, job] of jobs.entries()) {
    const found = recordMismatch(`${job.id} as the claim ${claim.token} took it`, job, told.jobs[n] ?? null, job.id)
    if (found) return found
  }
  const { dueInMs } = expected
  const isLate = dueInMs !== null && (told.nextDueInMs === null || told.nextDueInMs > dueInMs)
  const limit = dueInMs === null ? 'null or any time' : `at most ${dueInMs}`
  return isLate ? mismatch('CLAIM-6', `nextDueInMs of the claim ${claim.token}`, limit, told.nextDueInMs, null) : null
}

/** What a token still holds is a set; only its members count. */
function inOrderOf(got: readonly JobRecord[], expected: readonly JobRecord[]): readonly JobRecord[] {
  const place = (job: JobRecord): number => got.findIndex(({ id }) => id === job.id)
  return [...expected].sort((a, b) => place(a) - place(b))
}

function clauseOf(claim: Claim, { jobs }: ClaimResult, expected: ModelClaim, before: ModelStore, now: Ms): string {
  if (expected.isHeld) return 'IDEM-2'
  if (jobs.length > claim.max) return 'CLAIM-3'
  const paused = before.settings('paused').map(({ name }) => name)
  for (const job of jobs) {
    const was = before.get(job.id)
    if (was && isHeld(was.state)) return 'CLAIM-2'
    if (was && paused.includes(was.queue)) return 'PAUSE-1'
    if (was?.state !== 'queued' || was.runAt > now) return 'CLAIM-1'
  }
  return jobs.length < expected.jobs.length ? 'ORDER-4' : 'ORDER-1'
}
