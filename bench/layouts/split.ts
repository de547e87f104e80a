import { commonTables, FREE_KEYS, KEY_IS_OURS, type Layout, TAKE_KEYS } from './layout.ts'

/** What a job takes along from table to table. */
const ALONG = `id text collate "C" primary key, queue text collate "C" not null, type text collate "C" not null, key text collate "C",
  priority smallint not null, run_at bigint not null, version int not null, attempt int not null, max_attempts int not null, fence int, tx bigint not null,
  at bigint not null, started_at bigint, worker text, progress text, error text, checkpoint text, log text`
const NAMES =
  'id, queue, type, key, priority, run_at, version, attempt, max_attempts, fence, tx, at, started_at, worker, progress, error, checkpoint, log'
const SMALL =
  'autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off, toast_tuple_target = 512'

/**
 * What never changes stands in `job`, and the rest of a job moves: it is in exactly one of `ready`, `held`, `done`, in every snapshot. Nothing is
 * updated. A statement that waited for a row sees it gone and finds the job nowhere, so it is safe only as long as a refusal has to show a
 * record on which the guard fails (GUARD-2): else the job moved meanwhile, and the change is tried again.
 */
export const split = (): Layout => ({
  tables: `${commonTables('btree')};
create table job(id text collate "C" primary key, key_until smallint not null, created_at bigint not null, grp text, tags text[], ext text, payload text)
  with (toast_tuple_target = 512);
create table ready(${ALONG}) with (${SMALL});
create index ready_walk on ready(queue, type, priority desc, run_at, id);
create table held(${ALONG}, state smallint not null, token text collate "C" not null, lease_until bigint not null) with (fillfactor = 50, ${SMALL});
create table done(${ALONG}, state smallint not null, result text) with (toast_tuple_target = 512);
create index done_walk on done(state, at, id)`,
  insert: `${TAKE_KEYS},
  j as (insert into job(id, key_until, created_at, payload) select u.id, 0, t.now, u.payload from u, t where ${KEY_IS_OURS}
    on conflict (id) do nothing returning id),
  n as (insert into ready(${NAMES})
    select u.id, u.queue, u.type, u.key, u.priority, t.now + u.run, 1, 0, u.max_attempts, null, t.xid, t.now, null, null, null, null, null, null
    from u, t where u.id in (select id from j)
    returning id, queue)`,
  settle: `s as (delete from held h using u, t where h.id = any($1::text[]) and h.id = u.id and h.token = u.token
    returning h.id, h.queue, h.type, h.key, h.priority, h.run_at, h.version + 1 as version, h.attempt, h.max_attempts, h.fence,
      greatest(t.xid, h.tx) as tx, greatest(t.now, h.at) as at, h.started_at, h.worker, h.progress, h.error, h.checkpoint, h.log,
      u.state, h.state as ev_from, h.attempt as ev_attempt),
  sr as (insert into ready(${NAMES}) select ${NAMES} from s where state = 1),
  se as (insert into done(${NAMES}, state) select ${NAMES}, state from s where state >= 4),
  ${FREE_KEYS}`,
  line: 'ready r where true',
  take: `x as (delete from ready r using t where r.ctid = any(array(select rc from p))
    returning r.*, greatest(t.now, r.at) as moved_at, greatest(t.xid, r.tx) as moved_tx, t.now + $8 as until),
  h as (insert into held(${NAMES}, state, token, lease_until)
    select id, queue, type, key, priority, run_at, version + 1, attempt + 1, max_attempts, version + 1, moved_tx, moved_at, moved_at, $7, progress, error,
      checkpoint, log, 3, $6, until from x
    returning *),
  c as (select h.id, h.queue, h.type, h.state, h.version, h.priority, h.run_at, h.attempt, h.max_attempts, h.key, j.key_until, j.grp, j.tags,
      j.created_at, h.at as updated_at, h.started_at, null::bigint as finished_at, h.token, h.fence, h.worker, h.lease_until, h.progress, h.error, j.ext,
      j.payload, null::text as result, h.checkpoint, h.log, h.tx
    from h, job j where j.id = any(array(select id from p)) and j.id = h.id)`,
  leases: 'held',
  all: 'select id, 1 as state, version from ready union all select id, state, version from held union all select id, state, version from done',
  small: ['ready', 'held'],
  regroup: null,
})
