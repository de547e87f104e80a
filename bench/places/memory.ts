import type { Place } from '../place.ts'

/** Below the memory store there is nothing to compare it with. */
export async function memoryPlace(): Promise<Place> {
  return {
    engine: 'memory',
    facts: { durability: 'none' },
    pid: null,
    url: () => 'memory:',
    isShared: false,
    raw: () => null,
    bytes: async () => null,
    stop: async () => {},
  }
}
