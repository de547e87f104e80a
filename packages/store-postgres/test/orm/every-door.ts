import pg from 'pg'
import { destroy, newSchema, url } from '../support/place.js'
import type { Door, Open, Place } from './doors/door.js'
import { drizzleDoor } from './doors/drizzle.js'
import { knexDoor } from './doors/knex.js'
import { kyselyCallbackDoor, kyselyDoor } from './doors/kysely.js'
import { pgDoor } from './doors/pg.js'
import { prismaDoor } from './doors/prisma.js'

type Doors = readonly (readonly [name: string, open: Open])[]

export const ORMS: Doors = [
  ['Drizzle', drizzleDoor],
  ['Kysely', kyselyDoor],
  ['Kysely, by a callback', kyselyCallbackDoor],
  ['Knex', knexDoor],
  ['Prisma', prismaDoor],
]
export const DOORS: Doors = [['pg', pgDoor], ...ORMS]
/** A callback of Kysely's is the one form of transaction without another inside. */
export const NESTING = DOORS.filter(([, open]) => open !== kyselyCallbackDoor)

/** A door, the tables of its user, and a connection of plain `pg` that looks at them. */
export class House {
  readonly schema = newSchema('orm')
  readonly #client = new pg.Client({ connectionString: url() })
  readonly #doors: Door[] = []

  async build(): Promise<void> {
    await this.#client.connect()
    await this.#client.query(
      `create schema "${this.schema}"; create table "${this.schema}"."Order" (id int primary key, placed_by text not null)`,
    )
  }

  async open(open: Open, given: Partial<Place> = {}): Promise<Door> {
    const door = await open({ url: url(), schema: this.schema, max: 2, ...given })
    this.#doors.push(door)
    return door
  }

  /** Ids of the user's own rows. */
  async orders(): Promise<number[]> {
    const { rows } = await this.#client.query(`select id from "${this.schema}"."Order" order by id`)
    return rows.map(({ id }) => id)
  }

  /** Answers with what the next notification says. */
  async nextNotification(channel: string): Promise<() => Promise<string>> {
    await this.#client.query(`listen ${channel}`)
    const told = new Promise<string>((resolve) =>
      this.#client.once('notification', ({ payload }) => resolve(payload ?? '')),
    )
    return () => told
  }

  ask(text: string, values: unknown[] = []): Promise<{ rows: Record<string, unknown>[] }> {
    return this.#client.query(text, values)
  }

  async leave(): Promise<void> {
    for (const door of this.#doors.splice(0)) await door.close()
    await this.#client.end()
    await destroy(this.schema)
  }
}
