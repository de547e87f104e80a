import type { StoreOptions } from '@stint/core'
import pg from 'pg'
import { optionsFromUrl, type PostgresStoreOptions, settle } from '../options.js'

/** Where the stores of a suite have their schemas. */
export interface Place {
  readonly url: string
  readonly prepared: boolean
  /** What the suite says goes before what the URL says. */
  optionsOf(space: string, options: StoreOptions): PostgresStoreOptions & { readonly url: string }
  /** A few statements on a connection of their own. */
  ask<T = Record<string, unknown>>(text: string, values?: unknown[]): Promise<T[]>
  destroy(space: string): Promise<void>
}

export function placeOf(url: string): Place {
  const given = optionsFromUrl(url, {})
  const { prepared } = settle(given)
  // Kept for a moment, so that a cut comes while a write is under way.
  const pool = new pg.Pool({
    connectionString: given.url,
    max: 2,
    idleTimeoutMillis: 1000,
    allowExitOnIdle: true,
  })
  pool.on('error', () => {})
  const ask = async <T>(text: string, values: unknown[] = []): Promise<T[]> =>
    (await pool.query(text, values)).rows as T[]
  return {
    url: given.url,
    prepared,
    // Suites open many stores; what they leave is a connection each, so few of them.
    optionsOf: (space, options) => ({ max: 4, ...given, ...options, schema: space }),
    ask,
    destroy: async (space) => void (await ask(`drop schema if exists "${space}" cascade`)),
  }
}
