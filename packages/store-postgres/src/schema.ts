import type { Session } from './commands/session.js'
import { incompatible, LATE } from './failures.js'

/**
 * The tables. Reasons for their shape:
 * - A job is one row, which is the truth and never moves. It has no index but its primary key, so every update is HOT; with 30 % filled pages
 *   that holds for two connections at once. All that is searched by stands in small tables beside it, which may be behind, never wrong: who
 *   meets a row of theirs that is not true drops it.
 * - `ready_walk` is not unique: a stale row may stand beside the true one until a claim meets it.
 * - `held` has one row a claim, its `until` never later than a lease end of its ids. Settles and beats leave it alone; the sweep regroups.
 * - `event_feed` is a btree: a BRIN index degrades to a scan once the pages of removed events are used again.
 * - `count_delta` is only inserted into, so counting cannot deadlock; the sweep folds it into `count`.
 * - Bodies of more than half a kilobyte go out of the row, where an update of the job does not touch them.
 *
 * A block that names a table stands in single quotes: a schema may have `$$` in its name, never a quote.
 */
const FIRST = `
create table stint.job(
  run_at bigint not null, created_at bigint not null, updated_at bigint not null, started_at bigint, finished_at bigint, lease_until bigint,
  tx bigint not null, version int not null, attempt int not null, max_attempts int not null, fence int, ev_attempt int not null, ev_until bigint,
  priority smallint not null, state smallint not null, ev_from smallint, key_until smallint not null,
  id text collate "C" primary key, queue text collate "C" not null, type text collate "C" not null, key text collate "C", grp text, tags text[],
  worker text, token text collate "C", progress text, error text, ext text, payload text, result text, checkpoint text, log text)
  with (fillfactor = 30, toast_tuple_target = 512, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
create table stint.ready(
  run_at bigint not null, version int not null, priority smallint not null,
  queue text collate "C" not null, type text collate "C" not null, id text collate "C" not null,
  frees text collate "C")
  with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
create index ready_walk on stint.ready(queue, type, priority desc, run_at, id);
create table stint.held(until bigint not null, ids text[] not null)
  with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index held_until on stint.held(until);
create table stint.ended(finished_at bigint not null, state smallint not null, id text collate "C" not null);
create index ended_walk on stint.ended(state, finished_at, id);
create table stint.live_key(queue text collate "C", key text collate "C", id text collate "C" not null, primary key(queue, key));
create table stint.event(
  tx bigint not null, at bigint not null, seq int not null, attempt int not null, fence int, from_state smallint, to_state smallint not null,
  job_id text collate "C" not null, type text not null, worker text, actor text, detail text, primary key(job_id, seq))
  with (autovacuum_vacuum_insert_scale_factor = 0.1);
create index event_feed on stint.event(tx);
create table stint.count(queue text collate "C", state smallint, n bigint not null, primary key(queue, state));
create table stint.count_delta(n int not null, state smallint not null, queue text collate "C" not null)
  with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create table stint.setting(
  kind text collate "C", name text collate "C", value text not null, version int not null, updated_at bigint not null, primary key(kind, name));
create unlogged table stint.sleeper(id text collate "C" primary key, until timestamptz not null);

do 'begin
  if exists (select from pg_settings where name = ''default_toast_compression'' and ''lz4'' = any(enumvals)) then
    alter table stint.job alter payload set compression lz4, alter result set compression lz4, alter checkpoint set compression lz4,
      alter log set compression lz4, alter ext set compression lz4, alter error set compression lz4, alter progress set compression lz4;
  end if;
end';

create function stint.must_be_by(instant bigint) returns boolean language plpgsql volatile as $$ begin
  if extract(epoch from clock_timestamp()) * 1000 > instant then
    raise exception 'a write of Stint came to its end behind its deadline' using errcode = '${LATE}';
  end if;
  return true;
end $$;
create function stint.refuse() returns trigger language plpgsql as $$ begin
  raise exception '%', tg_argv[0] using errcode = 'integrity_constraint_violation';
end $$;
create trigger event_unchanged before update on stint.event for each statement
  execute function stint.refuse('an audit event is never changed');
create trigger event_kept before truncate on stint.event for each statement
  execute function stint.refuse('an audit event goes only with its job');

create function stint.state_name(state smallint) returns text language sql immutable parallel safe as $$
  select (array['waiting', 'queued', 'leased', 'running', 'succeeded', 'failed', 'dead', 'cancelled'])[state + 1] $$;
create function stint.instant(ms bigint) returns timestamptz language sql immutable parallel safe as $$
  select to_timestamp(ms / 1000.0) $$;
create view stint.job_view as select
  id, queue, type, stint.state_name(state) as state, priority, attempt, max_attempts, stint.instant(run_at) as run_at,
  stint.instant(created_at) as created_at, stint.instant(started_at) as started_at, stint.instant(finished_at) as finished_at,
  stint.instant(updated_at) as updated_at, case when token is not null then worker end as worker,
  case when token is not null then stint.instant(lease_until) end as lease_until,
  key as unique_key, tags, payload, result, error, progress, version from stint.job;
create view stint.event_view as select
  job_id, seq, type, stint.instant(at) as at, stint.state_name(from_state) as from_state, stint.state_name(to_state) as to_state,
  attempt, worker, actor, detail from stint.event;

comment on table stint.job is 'Jobs of Stint, the truth about each. Read job_view; write through the library only: events, counts and indexes go with each change.';
comment on view stint.job_view is 'Jobs as people think of them. payload, result, error and progress are JSON texts: payload::jsonb where the text allows it.';
comment on view stint.event_view is 'What happened to each job, in the order of seq. from_state is null at the first.';
comment on table stint.event is 'One row for each accepted change of a job, written with it, never changed, removed only with the job.';
comment on table stint.ready is 'Index of queued jobs in claim order. A row whose version is not that of its job is stale.';
comment on table stint.held is 'Index of leases, a row for each claim; until is never later than the first end of its leases.';
comment on table stint.ended is 'Index of finished jobs.';
comment on table stint.live_key is 'Holders of unique keys, true while the job is not over and has that key.';
comment on table stint.count is 'Jobs by queue and state, to be added to count_delta.';
comment on table stint.count_delta is 'Changes of counts that are not folded into count yet.';
comment on table stint.setting is 'Pauses (kind paused), settings of queues (kind queue), schedules, workers: JSON texts.';
comment on table stint.sleeper is 'Who wants to be woken by NOTIFY, until when.';
comment on column stint.job.state is '0 waiting, 1 queued, 2 leased, 3 running, 4 succeeded, 5 failed, 6 dead, 7 cancelled';
comment on column stint.job.version is 'The number of the job''s events, which is the seq of the last.';
comment on column stint.job.run_at is 'Milliseconds since 1970, as all instants here.';
comment on column stint.job.token is 'Proof of the lease in force; null: nobody has one, and fence, worker and lease_until tell of the last.';
comment on column stint.job.tx is 'Where the last event of the job stands in the feed.';
comment on column stint.job.ev_from is 'The state that the last change left, for its event.';
comment on column stint.ready.frees is 'The unique key that the claim of the job frees.';
comment on column stint.job.ev_until is 'The lease end that the last beat found: held needs a row when a lease ends sooner than it did.';
comment on column stint.job.ev_attempt is 'The attempt that the last change found, for its event.';
`

