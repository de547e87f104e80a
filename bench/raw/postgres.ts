/**
 * The least that Postgres has to do for the contract, by one statement a call: one row a job, one row an event, the feed's index, counts, the line, the
 * leases by their end, the finished by their end. Without what a store adds to it: keys, settings of lanes, several types, hints, deadlines, refusals.
 */
import { newJobId } from '@stint/core'
import pg from 'pg'
import { LEASE_MS, type Loop, MAX_ATTEMPTS, newToken, PAYLOAD, PRIORITY, QUEUE, TYPE, WORKER } from '../loop.ts'

const TABLES = `
create schema bench_raw;
create table bench_raw.job(run_at bigint not null, created_at bigint not null, updated_at bigint not null, started_at bigint, finished_at bigint,
  lease_until bigint, tx bigint not null, version int not null, attempt int not null, max_attempts int not null, fence int, ev_attempt int not null,
  priority smallint not null, state smallint not null, ev_from smallint, key_until smallint not null, id text collate "C" primary key,
  queue text collate "C" not null, type text collate "C" not null, key text, grp text, tags text[], worker text, token text, progress text, error text,
  ext text, payload text, result text, checkpoint text, log text)
  with (fillfactor = 30, toast_tuple_target = 512, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
create table bench_raw.ready(run_at bigint not null, version int not null, priority smallint not null, queue text collate "C" not null,
  type text collate "C" not null, id text collate "C" not null)
  with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
create index on bench_raw.ready(queue, type, priority desc, run_at, id);
create table bench_raw.held(until bigint not null, ids text[] not null);
create table bench_raw.ended(finished_at bigint not null, state smallint not null, id text collate "C" not null);
create index on bench_raw.ended(state, finished_at, id);
create table bench_raw.event(tx bigint not null, at bigint not null, seq int not null, attempt int not null, fence int, from_state smallint,
  to_state smallint not null, job_id text collate "C" not null, type text not null, worker text, actor text, detail text, primary key(job_id, seq));
create index on bench_raw.event(tx);
create table bench_raw.count(queue text collate "C", state smallint, n bigint not null, primary key(queue, state));
create table bench_raw.count_delta(n int not null, state smallint not null, queue text collate "C" not null);
create table bench_raw.setting(kind text, name text, value text, primary key(kind, name));
create table bench_raw.meta(tx_offset bigint not null);
insert into bench_raw.meta values (0)`

const NOW = `t as materialized (select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now,
    pg_current_xact_id()::text::bigint + tx_offset as xid from bench_raw.meta)`

const ENQUEUE = `with ${NOW},
  u as materialized (select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::bigint[], $7::int[])
    as u(id, queue, type, payload, priority, run, max_attempts)),
  n as (insert into bench_raw.job(id, queue, type, payload, priority, run_at, max_attempts, state, version, attempt, ev_attempt, created_at, updated_at,
      tx, key_until)
    select u.id, u.queue, u.type, u.payload, u.priority, t.now + u.run, u.max_attempts, 1, 1, 0, 0, t.now, t.now, t.xid, 0 from u, t
    on conflict (id) do nothing returning id, queue, type, priority, run_at, version, tx, updated_at),
  r as (insert into bench_raw.ready(run_at, version, priority, queue, type, id) select run_at, version, priority, queue, type, id from n),
  e as (insert into bench_raw.event(tx, at, seq, attempt, to_state, job_id, type) select tx, updated_at, 1, 0, 1, id, 'enqueued' from n),
  k as (insert into bench_raw.count_delta(n, state, queue) select count(*), 1, queue from n group by queue)
select count(*)::int as done from n`

const RECORD = `id, queue, type, state, version, priority, run_at, attempt, max_attempts, key, key_until, grp, tags, created_at, updated_at, started_at,
  finished_at, token, fence, worker, lease_until, progress, error, ext, payload, result, checkpoint, log`
const ofJob = RECORD.replaceAll(/\w+/g, 'j.$&')

