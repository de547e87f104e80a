import { type Db, MongoClient } from 'mongodb'
import { inject } from 'vitest'

/** Either server of the tests: no transactions of users on the one that stands alone. */
export const SERVERS = ['mongoUrl', 'mongoSetUrl'] as const
export type ServerName = (typeof SERVERS)[number]

/** A test that asks has said before that it is there. */
export function url(of: ServerName = 'mongoUrl'): string {
  const found = inject(of)
  if (found === null) throw new Error('there is no server for this test')
  return found
}

let made = 0

/** A database of its own on a connection of its own; both are gone behind the work. */
export async function withDatabase(
  of: ServerName,
  work: (db: Db, client: MongoClient, database: string) => Promise<void>,
): Promise<void> {
  const client = new MongoClient(url(of), { retryWrites: false })
  const database = `stint_${process.pid}_${++made}`
  try {
    await work(client.db(database), client, database)
    await client.db(database).dropDatabase()
  } finally {
    await client.close(true)
  }
}
