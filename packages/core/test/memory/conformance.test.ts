import { describe, it, vi } from 'vitest'
import { storeConformance } from '../../src/conformance/index.js'
import { memoryOptions } from '../../src/conformance/memory-options.js'
import { memoryTableStore as memoryStore } from '../../src/memory/memory-store.js'
import { count } from './counted-set.js'

vi.mock('../../src/memory/ordered-set.js', async (original) =>
  (await import('./counted-set.js')).counted(await original()),
)

storeConformance(
  { describe, it },
  {
    ...memoryOptions,
    store: (_space, options) => memoryStore(options),
    engine: { ...memoryOptions.engine, work: () => count.looks },
  },
)
