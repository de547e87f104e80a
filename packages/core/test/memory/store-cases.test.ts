import { describe, it, vi } from 'vitest'
import { memoryTableStore as memoryStore } from '../../src/memory/memory-store.js'
import { storeCases } from '../store-cases/index.js'
import { count } from './counted-set.js'

vi.mock('../../src/memory/ordered-set.js', async (original) =>
  (await import('./counted-set.js')).counted(await original()),
)

storeCases(
  { describe, it },
  { name: 'memory', make: (_space, options) => memoryStore(options), work: () => count.looks },
)
