import pg from 'pg'
import { inject } from 'vitest'

/** The server of the tests; a test that asks has said before that it is there. */
export function url(): string {
  const found = inject('postgresUrl')
  if (found === null) throw new Error('there is no server for this test')
  return found
}

let made = 0
export const newSchema = (what = 'case'): string => `${what}_${process.pid}_${++made}`

/** A few statements on a connection of their own. */
export async function ask<Row = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url() })
  await client.connect()
  try {
    return (await client.query(text, values)).rows as Row[]
  } finally {
    await client.end()
  }
}

export const destroy = async (schema: string): Promise<void> =>
  void (await ask(`drop schema if exists "${schema}" cascade`))

/** Whether a call of the store on this schema waits for a lock of the database. */
export async function isWaiting(schema: string): Promise<boolean> {
  const waits = "select 1 from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock'"
  return (await ask(waits, [`stint ${schema}`])).length > 0
}
