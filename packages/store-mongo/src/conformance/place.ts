import type { StoreOptions } from '@stint/core'
import { type Db, MongoClient } from 'mongodb'
import { type MongoStoreOptions, optionsFromUrl } from '../options.js'
import { Relay } from './relay.js'

/** Where the stores of a suite have their databases. */
export interface Place {
  /** What the suite says goes before what the URL says. */
  optionsOf(space: string, options: StoreOptions): Promise<MongoStoreOptions & { readonly url: string }>
  /** The space's database, on a connection of its own that nothing cuts. */
  database(space: string): Db
  readonly client: MongoClient
  isReplicaSet(): Promise<boolean>
  destroy(space: string): Promise<void>
  cut(): Promise<void>
}

export function placeOf(given: string): Place {
  const { url, ...options } = optionsFromUrl(given, {})
  const { hostname, port, search } = new URL(url)
  const relay = new Relay(hostname, port === '' ? 27017 : Number(port))
  const client = new MongoClient(url, { appName: 'stint conformance', maxPoolSize: 2, monitorCommands: false })
  let hello: Promise<boolean> | null = null
  const through = (at: number): string => {
    const query = new URLSearchParams(search)
    // Else the driver would go to where the server says it is, past it.
    query.delete('replicaSet')
    query.set('directConnection', 'true')
    return `mongodb://127.0.0.1:${at}/?${query}`
  }
  const database = (space: string): Db => client.db(nameOf(space))
  return {
    client,
    database,
    async optionsOf(space, others) {
      return { max: 10, ...options, ...others, url: through(await relay.port()), database: nameOf(space) }
    },
    isReplicaSet() {
      hello ??= client
        .db('admin')
        .command({ hello: 1 })
        .then(({ setName }) => typeof setName === 'string')
      return hello
    },
    destroy: async (space) => void (await database(space).dropDatabase()),
    cut: () => relay.cut(),
  }
}

/** Names of databases are short, and differ by more than case. */
const nameOf = (space: string): string => `s_${space.replace(/[^A-Za-z0-9_-]/g, '_')}`.slice(0, 60)
