import type { Beat, Change, ChangeResult, JobRecord } from '@stint/core'
import { apply, beat, holds, isTerminal } from '@stint/core/store'
import { type JobRow, jobOf, wholeOf } from '../record.js'
import { takeKeys, type Wish } from './keys.js'
import { type Move, put } from './put.js'
import { nameOf } from './read.js'
import type { Step } from './step.js'

/**
 * Everybody locks `ready` before `job`, and jobs in the order of their ids. A queued job's row is found by the key that the snapshot shows, and
 * waited for: a claim may hold it. `c` makes the jobs wait for that.
 */
const lockText = (
  isWaiting: boolean,
): string => `with o as materialized (select r.id from (select * from stint.job where id = any($1::text[]) and state = 1 order by id) j,
    lateral (select r.id from stint.ready r where r.queue = j.queue and r.type = j.type and r.priority = j.priority and r.run_at = j.run_at
      and r.id = j.id for update) r),
  c as materialized (select count(*) as n from o)
select ${wholeOf('j')} from stint.job j where j.id = any($1::text[]) and (select n from c) >= 0 order by j.id for update of j${isWaiting ? '' : ' skip locked'}`
const LOCK = lockText(true)
/**
 * Without jobs that others have locked. For their rows in `ready` it does wait: one that a claim holds could not be deleted, and would stand in
 * the way of the next claim.
 */
const LOCK_FREE = lockText(false)

export const lock = (step: Step, ids: readonly string[]): Promise<Map<string, JobRecord>> => locked(step, LOCK, ids)
export const lockFree = (step: Step, ids: readonly string[]): Promise<Map<string, JobRecord>> =>
  locked(step, LOCK_FREE, ids)

async function locked({ session }: Step, text: string, ids: readonly string[]): Promise<Map<string, JobRecord>> {
  if (ids.length === 0) return new Map()
  const rows = await session.rows<JobRow>(text, [...new Set(ids)].sort())
  return new Map(rows.map((row) => [row.id, jobOf(row)]))
}

const refused = (job: JobRecord | undefined): ChangeResult =>
  job === undefined ? { ok: false, why: 'missing', job: null } : { ok: false, why: 'guard', job }

/** `jobs` are locked, so judging and writing are one step (GUARD-1). */
export async function change(
  step: Step,
  given: readonly Change[],
  jobs: ReadonlyMap<string, JobRecord>,
): Promise<ChangeResult[]> {
  const moves = new Map<string, Move>()
  for (const one of given) {
    const before = jobs.get(one.id)
    if (before === undefined || !holds(one.guard, before, step.now)) continue
    const { job, event } = apply(one, before, step.now)
    moves.set(one.id, { before, after: asRead(job), event, set: one.set })
  }
  const holders = await revive(
    step,
    given.flatMap(({ id }) => moves.get(id) ?? []),
  )
  for (const id of holders.keys()) moves.delete(id)
  await put(
    step,
    [...moves.values()].sort((a, b) => (a.after.id < b.after.id ? -1 : 1)),
  )
  return given.map(({ id, returning }) => {
    const move = moves.get(id)
    if (move !== undefined) return { ok: true, job: returning ? move.after : null }
    const holder = holders.get(id)
    const job = jobs.get(id)
    return holder === undefined || job === undefined ? refused(job) : { ok: false, why: 'key', job, holder }
  })
}

/** Jobs that become live again need their keys again; the answer has the holders of those that are taken, by the id of who wanted it. */
async function revive(step: Step, moves: readonly Move[]): Promise<Map<string, string>> {
  const wishes = moves
    .filter(({ before, after }) => after.key !== null && isTerminal(before.state) && !isTerminal(after.state))
    .map(({ after: { id, queue, key } }): Wish => ({ id, queue, key: key as string }))
  const firsts = new Map<string, Wish>()
  for (const wish of wishes) if (!firsts.has(nameOf(wish))) firsts.set(nameOf(wish), wish)
  if (wishes.length > 0) step.point('key')
  const places = new Map(moves.map(({ after }, place) => [after.id, place]))
  const taken = await takeKeys(step, [...firsts.values()], ({ id }, holder) => {
    const place = places.get(holder)
    return place !== undefined && place < (places.get(id) as number) && isTerminal((moves[place] as Move).after.state)
  })
  const refused = new Map<string, string>()
  for (const wish of wishes) {
    const holder = taken.get(nameOf(wish))?.id ?? firsts.get(nameOf(wish))?.id
    if (holder !== undefined && holder !== wish.id) refused.set(wish.id, holder)
  }
  return refused
}

export async function beats(
  step: Step,
  given: readonly Beat[],
  jobs: ReadonlyMap<string, JobRecord>,
): Promise<ChangeResult[]> {
  const moves = new Map<string, Move>()
  for (const one of given) {
    const before = jobs.get(one.id)
    if (before === undefined || !holds({ token: one.token }, before, step.now)) continue
    moves.set(one.id, { before, after: beat(one, before, step.now), event: null, set: one })
  }
  await put(
    step,
    [...moves.values()].sort((a, b) => (a.after.id < b.after.id ? -1 : 1)),
  )
  return given.map(({ id, returning }) => {
    const move = moves.get(id)
    return move === undefined ? refused(jobs.get(id)) : { ok: true, job: returning ? move.after : null }
  })
}

/** As it will be read: Postgres knows no -0 (DATA-4). */
const asRead = (job: JobRecord): JobRecord => ({
  ...job,
  priority: job.priority + 0,
  runAt: job.runAt + 0,
  attempt: job.attempt + 0,
})
