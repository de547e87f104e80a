import type { Ms } from '@stint/core'
import type { Session } from './commands/session.js'

/** Leases that are over are grouped anew by their true ends, by intervals: one that is never expired must not make its group be looked at for ever. */
const REGROUP = `with g as (delete from stint.held where until <= $1::bigint returning ids),
  m as (select id, lease_until from stint.job where id = any(array(select unnest(ids) from g)) and token is not null)
insert into stint.held(until, ids) select min(lease_until), array_agg(id) from m group by lease_until / 5000`
const FOLD = `with turn as materialized (select pg_try_advisory_xact_lock(hashtextextended('stint.count', 0)) as mine),
  d as (delete from stint.count_delta where (select mine from turn) returning queue, state, n),
  s as (select queue, state, sum(n) as n from d group by queue, state having sum(n) <> 0 order by queue, state)
insert into stint.count as c (queue, state, n) select queue, state, n from s
  on conflict (queue, state) do update set n = c.n + excluded.n`
const FORGET = 'delete from stint.count where n = 0'
/** Who may not is told so by a warning each time, in their log and in the server's, so it is asked before. MAINTAIN came with version 17. */
const MAY_VACUUM = `select pg_has_role(c.relowner, 'usage') or pg_has_role(d.datdba, 'usage') or case
    when current_setting('server_version_num')::int >= 170000 then has_table_privilege(c.oid, 'maintain') else false end as may
  from pg_class c, pg_database d where c.oid = to_regclass('stint.ready') and d.datname = current_database()`
const VACUUM = 'vacuum (truncate off, index_cleanup on) stint.ready'

const FOLD_EVERY_MS = 1000
const VACUUM_EVERY_MS = 5000
/** Fewer dead rows are cheaper to walk over than to remove. */
const VACUUM_FROM = 20_000

/** What hangs on the sweep's own call: a store has no timer. */
export class Upkeep {
  #foldedAt = Number.NEGATIVE_INFINITY
  #vacuumedAt = Number.NEGATIVE_INFINITY
  #taken = 0

  /** So many jobs were claimed by this process. */
  took(jobs: number): void {
    this.#taken += jobs
  }

  async sweep(session: Session, now: Ms): Promise<void> {
    await session.run(REGROUP, now)
    if (performance.now() - this.#foldedAt < FOLD_EVERY_MS) return
    this.#foldedAt = performance.now()
    await session.run(FOLD)
    await session.run(FORGET)
  }

  /** Once when it is time. */
  get isVacuumDue(): boolean {
    if (this.#taken < VACUUM_FROM || performance.now() - this.#vacuumedAt < VACUUM_EVERY_MS) return false
    this.#taken = 0
    this.#vacuumedAt = performance.now()
    return true
  }
}

/** Not inside a transaction. Answers whether this role may; if not, autovacuum comes later. */
export async function vacuum(session: Session): Promise<boolean> {
  const may = (await session.value<boolean>(MAY_VACUUM)) === true
  if (may) await session.once(VACUUM)
  return may
}
