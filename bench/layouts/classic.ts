import { commonTables, type Layout, recordOf } from './layout.ts'

/**
 * One table, and all that finds jobs as partial indexes on it: no second table can be behind. But each change of state touches an index, so no
 * update is HOT, and every one writes every index anew.
 */
export const classic = ({ fillfactor = 100 }: { readonly fillfactor?: number } = {}): Layout => ({
  tables: `${commonTables('btree')};
create table job(run_at bigint not null, created_at bigint not null, updated_at bigint not null, started_at bigint, finished_at bigint,
  lease_until bigint, tx bigint not null, version int not null, attempt int not null, max_attempts int not null, fence int, ev_attempt int not null,
  priority smallint not null, state smallint not null, ev_from smallint, key_until smallint not null, id text collate "C" primary key,
  queue text collate "C" not null, type text collate "C" not null, key text collate "C", grp text, tags text[], worker text, token text collate "C",
  progress text, error text, ext text, payload text, result text, checkpoint text, log text)
  with (fillfactor = ${fillfactor}, toast_tuple_target = 512, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
create index job_ready on job(queue, type, priority desc, run_at, id) where state = 1;
create index job_held on job(lease_until, id) where state between 2 and 3;
create index job_ended on job(state, finished_at, id) where state >= 4;
create unique index job_key on job(queue, key) where key is not null and state < 4`,
  insert: `n as (insert into job(id, queue, type, payload, priority, run_at, max_attempts, key, key_until, state, version, attempt, ev_attempt,
      created_at, updated_at, tx)
    select u.id, u.queue, u.type, u.payload, u.priority, t.now + u.run, u.max_attempts, u.key, 0, 1, 1, 0, 0, t.now, t.now, t.xid
    from u, t on conflict do nothing returning id, queue)`,
  settle: `s as (update job j set version = j.version + 1, state = u.state, ev_from = j.state, ev_attempt = j.attempt,
      updated_at = greatest(t.now, j.updated_at), finished_at = case when u.state >= 4 then greatest(t.now, j.updated_at) end, token = null,
      tx = greatest(t.xid, j.tx)
    from u, t where j.id = any($1::text[]) and j.id = u.id and j.token = u.token
    returning j.id, j.queue, j.version, j.tx, j.updated_at as at, j.state, j.ev_from, j.ev_attempt, j.fence, j.worker)`,
  line: 'job r where r.state = 1',
  // Without another word on the state, which `p` has locked: on an empty table the planner would take it for a reason to walk all of job_ready.
  take: `c as (update job j set version = j.version + 1, state = 3, ev_from = 1, ev_attempt = j.attempt + 1, attempt = j.attempt + 1,
      updated_at = greatest(t.now, j.updated_at), started_at = greatest(t.now, j.updated_at), token = $6, fence = j.version + 1, worker = $7,
      lease_until = t.now + $8, tx = greatest(t.xid, j.tx)
    from t where j.ctid = any(array(select rc from p))
    returning ${recordOf('j')}, j.tx)`,
  leases: 'job',
  all: 'select id, state, version from job',
  small: [],
  regroup: null,
})