/** Step i brings a schema from version i to i + 1. Never edit one that was released; add one. */
export const STEPS: readonly string[] = [FIRST]

const META = `
create table if not exists stint.meta(
  one boolean primary key default true check (one), version int not null, tx_offset bigint not null);
comment on table stint.meta is 'Version of these tables; tx_offset is added to transaction ids, which begin low again in a restored dump.';
`

interface Found {
  readonly version: number
  /** How far the feed's keys stand above the transaction ids that are to come; above 0 only in a restored dump. */
  readonly ahead: number | string
}
const FOUND = `select m.version, coalesce((select max(tx) from stint.event) - m.tx_offset, 0)
  - pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1 as ahead from stint.meta m`

/** Opening a catalog makes a session hear what others have just made; `to_regclass` alone answers by what it remembers from before it waited. */
const IS_THERE = "select to_regclass('stint.meta') is not null as there from pg_class limit 1"

/**
 * Whether there is nothing to do, so that a process of the same release needs no lock and no right to make tables. Throws when the tables are
 * newer than this package.
 */
export async function isMigrated(session: Session, steps: readonly string[] = STEPS): Promise<boolean> {
  if ((await session.value<boolean>(IS_THERE)) !== true) return false
  const [found] = await session.rows<Pick<Found, 'version'>>('select version from stint.meta')
  const version = found?.version ?? 0
  if (version > steps.length) {
    throw incompatible(
      `The tables in Postgres were made by a newer @stint/store-postgres: they have version ${version}, this one knows ${steps.length}. Update the package in this program; nothing was changed.`,
      `schema ${version}`,
      `schema ${steps.length} or older`,
    )
  }
  if (version < steps.length) return false
  const [now] = await session.rows<Found>(FOUND)
  return Number(now?.ahead ?? 0) <= 0
}

