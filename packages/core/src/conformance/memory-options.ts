import { memoryTableStore } from '../memory/memory-store.js'
import type { ConformanceOptions } from './options.js'

/** The memory store, for `--store memory:`. Nothing of it outlives its handle, so there is nothing to destroy. */
export const memoryOptions: ConformanceOptions = {
  name: 'memory',
  store: (_space, options) => memoryTableStore(options),
  engine: { cannot: { cut: 'a store in memory has no connection that could be cut' } },
}
