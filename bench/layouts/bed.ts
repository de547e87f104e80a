import { newJobId } from '@stint/core'
import pg from 'pg'
import { LEASE_MS, MAX_ATTEMPTS, newToken, PAYLOAD, PRIORITY, QUEUE, TYPE, WORKER } from '../loop.ts'
import { type Taken, taken } from '../meter.ts'
import { beatOf, enqueueOf, exchangeOf, FOLD, type Layout } from './layout.ts'
import type { Variant } from './table.ts'

export interface Run extends Taken {
  readonly walBytes: number
}

export interface Leased {
  readonly id: string
  readonly token: string
}

export const SUCCEEDED = 4
export const QUEUED = 1

/** One connection that works on one layout. */
export class Hand {
  readonly #client: pg.Client
  readonly #layout: Layout
  readonly #enqueue: string
  readonly #beat: string
  /** By how many they take. */
  readonly #exchanges = new Map<number, string>()
  #held: readonly Leased[] = []

  constructor(client: pg.Client, layout: Layout) {
    this.#client = client
    this.#layout = layout
    this.#enqueue = enqueueOf(layout)
    this.#beat = beatOf(layout)
  }

  /** Answers how many are new. `keys`: a unique key for each, or none. */
  async enqueue(count: number, keys: readonly (string | null)[] = []): Promise<number> {
    const each = <T>(value: T): T[] => new Array<T>(count).fill(value)
    const ids = Array.from({ length: count }, newJobId).sort()
    const texts = [each(QUEUE), each(TYPE), each(PAYLOAD)]
    const values = [ids, ...texts, each(PRIORITY), each(0), each(MAX_ATTEMPTS), ids.map((_, at) => keys[at] ?? null)]
    const { rows } = await this.#client.query({ name: 'enqueue', text: this.#enqueue, values })
    return rows[0].done
  }

  /** Settles what was given and takes up to `most`. */
  async settleAndTake(
    most: number,
    given: readonly Leased[],
    state: number,
  ): Promise<{ settled: number; taken: Leased[] }> {
    const text = this.#exchanges.get(most) ?? exchangeOf(this.#layout, most)
    this.#exchanges.set(most, text)
    const held = given.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const settles = [held.map(({ id }) => id), held.map(({ token }) => token), held.map(() => state)]
    const values = [...settles, QUEUE, TYPE, newToken(), WORKER, LEASE_MS]
    const { rows } = await this.#client.query({ name: `exchange ${most}`, text, values })
    return {
      settled: rows[0].settled,
      taken: rows.filter(({ id }) => id !== null).map(({ id, token }) => ({ id, token })),
    }
  }

  /** Settles as succeeded what the exchange before took, and takes as many more. Answers how many it took. */
  async exchange(most: number): Promise<number> {
    const given = this.#held
    const { settled, taken } = await this.settleAndTake(most, given, SUCCEEDED)
    if (settled !== given.length) throw new Error(`${given.length - settled} settles were refused`)
    this.#held = taken
    return taken.length
  }

  /** Answers how many leases go on. */
  async beat(given: readonly Leased[]): Promise<number> {
    const held = given.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const values = [held.map(({ id }) => id), held.map(({ token }) => token), LEASE_MS]
    return (await this.#client.query({ name: 'beat', text: this.#beat, values })).rows.length
  }

  get holds(): number {
    return this.#held.length
  }

  async rows(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.#client.query(sql)).rows
  }

  async end(): Promise<void> {
    await this.#client.end()
  }
}

/** A schema with the tables of one layout, and connections to it. */
export class Bed {
  readonly variant: Variant
  readonly schema: string
  readonly hands: readonly Hand[]
  /** Not measured: upkeep and questions. */
  readonly keeper: Hand

  private constructor(variant: Variant, schema: string, [keeper, ...hands]: readonly Hand[]) {
    this.variant = variant
    this.schema = schema
    this.keeper = keeper as Hand
    this.hands = hands
  }

  static async make(url: string, schema: string, variant: Variant, connections: number): Promise<Bed> {
    const open = async (): Promise<Hand> => {
      const client = new pg.Client({ connectionString: url })
      // A run that failed leaves it to the server's end, which is not a second failure.
      client.on('error', () => {})
      await client.connect()
      await client.query(`set search_path = ${schema}; ${variant.pins}`)
      return new Hand(client, variant.layout)
    }
    const hands = await Promise.all(Array.from({ length: connections + 1 }, open))
    const bed = new Bed(variant, schema, hands)
    await bed.keeper.rows(`create schema ${schema}`)
    await bed.keeper.rows(variant.layout.tables)
    return bed
  }

  /** So that it does not fall into the one round and not into the next. */
  async withoutAutovacuum(): Promise<void> {
    await this.keeper.rows(`do $$ declare one regclass; begin
      for one in select oid from pg_class where relnamespace = '${this.schema}'::regnamespace and relkind = 'r' loop
        execute format('alter table %s set (autovacuum_enabled = off)', one); end loop; end $$`)
  }

  /** What the store does once a second. */
  async sweep(): Promise<void> {
    if (this.variant.layout.regroup !== null) await this.keeper.rows(this.variant.layout.regroup)
    await this.keeper.rows(FOLD)
  }

  async vacuum(): Promise<void> {
    for (const name of this.variant.layout.small)
      await this.keeper.rows(`vacuum (truncate off, index_cleanup on) ${name}`)
  }

  /** Share of updates, of jobs or of their leases, that touched no index; null: there were no updates. */
  async hotShare(): Promise<number | null> {
    for (const hand of [...this.hands, this.keeper]) await hand.rows('select pg_stat_force_next_flush()')
    const [row] = await this.keeper.rows(
      `select sum(n_tup_hot_upd)::float8 / nullif(sum(n_tup_upd), 0) as hot from pg_stat_user_tables where schemaname = '${this.schema}' and relname = '${this.variant.layout.leases}'`,
    )
    return (row?.hot as number | null | undefined) ?? null
  }

  async bytes(): Promise<number> {
    const [row] = await this.keeper.rows(`select sum(pg_total_relation_size(oid))::float8 as bytes from pg_class
      where relnamespace = '${this.schema}'::regnamespace and relkind = 'r'`)
    return row?.bytes as number
  }

  /** The work with what it took of the server. */
  async measured(pid: number | null, work: () => Promise<number>): Promise<Run> {
    const before = await this.wal()
    const took = await taken(pid, work)
    return { ...took, walBytes: (await this.wal()) - before }
  }

  /** Bytes of log that the server has written so far. */
  async wal(): Promise<number> {
    return (await this.keeper.rows(`select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as wal`))[0]
      ?.wal as number
  }

  async drop(): Promise<void> {
    await this.keeper.rows(`drop schema ${this.schema} cascade`)
    for (const hand of [...this.hands, this.keeper]) await hand.end()
  }
}
