import type { EventRecord, JobRecord, Restored } from '@stint/core'
import { isTerminal } from '@stint/core/store'
import { codeOf, tagsOf } from '../record.js'
import { Columns } from './columns.js'
import { giveBack, takeKeys, type Wish } from './keys.js'
import { byId, nameOf } from './read.js'
import { IN_TIME, STAMPED, type Step } from './step.js'

const JOBS = new Columns<JobRecord>(4, [
  ['id', 'text', ({ id }) => id],
  ['queue', 'text', ({ queue }) => queue],
  ['type', 'text', ({ type }) => type],
  ['state', 'smallint', ({ state }) => codeOf(state)],
  ['version', 'int', ({ version }) => version],
  ['priority', 'smallint', ({ priority }) => priority],
  ['run_at', 'bigint', ({ runAt }) => runAt],
  ['attempt', 'int', ({ attempt }) => attempt],
  ['max_attempts', 'int', ({ maxAttempts }) => maxAttempts],
  ['key', 'text', ({ key }) => key],
  ['key_until', 'smallint', ({ keyUntil }) => (keyUntil === 'claimed' ? 1 : 0)],
  ['grp', 'text', ({ group }) => group],
  ['tags', 'text', tagsOf],
  ['created_at', 'bigint', ({ createdAt }) => createdAt],
  ['updated_at', 'bigint', ({ updatedAt }) => updatedAt],
  ['started_at', 'bigint', ({ startedAt }) => startedAt],
  ['finished_at', 'bigint', ({ finishedAt }) => finishedAt],
  ['token', 'text', ({ lease }) => lease?.token ?? null],
  ['fence', 'int', ({ lease }) => lease?.fence ?? null],
  ['worker', 'text', ({ lease }) => lease?.workerId ?? null],
  ['lease_until', 'bigint', ({ lease }) => lease?.until ?? null],
  ['progress', 'text', ({ progress }) => progress],
  ['error', 'text', ({ error }) => error],
  ['ext', 'text', ({ ext }) => ext],
  ['payload', 'text', ({ payload }) => payload],
  ['result', 'text', ({ result }) => result],
  ['checkpoint', 'text', ({ checkpoint }) => checkpoint],
  ['log', 'text', ({ log }) => log],
])
const names =
  'id, queue, type, state, version, priority, run_at, attempt, max_attempts, key, key_until, grp, created_at, updated_at, started_at, finished_at, token, fence, worker, lease_until, progress, error, ext, payload, result, checkpoint, log'
const RESTORE = `${STAMPED}, u as materialized (select * from ${JOBS.text}),
  n as (insert into stint.job(${names}, tags, ev_attempt, tx) select ${names.replaceAll(/(\w+)/g, 'u.$1')}, u.tags::text[], u.attempt, t.xid from u, t
    on conflict (id) do nothing returning id, queue, type, priority, run_at, version, state, finished_at, token, lease_until, key, key_until),
  r as (insert into stint.ready(run_at, version, priority, queue, type, id, frees)
    select run_at, version, priority, queue, type, id, case when key_until = 1 then key end from n where state = 1),
  h as (insert into stint.held(until, ids) select min(lease_until), array_agg(id) from n where token is not null having count(*) > 0),
  e as (insert into stint.ended(finished_at, state, id) select finished_at, state, id from n where state >= 4),
  c as (insert into stint.count_delta(n, state, queue) select count(*), state, queue from n group by queue, state)
select id from n where ${IN_TIME}`

const EVENTS = new Columns<EventRecord>(4, [
  ['job_id', 'text', ({ jobId }) => jobId],
  ['seq', 'int', ({ seq }) => seq],
  ['at', 'bigint', ({ at }) => at],
  ['type', 'text', ({ type }) => type],
  ['from_state', 'smallint', ({ from }) => (from === null ? null : codeOf(from))],
  ['to_state', 'smallint', ({ to }) => codeOf(to)],
  ['attempt', 'int', ({ attempt }) => attempt],
  ['fence', 'int', ({ fence }) => fence],
  ['worker', 'text', ({ workerId }) => workerId],
  ['actor', 'text', ({ actor }) => actor],
  ['detail', 'text', ({ detail }) => detail],
])
const RESTORE_EVENTS = `${STAMPED}, e as (
  insert into stint.event(tx, job_id, seq, at, type, from_state, to_state, attempt, fence, worker, actor, detail)
  select t.xid, u.* from t, ${EVENTS.text} returning 1)
select count(*) as n from e where ${IN_TIME}`

const keyOf = (job: JobRecord): string | null => (job.key === null || isTerminal(job.state) ? null : job.key)

/** As given, but for the places in the feed, which are new. A job whose id is here already, or whose unique key a live one has, stays out. */
export async function restore(step: Step, given: readonly Restored[]): Promise<boolean[]> {
  const there = new Set(
    (
      await byId(
        step.session,
        given.map(({ job }) => job.id),
      )
    ).keys(),
  )
  const firsts = new Map<string, JobRecord>()
  const absent = given.filter(({ job }) => {
    if (there.has(job.id)) return false
    there.add(job.id)
    const name = keyOf(job) === null ? null : nameOf(job as Wish)
    if (name !== null && firsts.has(name)) return false
    if (name !== null) firsts.set(name, job)
    return true
  })
  step.point('key')
  const holders = await takeKeys(step, [...firsts.values()] as Wish[])
  const granted = absent.filter(({ job }) => keyOf(job) === null || !holders.has(nameOf(job as Wish)))
  const sorted = granted.map(({ job }) => job).sort((a, b) => (a.id < b.id ? -1 : 1))
  step.point('record')
  const rows = await step.session.stamped<{ id: string }>(RESTORE, ...JOBS.values(sorted))
  const done = new Set(rows.map(({ id }) => id))
  await giveBack(step, sorted.filter((job) => keyOf(job) !== null && !done.has(job.id)) as Wish[])
  const restored = granted.filter(({ job }) => done.has(job.id))
  step.point('event')
  await step.session.stamped(RESTORE_EVENTS, ...EVENTS.values(restored.flatMap(({ events }) => events)))
  for (const { job } of restored) if (job.state === 'queued') step.wake(job.queue)
  return given.map(({ job }) => done.delete(job.id))
}
