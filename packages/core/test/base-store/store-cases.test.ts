import { describe, it } from 'vitest'
import { storeCases } from '../store-cases/index.js'
import { ItemStore } from './item-store.js'

storeCases({ describe, it }, { name: 'item by item', make: (_space, options) => new ItemStore(options) })
