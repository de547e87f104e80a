/** One server for the tests of this package, started before the first and stopped behind the last. The suites have their own (own-server.ts). */
import type { TestProject } from 'vitest/node'
import { findServer } from '../../../../scripts/servers/find.ts'
import { postgres } from '../../../../scripts/servers/postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** null: none can be had here, which was said aloud. */
    readonly postgresUrl: string | null
  }
}

export async function setup({ provide }: TestProject): Promise<(() => Promise<void>) | undefined> {
  const server = await findServer('postgres', postgres)
  provide('postgresUrl', server?.url ?? null)
  return server ? () => server.stop() : undefined
}
