import { describe, it } from 'vitest'
import { storeConformance } from '../../src/conformance/index.js'
import { ItemStore } from './item-store.js'

storeConformance({ describe, it }, { name: 'item by item', store: (_space, options) => new ItemStore(options) })