/** Brings the schema to the newest version. Runs inside a transaction; of many processes on an empty place one makes the tables and the others find them. */
export async function migrate(session: Session, schema: string, steps: readonly string[] = STEPS): Promise<void> {
  await session.run('select pg_advisory_xact_lock(hashtextextended($1, 0))', `stint ${schema}`)
  if (await isMigrated(session, steps)) return
  await session.exec(`create schema if not exists "${schema}"`)
  await session.exec(META)
  await session.run('insert into stint.meta values (true, 0, 0) on conflict do nothing')
  const [found] = await session.rows<Pick<Found, 'version'>>('select version from stint.meta')
  for (const step of steps.slice(found?.version ?? 0)) await session.exec(step)
  await session.run('update stint.meta set version = $1', steps.length)
  const [now] = await session.rows<Found>(FOUND)
  const ahead = Number(now?.ahead ?? 0)
  if (ahead > 0) await session.run('update stint.meta set tx_offset = tx_offset + $1', ahead)
}

const SERVER = `select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
  current_setting('synchronous_commit') as commits, current_setting('fsync') as fsync, current_setting('full_page_writes') as pages,
  pg_is_in_recovery() as is_standby, current_setting('transaction_read_only') as read_only, current_setting('enable_nestloop') as nestloop`

interface Server {
  readonly version: number
  readonly encoding: string
  readonly commits: string
  readonly fsync: string
  readonly pages: string
  readonly is_standby: boolean
  readonly read_only: string
  readonly nestloop: string
}

/** Refuses a server that cannot keep what the store promises (OPEN-3). `isOurs`: the session was begun with our settings. */
export async function checkServer(session: Session, isOurs: boolean): Promise<void> {
  const [found] = await session.rows<Server>(SERVER)
  if (found === undefined) throw incompatible('Postgres told nothing about itself.', 'nothing', 'its settings')
  const { version, encoding, commits, fsync, pages, is_standby, read_only, nestloop } = found
  const no = (is: boolean, name: string, value: string, expected: string, what: string): void => {
    if (is)
      throw incompatible(
        `${what} (${name} is ${value}, expected ${expected}.)`,
        `${name} ${value}`,
        `${name} ${expected}`,
      )
  }
  no(
    version < 150_000,
    'server_version_num',
    String(version),
    '150000 or more',
    'This server is too old: Stint needs PostgreSQL 15 or newer.',
  )
  no(
    encoding !== 'UTF8',
    'server_encoding',
    encoding,
    'UTF8',
    'This database cannot store every text. Make one with ENCODING UTF8.',
  )
  no(is_standby, 'pg_is_in_recovery', 'true', 'false', 'This server is a standby. Connect to the primary.')
  no(
    read_only === 'on',
    'transaction_read_only',
    'on',
    'off',
    'This connection may only read. Look at default_transaction_read_only.',
  )
  no(
    isOurs && nestloop === 'on',
    'enable_nestloop',
    'on',
    'off',
    'A pooler stands between that drops the settings of a session, and would mix up prepared statements too. Use prepared: false.',
  )
  no(
    commits === 'off',
    'synchronous_commit',
    'off',
    'on',
    'Acknowledged jobs could be lost in a crash. Set synchronous_commit = on for this role or database.',
  )
  no(
    fsync === 'off',
    'fsync',
    'off',
    'on',
    'Acknowledged jobs could be lost with the power. Set fsync = on in postgresql.conf.',
  )
  no(
    pages === 'off',
    'full_page_writes',
    'off',
    'on',
    'A power loss could damage the tables. Set full_page_writes = on in postgresql.conf.',
  )
}
