/**
 * The least that SQLite has to do for the contract, in one transaction a call: rows of jobs and events by number, partial indexes, counts kept in
 * statements. Without what a store adds: keys, several types, triggers, hints, waiting for other writers, all other guards and patches.
 */
import { newJobId } from '@stint/core'
import Database from 'better-sqlite3'
import { LEASE_MS, type Loop, MAX_ATTEMPTS, newToken, PAYLOAD, PRIORITY, QUEUE, TYPE, WORKER } from '../loop.ts'

const TABLES = `
pragma journal_mode = wal;
pragma synchronous = full;
create table job(n integer primary key, id text not null unique, queue text not null, type text not null, state integer not null,
  version integer not null, priority integer not null, run_at integer not null, attempt integer not null, max_attempts integer not null, key text,
  key_until integer not null, grp text, tags text, created_at integer not null, updated_at integer not null, started_at integer, finished_at integer,
  token text, fence integer, worker text, lease_until integer, progress text, error text, ext text, result text, checkpoint text, log text,
  payload text not null);
create index job_ready on job(queue, type, priority desc, run_at, id) where state = 1;
create index job_lease on job(lease_until, id) where state between 2 and 3;
create index job_ended on job(state, finished_at, id) where state >= 4;
create unique index job_key on job(queue, key) where key is not null and state < 4;
create table event(pos integer primary key autoincrement, job integer not null, seq integer not null, at integer not null, type text not null,
  from_state integer, to_state integer not null, attempt integer not null, fence integer, worker text, actor text, detail text, unique(job, seq));
create table count(queue text, state integer, n integer not null, primary key(queue, state)) without rowid;
create table setting(kind text, name text, value text, primary key(kind, name)) without rowid;`

const INSERT = `insert into job(id, queue, type, state, version, priority, run_at, attempt, max_attempts, key_until, created_at, updated_at, payload)
  values (?, ?, ?, 1, 1, ?, ?, 0, ?, 0, ?, ?, ?)`
const EVENT = `insert into event(job, seq, at, type, from_state, to_state, attempt, fence, worker) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`
const SETTLE = `update job set state = 4, version = version + 1, updated_at = max(?, updated_at), finished_at = max(?, updated_at), token = null,
  result = null, error = null where id = ? and token = ? returning n, version, updated_at as at, attempt, fence, worker`
const PAUSED = "select 1 from setting where kind = 'paused' and name = ?"
const BAND = `select priority from job where queue = ? and type = ? and state = 1 and priority < ? order by priority desc limit 1`
const DUE = `select n from job where queue = ? and type = ? and state = 1 and priority = ? and run_at <= ? order by run_at, id limit ?`
const TAKE = `update job set state = 3, version = version + 1, attempt = attempt + 1, updated_at = max(?, updated_at),
  started_at = max(?, updated_at), token = ?, fence = version + 1, worker = ?, lease_until = ?,
  key = case when key_until = 1 then null else key end where n = ? and state = 1 returning *`
const COUNT = 'insert into count(queue, state, n) values (?, ?, ?) on conflict do update set n = n + excluded.n'

const ABOVE_ALL = 1000

interface Settled {
  readonly n: number
  readonly version: number
  readonly at: number
  readonly attempt: number
  readonly fence: number
  readonly worker: string
}
interface Job extends Omit<Settled, 'at'> {
  readonly id: string
  readonly token: string
  readonly updated_at: number
}

export class SqliteRaw implements Loop {
  readonly #db: Database.Database
  readonly #statements
  #held: readonly { readonly id: string; readonly token: string }[] = []

  constructor(file: string) {
    const db = new Database(file)
    db.exec(TABLES)
    this.#db = db
    this.#statements = {
      insert: db.prepare(INSERT),
      event: db.prepare(EVENT),
      settle: db.prepare<unknown[], Settled>(SETTLE),
      paused: db.prepare(PAUSED),
      band: db.prepare<unknown[], number>(BAND).pluck(),
      due: db.prepare<unknown[], number>(DUE).pluck(),
      take: db.prepare<unknown[], Job>(TAKE),
      count: db.prepare(COUNT),
    }
  }

  async enqueue(count: number): Promise<void> {
    const { insert, event } = this.#statements
    this.#write((now) => {
      for (let i = 0; i < count; i++) {
        const { lastInsertRowid: n } = insert.run(
          newJobId(),
          QUEUE,
          TYPE,
          PRIORITY,
          now,
          MAX_ATTEMPTS,
          now,
          now,
          PAYLOAD,
        )
        event.run(n, 1, now, 'enqueued', null, 1, 0, null, null)
      }
      this.#count([[1, count]])
    })
  }

  async exchange(most: number): Promise<number> {
    const token = newToken()
    this.#held = this.#write((now) => {
      for (const { id, token: own } of this.#held) this.#settle(now, id, own)
      const jobs = this.#take(now, token, most)
      const settled = this.#held.length
      this.#count([
        [1, -jobs.length],
        [3, jobs.length - settled],
        [4, settled],
      ])
      return jobs.map(({ id, token: own }) => ({ id, token: own }))
    })
    return this.#held.length
  }

  async upkeep(): Promise<void> {}

  async close(): Promise<void> {
    this.#db.close()
  }

  #write<T>(work: (now: number) => T): T {
    return this.#db.transaction(() => work(Date.now())).immediate()
  }

  #settle(now: number, id: string, token: string): void {
    const { settle, event } = this.#statements
    const done = settle.get(now, now, id, token)
    if (done === undefined) throw new Error('a settle was refused')
    event.run(done.n, done.version, done.at, 'succeeded', 3, 4, done.attempt, done.fence, done.worker)
  }

  #take(now: number, token: string, most: number): Job[] {
    const { paused, band, due, take, event } = this.#statements
    const jobs: Job[] = []
    if (paused.get(QUEUE) !== undefined) return jobs
    for (let priority = band.get(QUEUE, TYPE, ABOVE_ALL); priority !== undefined && jobs.length < most; ) {
      for (const n of due.all(QUEUE, TYPE, priority, now, most - jobs.length)) {
        const job = take.get(now, now, token, WORKER, now + LEASE_MS, n)
        if (job === undefined) continue
        event.run(n, job.version, job.updated_at, 'leased', 1, 3, job.attempt, job.fence, WORKER)
        jobs.push(job)
      }
      if (jobs.length < most) priority = band.get(QUEUE, TYPE, priority)
    }
    return jobs
  }

  #count(moves: readonly (readonly [state: number, by: number])[]): void {
    for (const [state, by] of moves) if (by !== 0) this.#statements.count.run(QUEUE, state, by)
  }
}
