/** Two servers for the tests of this package, started before the first and stopped behind the last: one alone, and a replica set of one. */
import type { TestProject } from 'vitest/node'
import { findServer } from '../../../../scripts/servers/find.ts'
import { mongo, mongoReplicaSet } from '../../../../scripts/servers/mongo.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** null: none can be had here, which was said aloud. */
    readonly mongoUrl: string | null
    readonly mongoSetUrl: string | null
  }
}

export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const alone = await findServer('mongo', mongo)
  const set = await findServer('mongo, replica set', mongoReplicaSet)
  provide('mongoUrl', alone?.url ?? null)
  provide('mongoSetUrl', set?.url ?? null)
  return async () => {
    await alone?.stop()
    await set?.stop()
  }
}
