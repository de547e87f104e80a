import type { Claim } from '@stint/core'
import { codeOf, wholeOf } from '../record.js'
import { Columns } from './columns.js'
import { bands, bandsOfOne, firstOf, type Line, nextOf } from './line.js'

/** A claim's share of one entry: so many of the first of the line, behind those of the claims before it. */
export interface Share {
  readonly claim: Claim
  readonly most: number
  readonly before: number
}

/** Statements have literal limits (line.ts), so there is one for each of these; exactly as many as wanted are locked of what they look at. */
const BUCKETS = [1, 10, 100, 500] as const
/** A window has to be as many claims wide as there are claimers, else each finds what the others have locked. */
const WINDOW = 4

export interface Take {
  readonly name: string
  readonly columns: Columns<Share>
  /** CTEs `c` (the jobs taken) and those that follow from it alone. */
  readonly text: string
  readonly events: string
  readonly counts: string
  /** Columns of the answer: how many were locked and seen, and when the next is due if that is all. */
  readonly facts: string
}

/** Of one type the walk itself locks, and exactly what it gives. `seen` counts again, without locks, when that was not enough. */
const ofOneType = (line: Line, isOpen: string, bucket: number, wanted: string): { walk: string; seen: string } => ({
  walk: `${bandsOfOne(line, isOpen)},
  p as materialized (select l.* from (select pr from b where pr is not null) b, lateral (
      select r.ctid as rc, r.id, r.version, r.run_at, r.priority, r.queue, r.frees from stint.ready r
      where r.queue = ${line.queue}::text and r.type = (${line.types}::text[])[1] and r.priority = b.pr and r.run_at <= (select now from t)
      order by r.run_at, r.id limit ${bucket} for update skip locked) l limit ${wanted})`,
  seen: `case when (select count(*) from p) < ${wanted}
    then (select count(*) from (${firstOf(line, '(select now from t)', bucket)}) w) else ${wanted} end`,
})

/** Of several types the first are found without locks, and then those of them are locked that are wanted. */
const ofTypes = (line: Line, isOpen: string, bucket: number, wanted: string): { walk: string; seen: string } => ({
  walk: `${bands(line, isOpen)},
  w as materialized (${firstOf(line, '(select now from t)', WINDOW * bucket)}),
  p as materialized (select r.ctid as rc, r.id, r.version, r.run_at, r.priority, r.queue, r.frees from stint.ready r
    where r.ctid = any(array(select rc from w)) order by r.priority desc, r.run_at, r.id limit ${wanted} for update skip locked)`,
  seen: '(select count(*) from w)',
})

/**
 * $queue, $types, $wanted, then the shares. `behind`: what has to be done before anything of this is locked.
 *
 * A claim waits for nobody, so it may hold what a settle of its statement has locked: jobs that others write are passed over, and their rows of the
 * line stay (`l`); rows whose job is not as they say are stale, and dropped (`g`).
 */
function takeFor({ name, bucket, isOneType, isOne, first, behind }: Kind): Take {
  const line = { queue: `$${first}`, types: `$${first + 1}` }
  const wanted = `$${first + 2}::int`
  const columns = new Columns<Share>(first + 3, [
    ['token', 'text', ({ claim }) => claim.token],
    ['worker', 'text', ({ claim }) => claim.workerId],
    ['lease_ms', 'bigint', ({ claim }) => claim.leaseMs],
    ['state', 'smallint', ({ claim }) => codeOf(claim.to)],
    ['e_type', 'text', ({ claim }) => claim.event.type],
    ['e_actor', 'text', ({ claim }) => claim.event.actor],
    ['e_detail', 'text', ({ claim }) => claim.event.detail],
    ['past', 'int', ({ before }) => before],
    ['most', 'int', ({ most }) => most],
  ])
  const isTrue = 'j.version = p.version and j.state = 1 and j.run_at = p.run_at and j.priority = p.priority'
  const dealt = isOne
    ? 'q as materialized (select l.*, v.* from l, v)'
    : `q as materialized (select n.*, v.* from (select l.*, row_number() over (order by priority desc, run_at, id) as nth from l) n, v
    where n.nth > v.past and n.nth <= v.past + v.most)`
  const isOpen = `not exists (select from stint.setting where kind = 'paused' and name = ${line.queue})${behind}`
  const { walk, seen } = (isOneType ? ofOneType : ofTypes)(line, isOpen, bucket, wanted)
  const text = `v as materialized (select * from ${columns.text.replace('as u(', 'as v(')}),
  ${walk},
  l as materialized (select p.* from stint.job j, p where j.id = any(array(select id from p)) and j.id = p.id and ${isTrue}
    order by j.id for update of j skip locked),
  g as materialized (select p.rc from p where (select count(*) from l) < (select count(*) from p) and p.rc <> all(array(
    select p.rc from stint.job j, p where j.id = any(array(select id from p)) and j.id = p.id and ${isTrue}))),
  x as (delete from stint.ready where ctid = any(array(select rc from l union all select rc from g))),
  ${dealt},
  c as (update stint.job j set version = j.version + 1, state = p.state, ev_from = 1, ev_attempt = j.attempt + 1, attempt = j.attempt + 1,
      updated_at = greatest(t.now, j.updated_at), started_at = case when p.state = 3 then greatest(t.now, j.updated_at) end, token = p.token,
      fence = j.version + 1, worker = p.worker, lease_until = t.now + p.lease_ms, tx = greatest(t.xid, j.tx),
      key = case when j.key_until = 1 then null else j.key end
    from q p, t where j.id = any(array(select id from q)) and j.id = p.id and j.version = p.version
    returning ${wholeOf('j')}, j.tx, p.e_type, p.e_actor, p.e_detail, p.frees),
  ch as (insert into stint.held(until, ids) select min(lease_until), array_agg(id) from c group by token),
  ck as (delete from stint.live_key where ctid = any(array(select k.rc from c, lateral (select k.ctid as rc from stint.live_key k
      where k.queue = c.queue and k.key = c.frees and k.id = c.id limit 1) k where c.frees is not null)))`
  return {
    name,
    columns,
    text,
    events: `select tx, updated_at, version, attempt, fence, 1::smallint, state, id, e_type, worker, e_actor, e_detail from c`,
    counts: 'select -1 as n, 1::smallint as state, queue from c union all select 1, state, queue from c',
    facts: `(select count(*) from p)::int as locked, (${seen})::int as seen,
    case when (select count(*) from p) < ${wanted} then (${nextOf(line, '(select now from t)')})::float8 end as next`,
  }
}

interface Kind {
  readonly name: string
  readonly bucket: number
  readonly isOneType: boolean
  readonly isOne: boolean
  readonly first: number
  readonly behind: string
}
const made = new Map<string, Take>()

/** `first`: the number of its first parameter, which is greater where a settle stands before it. */
export function takeOf(
  wanted: number,
  types: readonly string[] | undefined,
  isOne: boolean,
  first: number,
  isBehind: boolean,
): Take {
  const bucket = BUCKETS.find((one) => one >= wanted) ?? 500
  const isOneType = types?.length === 1
  const name = `${bucket} ${isOneType} ${isOne} ${first} ${isBehind}`
  let take = made.get(name)
  if (take === undefined) {
    const behind = isBehind ? ' and (select count(*) from s) >= 0' : ''
    made.set(name, (take = takeFor({ name, bucket, isOneType, isOne, first, behind })))
  }
  return take
}
