import { StintError } from '@stint/core'
import type { Session } from './commands/session.js'

/**
 * The tables. Reasons for their shape:
 * - `n` numbers jobs, and events refer to it: less CPU and a quarter less space than repeating the id. It is named, because VACUUM renumbers hidden row numbers.
 * - The bodies stand last, so a row is judged without reading the pages that a large payload spills to.
 * - Each index is partial: a job costs what its state needs, and finished jobs are in nobody's way.
 * - All have names, and statements that range over one name it (`indexed by`): an ANALYZE of the user's, taken while the tables were small, would
 *   otherwise make SQLite read them whole for ever.
 * - `pos` is an AUTOINCREMENT: a feed position is never given twice, not even after its event was removed.
 * - The triggers keep a stray statement in somebody's console from falsifying the audit trail.
 */
const FIRST = `
create table stint_job(
  n integer primary key, id text not null, queue text not null, type text not null,
  state integer not null, version integer not null, priority integer not null, run_at integer not null,
  attempt integer not null, max_attempts integer not null, key text, key_until integer not null, grp text, tags text,
  created_at integer not null, updated_at integer not null, started_at integer, finished_at integer,
  token text, fence integer, worker text, lease_until integer, progress text, error text, ext text,
  result text, checkpoint text, log text, payload text) strict;
create unique index stint_job_id on stint_job(id);
create index stint_job_ready on stint_job(queue, type, priority desc, run_at, id) where state = 1;
create index stint_job_lease on stint_job(lease_until, id) where token is not null;
create index stint_job_ended on stint_job(state, finished_at, id) where state >= 4;
create unique index stint_job_key on stint_job(queue, key) where key is not null and state < 4;
create table stint_event(
  pos integer primary key autoincrement, job integer not null, seq integer not null, at integer not null, type text not null,
  from_state integer, to_state integer not null, attempt integer not null, fence integer, worker text, actor text, detail text) strict;
create unique index stint_event_job on stint_event(job, seq);
create table stint_count(queue text not null, state integer not null, n integer not null, primary key(queue, state)) strict, without rowid;
create table stint_setting(
  kind text not null, name text not null, value text not null, version integer not null, updated_at integer not null,
  primary key(kind, name)) strict, without rowid;
create trigger stint_event_unchanged before update on stint_event begin
  select raise(abort, 'an audit event is never changed'); end;
create trigger stint_event_kept before delete on stint_event when exists (select 1 from stint_job where n = old.job) begin
  select raise(abort, 'an audit event goes only with its job'); end;
create trigger stint_event_true before insert on stint_event
  when not exists (select 1 from stint_job where n = new.job and version >= new.seq) begin
  select raise(abort, 'an audit event tells of a change that was made'); end;
create trigger stint_job_kept before delete on stint_job when old.state < 4 begin
  select raise(abort, 'a job that is not over is never removed'); end;
create trigger stint_job_told before update of state on stint_job when new.version <= old.version begin
  select raise(abort, 'a job changes its state only together with an audit event'); end;
`

/** Step i brings a file from version i to i + 1. Never edit one that was released; add one. */
export const STEPS: readonly string[] = [FIRST]

/**
 * Brings the file to the newest version. Runs inside a write transaction, so of many processes that open an empty file one makes the tables
 * and the others find them. The version stands in a table of ours: `user_version` belongs to the user's own schema in the same file.
 */
export function migrate(session: Session, now: number, steps: readonly string[] = STEPS): void {
  session.exec(
    'create table if not exists stint_meta(name text primary key, value integer not null) strict, without rowid',
  )
  const found = session.value<number>("select value from stint_meta where name = 'schema'") ?? 0
  if (found > steps.length) {
    throw new StintError(
      'STORE_INCOMPATIBLE',
      `The SQLite file was written by a newer @stint/store-sqlite: it has schema ${found}, this version knows ${steps.length}. Update the package in this program; nothing was changed.`,
      { store: 'sqlite', found: `schema ${found}`, expected: `schema ${steps.length} or older` },
    )
  }
  for (const step of steps.slice(found)) session.exec(step)
  session.run(
    "insert into stint_meta values ('schema', ?) on conflict do update set value = excluded.value",
    steps.length,
  )
  // Always a write, also when nothing was to migrate: what the engine really syncs can be read back only after one.
  session.run("insert into stint_meta values ('opened', ?) on conflict do update set value = value + 1", now)
}