/** $1 ids, $2 tokens, $3 outcomes, $4 queue, $5 type, $6 token, $7 worker, $8 lease. The limit is a literal: with a parameter the planner reckons with all. */
const exchangeOf = (most: number): string => `with recursive ${NOW},
  u as materialized (select * from unnest($1::text[], $2::text[], $3::smallint[]) as u(id, token, state)),
  s as (update bench_raw.job j set version = j.version + 1, state = u.state, ev_from = j.state, ev_attempt = j.attempt,
      updated_at = greatest(t.now, j.updated_at), finished_at = greatest(t.now, j.updated_at), token = null, result = null, error = null,
      tx = greatest(t.xid, j.tx)
    from u, t where j.id = u.id and j.token = u.token
    returning j.id, j.queue, j.version, j.tx, j.updated_at, j.state, j.ev_from, j.ev_attempt, j.fence, j.worker),
  se as (insert into bench_raw.ended(finished_at, state, id) select updated_at, state, id from s),
  b(pr) as ((select r.priority from bench_raw.ready r where r.queue = $4 and r.type = $5 order by r.priority desc limit 1)
    union all select (select r.priority from bench_raw.ready r where r.queue = $4 and r.type = $5 and r.priority < b.pr order by r.priority desc limit 1)
    from b where b.pr is not null),
  p as materialized (select l.* from (select pr from b where pr is not null) b, lateral (
      select r.ctid as rc, r.id, r.version, r.priority, r.run_at from bench_raw.ready r
      where r.queue = $4 and r.type = $5 and r.priority = b.pr and r.run_at <= (select now from t)
      order by r.run_at, r.id limit ${most} for update skip locked) l
    where not exists (select from bench_raw.setting where kind = 'paused' and name = $4) limit ${most}),
  x as (delete from bench_raw.ready where ctid = any(array(select rc from p))),
  c as (update bench_raw.job j set version = j.version + 1, state = 3, ev_from = j.state, ev_attempt = j.attempt + 1, attempt = j.attempt + 1,
      updated_at = greatest(t.now, j.updated_at), started_at = greatest(t.now, j.updated_at), token = $6, fence = j.version + 1, worker = $7,
      lease_until = t.now + $8, tx = greatest(t.xid, j.tx), key = case when j.key_until = 1 then null else j.key end
    from (select * from p order by id) p, t
    where j.id = p.id and j.state = 1 and j.version = p.version and j.run_at = p.run_at and j.priority = p.priority
    returning ${ofJob}, j.tx),
  h as (insert into bench_raw.held(until, ids) select min(lease_until), array_agg(id) from c having count(*) > 0),
  e as (insert into bench_raw.event(tx, at, seq, attempt, fence, from_state, to_state, job_id, type, worker)
    select tx, updated_at, version, ev_attempt, fence, ev_from, state, id, 'succeeded', worker from s
    union all select tx, updated_at, version, attempt, fence, 1, state, id, 'leased', worker from c),
  k as (insert into bench_raw.count_delta(n, state, queue) select sum(n), state, queue from (
      select -1 as n, ev_from as state, queue from s union all select 1, state, queue from s
      union all select -1, 1::smallint, queue from c union all select 1, state, queue from c) d group by state, queue having sum(n) <> 0)
select (select count(*) from s)::int as settled, ${RECORD} from c`

const FOLD = `with d as (delete from bench_raw.count_delta returning queue, state, n)
insert into bench_raw.count as c (queue, state, n) select queue, state, sum(n) from d group by queue, state
  on conflict (queue, state) do update set n = c.n + excluded.n`
const REGROUP = 'delete from bench_raw.held where until <= (extract(epoch from clock_timestamp()) * 1000)::bigint'
const VACUUM = 'vacuum (truncate off, index_cleanup on) bench_raw.ready'

/** A plan that was made while the tables were small, and is kept, would scan them for ever. Enqueue needs its hash join. */
const PIN = 'set enable_seqscan = off; set jit = off'
const PIN_CLAIMS = `${PIN}; set enable_hashjoin = off; set enable_mergejoin = off`

export class PostgresRaw implements Loop {
  readonly #producer: pg.Client
  readonly #worker: pg.Client
  readonly #in: (text: string) => string
  readonly #enqueue: string
  readonly #exchanges = new Map<number, string>()
  #held: readonly { readonly id: string; readonly token: string }[] = []

  private constructor(producer: pg.Client, worker: pg.Client, schema: string) {
    this.#in = (text) => text.replaceAll('bench_raw', schema)
    this.#enqueue = this.#in(ENQUEUE)
    this.#producer = producer
    this.#worker = worker
  }

  static async open(connectionString: string, schema: string): Promise<PostgresRaw> {
    const producer = new pg.Client({ connectionString })
    const worker = new pg.Client({ connectionString })
    await Promise.all([producer.connect(), worker.connect()])
    await producer.query(TABLES.replaceAll('bench_raw', schema))
    await producer.query(PIN)
    await worker.query(PIN_CLAIMS)
    return new PostgresRaw(producer, worker, schema)
  }

  async enqueue(count: number): Promise<void> {
    const each = <T>(value: T): T[] => new Array<T>(count).fill(value)
    const ids = Array.from({ length: count }, newJobId)
    const values = [ids, each(QUEUE), each(TYPE), each(PAYLOAD), each(PRIORITY), each(0), each(MAX_ATTEMPTS)]
    const { rows } = await this.#producer.query<{ done: number }>({ name: 'enqueue', text: this.#enqueue, values })
    if (rows[0]?.done !== count) throw new Error('an insert met a job of the same id')
  }

  async exchange(most: number): Promise<number> {
    const token = newToken()
    const text = this.#exchanges.get(most) ?? this.#in(exchangeOf(most))
    this.#exchanges.set(most, text)
    const held = this.#held.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const { rows } = await this.#worker.query<{ settled: number; id: string; token: string }>({
      name: `exchange ${most}`,
      text,
      values: [
        held.map(({ id }) => id),
        held.map((one) => one.token),
        held.map(() => 4),
        QUEUE,
        TYPE,
        token,
        WORKER,
        LEASE_MS,
      ],
    })
    if (rows.length > 0 && rows[0]?.settled !== held.length) throw new Error('a settle was refused')
    this.#held = rows.map(({ id, token: own }) => ({ id, token: own }))
    return rows.length
  }

  async upkeep(): Promise<void> {
    await this.#producer.query(this.#in(REGROUP))
    await this.#producer.query(this.#in(FOLD))
    await this.#producer.query(this.#in(VACUUM))
  }

  async close(): Promise<void> {
    await Promise.all([this.#producer.end(), this.#worker.end()])
  }
}
