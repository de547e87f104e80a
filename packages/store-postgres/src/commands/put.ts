import type { EventRecord, JobRecord, Patch } from '@stint/core'
import { isTerminal } from '@stint/core/store'
import { codeOf, tagsOf } from '../record.js'
import { Columns } from './columns.js'
import { IN_TIME, STAMPED, type Step } from './step.js'

/** A record as it was, as it becomes, and what tells of it. */
export interface Move {
  readonly before: JobRecord
  readonly after: JobRecord
  /** null: a beat. */
  readonly event: EventRecord | null
  /** Which of the bodies are set: a body that is not stays where it lies. */
  readonly set?: Pick<Patch, 'payload' | 'result' | 'checkpoint' | 'log'>
}

const BODIES = ['payload', 'result', 'checkpoint', 'log'] as const
const setsOf = ({ set = {} }: Move): number =>
  BODIES.reduce((bits, body, i) => (set[body] === undefined ? bits : bits | (1 << i)), 0)

/** `held` may say that a lease ends sooner than it does, never later: only a lease that is new or ends earlier needs a row. */
function isNewlyHeld({ before, after }: Move): boolean {
  if (after.lease === null) return false
  return before.lease === null || before.lease.token !== after.lease.token || after.lease.until < before.lease.until
}

const held = (job: JobRecord): string | null => (job.key === null || isTerminal(job.state) ? null : job.key)

const MOVES = new Columns<Move>(4, [
  ['id', 'text', ({ after }) => after.id],
  ['queue', 'text', ({ after }) => after.queue],
  ['type', 'text', ({ after }) => after.type],
  ['state', 'smallint', ({ after }) => codeOf(after.state)],
  ['version', 'int', ({ after }) => after.version],
  ['priority', 'smallint', ({ after }) => after.priority],
  ['run_at', 'bigint', ({ after }) => after.runAt],
  ['attempt', 'int', ({ after }) => after.attempt],
  ['max_attempts', 'int', ({ after }) => after.maxAttempts],
  ['key', 'text', ({ after }) => after.key],
  ['tags', 'text', ({ after }) => tagsOf(after)],
  ['updated_at', 'bigint', ({ after }) => after.updatedAt],
  ['started_at', 'bigint', ({ after }) => after.startedAt],
  ['finished_at', 'bigint', ({ after }) => after.finishedAt],
  ['token', 'text', ({ after }) => after.lease?.token ?? null],
  ['fence', 'int', ({ after }) => after.lease?.fence ?? null],
  ['worker', 'text', ({ after }) => after.lease?.workerId ?? null],
  ['lease_until', 'bigint', ({ after }) => after.lease?.until ?? null],
  ['progress', 'text', ({ after }) => after.progress],
  ['error', 'text', ({ after }) => after.error],
  ['ext', 'text', ({ after }) => after.ext],
  ['sets', 'int', setsOf],
  ['payload', 'text', ({ set }) => set?.payload ?? null],
  ['result', 'text', ({ set }) => set?.result ?? null],
  ['checkpoint', 'text', ({ set }) => set?.checkpoint ?? null],
  ['log', 'text', ({ set }) => set?.log ?? null],
  ['was_state', 'smallint', ({ before }) => codeOf(before.state)],
  ['was_priority', 'smallint', ({ before }) => before.priority],
  ['was_run_at', 'bigint', ({ before }) => before.runAt],
  ['was_finished_at', 'bigint', ({ before }) => before.finishedAt],
  ['freed', 'text', ({ before, after }) => (held(before) !== held(after) ? held(before) : null)],
  ['frees', 'text', ({ after }) => (after.keyUntil === 'claimed' ? after.key : null)],
  ['is_held', 'boolean', isNewlyHeld],
  ['e_type', 'text', ({ event }) => event?.type ?? null],
  ['e_attempt', 'int', ({ event }) => event?.attempt ?? null],
  ['e_fence', 'int', ({ event }) => event?.fence ?? null],
  ['e_worker', 'text', ({ event }) => event?.workerId ?? null],
  ['e_actor', 'text', ({ event }) => event?.actor ?? null],
  ['e_detail', 'text', ({ event }) => event?.detail ?? null],
])

/**
 * Writes records that are locked, with their events, counts and all that is searched by. A `ready` row that somebody else has locked is left to
 * them: only claims do, and they drop what they find stale.
 */
const PUT = `${STAMPED}, u as materialized (select * from ${MOVES.text}),
  s as (update stint.job j set state = u.state, version = u.version, priority = u.priority, run_at = u.run_at, attempt = u.attempt,
      max_attempts = u.max_attempts, key = u.key, tags = u.tags::text[], updated_at = u.updated_at, started_at = u.started_at,
      finished_at = u.finished_at, token = u.token, fence = coalesce(u.fence, j.fence), worker = coalesce(u.worker, j.worker),
      lease_until = coalesce(u.lease_until, j.lease_until), progress = u.progress, error = u.error, ext = u.ext,
      payload = case when u.sets & 1 > 0 then u.payload else j.payload end, result = case when u.sets & 2 > 0 then u.result else j.result end,
      checkpoint = case when u.sets & 4 > 0 then u.checkpoint else j.checkpoint end, log = case when u.sets & 8 > 0 then u.log else j.log end,
      tx = case when u.e_type is null then j.tx else greatest(t.xid, j.tx) end
    from u, t where j.id = any($4::text[]) and j.id = u.id returning u.*, j.tx),
  rx as (delete from stint.ready where ctid = any(array(select r.rc from u, lateral (select r.ctid as rc from stint.ready r where r.queue = u.queue and r.type = u.type
        and r.priority = u.was_priority and r.run_at = u.was_run_at and r.id = u.id for update skip locked) r
    where u.was_state = 1 and u.e_type is not null))),
  r as (insert into stint.ready(run_at, version, priority, queue, type, id, frees)
    select run_at, version, priority, queue, type, id, frees from s where state = 1 and e_type is not null),
  h as (insert into stint.held(until, ids) select min(lease_until), array_agg(id) from s where is_held group by token),
  ex as (delete from stint.ended where ctid = any(array(select e.rc from u, lateral (select e.ctid as rc from stint.ended e
        where e.state = u.was_state and e.finished_at = u.was_finished_at and e.id = u.id limit 1) e
    where u.was_finished_at is not null and (u.finished_at is distinct from u.was_finished_at or u.state <> u.was_state)))),
  e as (insert into stint.ended(finished_at, state, id) select finished_at, state, id from s
    where finished_at is not null and (finished_at is distinct from was_finished_at or state <> was_state)),
  kx as (delete from stint.live_key where ctid = any(array(select k.rc from u, lateral (select k.ctid as rc from stint.live_key k
        where k.queue = u.queue and k.key = u.freed and k.id = u.id limit 1) k where u.freed is not null))),
  ev as (insert into stint.event(tx, at, seq, attempt, fence, from_state, to_state, job_id, type, worker, actor, detail)
    select tx, updated_at, version, e_attempt, e_fence, was_state, state, id, e_type, e_worker, e_actor, e_detail
    from s where e_type is not null),
  c as (insert into stint.count_delta(n, state, queue) select sum(n), state, queue from (
      select -1 as n, was_state as state, queue from s where state <> was_state
      union all select 1, state, queue from s where state <> was_state) d group by queue, state having sum(n) <> 0)
select count(*) as n from s where ${IN_TIME}`

export async function put(step: Step, moves: readonly Move[]): Promise<void> {
  if (moves.length === 0) return
  step.point('put')
  await step.session.stamped(PUT, ...MOVES.values(moves))
  for (const { event } of moves) if (event !== null) step.tell(event)
}
