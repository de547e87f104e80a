/**
 * What every layout has in common, so that only the tables of jobs differ: one clock and one feed key a statement, an event for each accepted
 * change, counts that are only added to, keys, and the walk of the line by bands.
 */

/** A layout as data. Its tables are found by the search path, and each CTE may read those before it. */
export interface Layout {
  /** What holds jobs, and what finds them. The tables of `COMMON` are there. */
  readonly tables: string
  /** Behind `t` and `u` (id, queue, type, payload, priority, run, max_attempts, key). CTE `n(id, queue)`: those that are new. */
  readonly insert: string
  /**
   * Behind `t` and `u` (id, token, state). CTE `s(id, queue, version, tx, at, state, ev_from, ev_attempt, fence, worker)`: those whose token was in
   * force. State 1 puts a job back in line, 4 and above end it.
   */
  readonly settle: string
  /** Where queued jobs are walked: a table with the alias `r`, and a condition. */
  readonly line: string
  /** Behind `p` (rc, id, version, priority, run_at), which is locked. CTE `c`: the columns of `RECORD`, and `tx`. */
  readonly take: string
  /** Where leases stand, for a beat: a table with `id`, `token`, `lease_until`. */
  readonly leases: string
  /** All jobs, wherever they stand: `id, state, version`. */
  readonly all: string
  /** The small tables whose dead rows stand in the way of a claim. */
  readonly small: readonly string[]
  /** Before each sweep of leases. */
  readonly regroup: string | null
}

/** On each connection. */
export const PINS = `set enable_seqscan = off; set enable_nestloop = off; set enable_mergejoin = off; set enable_bitmapscan = off; set jit = off;
  set plan_cache_mode = force_generic_plan`

export const commonTables = (feed: 'btree' | 'brin'): string => `
create table event(tx bigint not null, at bigint not null, seq int not null, attempt int not null, fence int, from_state smallint,
  to_state smallint not null, job_id text collate "C" not null, type text not null, worker text, actor text, detail text, primary key(job_id, seq))
  with (autovacuum_vacuum_insert_scale_factor = 0.1);
create index event_feed on event using ${feed} (tx);
create table count(queue text collate "C", state smallint, n bigint not null, primary key(queue, state));
create table count_delta(n int not null, state smallint not null, queue text collate "C" not null)
  with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create table live_key(queue text collate "C", key text collate "C", id text collate "C" not null, primary key(queue, key));
create table setting(kind text collate "C", name text collate "C", value text not null, primary key(kind, name));
create table meta(tx_offset bigint not null);
insert into meta values (0)`

const NAMES =
  'id queue type state version priority run_at attempt max_attempts key key_until grp tags created_at updated_at started_at finished_at token fence worker lease_until progress error ext payload result checkpoint log'.split(
    ' ',
  )
/** What a claim answers with. */
export const RECORD = NAMES.join(', ')
export const recordOf = (alias: string): string => NAMES.map((name) => `${alias}.${name}`).join(', ')

const NOW = `t as materialized (select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now,
    pg_current_xact_id()::text::bigint + tx_offset as xid from meta)`

/** Takes unique keys, for layouts that keep them in a table. */
export const TAKE_KEYS = `k as (insert into live_key(queue, key, id) select queue, key, id from u where key is not null order by queue, key
    on conflict do nothing returning id)`
export const KEY_IS_OURS = '(u.key is null or u.id in (select id from k))'
/** Frees the keys of the jobs that `s` ended. */
export const FREE_KEYS = `sk as (delete from live_key where ctid = any(array(select k.rc from s, lateral (select k.ctid as rc from live_key k
      where k.queue = s.queue and k.key = s.key and k.id = s.id limit 1) k where s.key is not null and s.state >= 4)))`

/** $1 ids, $2 queues, $3 types, $4 payloads, $5 priorities, $6 delays, $7 attempts, $8 keys; sorted by id. Answers how many are new. */
export const enqueueOf = ({ insert }: Layout): string => `with ${NOW},
  u as materialized (select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::bigint[], $7::int[], $8::text[])
    as u(id, queue, type, payload, priority, run, max_attempts, key)),
  ${insert},
  e as (insert into event(tx, at, seq, attempt, to_state, job_id, type) select t.xid, t.now, 1, 0, 1, n.id, 'enqueued' from n, t),
  ct as (insert into count_delta(n, state, queue) select count(*), 1, queue from n group by queue)
select count(*)::int as done from n`

/**
 * Settles and claims in one statement. $1 ids, $2 tokens, $3 states, sorted by id; $4 queue, $5 type, $6 token, $7 worker, $8 lease. `most` is a
 * literal: behind a parameter the planner reckons with a tenth of all. Answers with what was taken, and how many were settled.
 */
export const exchangeOf = ({ settle, line, take }: Layout, most: number): string => `with recursive ${NOW},
  u as materialized (select * from unnest($1::text[], $2::text[], $3::smallint[]) as u(id, token, state)),
  ${settle},
  b(pr) as ((select r.priority from ${line} and r.queue = $4 and r.type = $5 order by r.priority desc limit 1)
    union all
    select (select r.priority from ${line} and r.queue = $4 and r.type = $5 and r.priority < b.pr order by r.priority desc limit 1)
    from b where b.pr is not null),
  p as materialized (select l.* from (select pr from b where pr is not null and (select count(*) from s) >= 0) b, lateral (
      select r.ctid as rc, r.id, r.version, r.priority, r.run_at from ${line} and r.queue = $4 and r.type = $5 and r.priority = b.pr
        and r.run_at <= (select now from t)
      order by r.run_at, r.id limit ${most} for update skip locked) l
    where not exists (select from setting where kind = 'paused' and name = $4) limit ${most}),
  ${take},
  e as (insert into event(tx, at, seq, attempt, fence, from_state, to_state, job_id, type, worker)
    select tx, at, version, ev_attempt, fence, ev_from, state, id, 'settled', worker from s
    union all select tx, updated_at, version, attempt, fence, 1, state, id, 'leased', worker from c),
  ct as (insert into count_delta(n, state, queue) select sum(n), state, queue from (
      select -1 as n, ev_from as state, queue from s union all select 1, state, queue from s
      union all select -1, 1::smallint, queue from c union all select 1, state, queue from c) d group by state, queue having sum(n) <> 0)
select (select count(*) from s)::int as settled, ${RECORD} from (values (1)) one left join c on true`

/** Leases go on. $1 ids and $2 tokens, sorted by id, $3 lease. Answers whose. */
export const beatOf = ({ leases }: Layout): string => `with ${NOW},
  u as materialized (select * from unnest($1::text[], $2::text[]) as u(id, token))
update ${leases} j set lease_until = t.now + $3 from u, t where j.id = any($1::text[]) and j.id = u.id and j.token = u.token returning j.id`

export const FOLD = `with d as (delete from count_delta returning queue, state, n)
insert into count as c (queue, state, n) select queue, state, sum(n) from d group by queue, state
  on conflict (queue, state) do update set n = c.n + excluded.n`
