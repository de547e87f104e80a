import { afterAll } from 'vitest'
import type { Search } from '../../../../scripts/servers/find.ts'
import { findServer } from '../../../../scripts/servers/find.ts'

/** More than a server has before it is killed. */
const STOP_MS = 30_000

/**
 * The URL of a server for one test file alone: the feed tells nothing above the oldest transaction of its whole server, so files that hold
 * transactions open disturb each other. null: there is none to be had, which was said aloud.
 */
export async function ownServer(name: string, search: Search): Promise<string | null> {
  const server = await findServer(name, search)
  if (server !== null) afterAll(() => server.stop(), STOP_MS)
  return server?.url ?? null
}
