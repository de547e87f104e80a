import { commonTables, FREE_KEYS, KEY_IS_OURS, type Layout, recordOf, TAKE_KEYS } from './layout.ts'

export interface OneRow {
  /** How full, in percent, the pages of jobs are at first: the rest is for later versions of their rows. */
  readonly fillfactor?: number
  readonly feed?: 'btree' | 'brin'
  /** One row of `held` for all jobs of a claim, which a settle leaves alone, or one for each job, which it deletes. */
  readonly held?: 'claim' | 'job'
  /** Whether a claim locks the jobs before it updates them, so that it waits for nobody. */
  readonly locksFirst?: boolean
}

const IS_TRUE = 'j.version = p.version and j.state = 1 and j.run_at = p.run_at and j.priority = p.priority'

/** What the claim takes of `p`, as CTE `q`: the jobs that are as their rows in the line say. Stale rows of the line go. */
const LOCKED = `q as materialized (select p.* from job j, p where j.id = any(array(select id from p)) and j.id = p.id and ${IS_TRUE}
    order by j.id for update of j skip locked),
  g as materialized (select p.rc from p where (select count(*) from q) < (select count(*) from p) and p.rc <> all(array(
    select p.rc from job j, p where j.id = any(array(select id from p)) and j.id = p.id and ${IS_TRUE}))),
  x as (delete from ready where ctid = any(array(select rc from q union all select rc from g)))`
const NOT_LOCKED = `q as materialized (select * from p order by id),
  x as (delete from ready where ctid = any(array(select rc from p)))`

/** The store as built: the job's row is the truth and never moves, has no index but its key, and small tables beside it find jobs. */
export function oneRow({ fillfactor = 30, feed = 'btree', held = 'claim', locksFirst = true }: OneRow = {}): Layout {
  const isPerClaim = held === 'claim'
  return {
    tables: `${commonTables(feed)};
create table job(run_at bigint not null, created_at bigint not null, updated_at bigint not null, started_at bigint, finished_at bigint,
  lease_until bigint, tx bigint not null, version int not null, attempt int not null, max_attempts int not null, fence int, ev_attempt int not null,
  priority smallint not null, state smallint not null, ev_from smallint, key_until smallint not null, id text collate "C" primary key,
  queue text collate "C" not null, type text collate "C" not null, key text collate "C", grp text, tags text[], worker text, token text collate "C",
  progress text, error text, ext text, payload text, result text, checkpoint text, log text)
  with (fillfactor = ${fillfactor}, toast_tuple_target = 512, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
create table ready(run_at bigint not null, version int not null, priority smallint not null, queue text collate "C" not null,
  type text collate "C" not null, id text collate "C" not null)
  with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
create index ready_walk on ready(queue, type, priority desc, run_at, id);
create table held(until bigint not null, ${isPerClaim ? 'ids text[] not null' : 'id text collate "C" primary key'})
  with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index held_until on held(until);
create table ended(finished_at bigint not null, state smallint not null, id text collate "C" not null);
create index ended_walk on ended(state, finished_at, id)`,
    insert: `${TAKE_KEYS},
  n as (insert into job(id, queue, type, payload, priority, run_at, max_attempts, key, key_until, state, version, attempt, ev_attempt, created_at,
      updated_at, tx)
    select u.id, u.queue, u.type, u.payload, u.priority, t.now + u.run, u.max_attempts, u.key, 0, 1, 1, 0, 0, t.now, t.now, t.xid
    from u, t where ${KEY_IS_OURS} on conflict (id) do nothing returning id, queue, type, priority, run_at),
  r as (insert into ready(run_at, version, priority, queue, type, id) select run_at, 1, priority, queue, type, id from n)`,
    settle: `s as (update job j set version = j.version + 1, state = u.state, ev_from = j.state, ev_attempt = j.attempt,
      updated_at = greatest(t.now, j.updated_at), finished_at = case when u.state >= 4 then greatest(t.now, j.updated_at) end, token = null,
      tx = greatest(t.xid, j.tx)
    from u, t where j.id = any($1::text[]) and j.id = u.id and j.token = u.token
    returning j.id, j.queue, j.type, j.priority, j.run_at, j.version, j.tx, j.updated_at as at, j.state, j.ev_from, j.ev_attempt, j.fence, j.worker, j.key),
  sr as (insert into ready(run_at, version, priority, queue, type, id) select run_at, version, priority, queue, type, id from s where state = 1),
  se as (insert into ended(finished_at, state, id) select at, state, id from s where state >= 4),
  ${isPerClaim ? '' : 'sh as (delete from held where ctid = any(array(select h.ctid from held h where h.id = any(array(select id from s))))),\n  '}${FREE_KEYS}`,
    line: 'ready r where true',
    take: `${locksFirst ? LOCKED : NOT_LOCKED},
  c as (update job j set version = j.version + 1, state = 3, ev_from = 1, ev_attempt = j.attempt + 1, attempt = j.attempt + 1,
      updated_at = greatest(t.now, j.updated_at), started_at = greatest(t.now, j.updated_at), token = $6, fence = j.version + 1, worker = $7,
      lease_until = t.now + $8, tx = greatest(t.xid, j.tx)
    from q p, t where j.id = any(array(select id from q)) and j.id = p.id and ${IS_TRUE}
    returning ${recordOf('j')}, j.tx),
  h as (insert into held(until, ${isPerClaim ? 'ids) select min(lease_until), array_agg(id) from c having count(*) > 0' : 'id) select lease_until, id from c'})`,
    leases: 'job',
    all: 'select id, state, version from job',
    small: ['ready', ...(isPerClaim ? [] : ['held'])],
    regroup: isPerClaim
      ? `with g as (delete from held where until <= (extract(epoch from clock_timestamp()) * 1000)::bigint returning ids),
  m as (select id, lease_until from job where id = any(array(select unnest(ids) from g)) and token is not null)
insert into held(until, ids) select min(lease_until), array_agg(id) from m group by lease_until / 5000`
      : null,
  }
}
