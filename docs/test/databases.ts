import pg from 'pg'
import { findServer } from '../../scripts/servers/find.ts'
import { postgres } from '../../scripts/servers/postgres.ts'

/** A database for each block that says `postgres`, on one server that is started for the first and stopped behind the last. */
export class Databases {
  #server: ReturnType<typeof findServer> | null = null
  #made = 0

  /** null: there is no server to be had here, which was said aloud. */
  async make(): Promise<{ readonly url: string; drop(): Promise<void> } | null> {
    this.#server ??= findServer('postgres', postgres)
    const server = await this.#server
    if (server === null) return null
    const name = `page_${process.pid}_${++this.#made}`
    const ask = async (text: string): Promise<void> => {
      const client = new pg.Client({ connectionString: server.url })
      await client.connect()
      await client.query(text).finally(() => client.end())
    }
    await ask(`create database ${name}`)
    const url = new URL(server.url)
    url.pathname = `/${name}`
    return { url: url.href, drop: () => ask(`drop database ${name} with (force)`) }
  }

  async stop(): Promise<void> {
    await (await this.#server)?.stop()
  }
}
