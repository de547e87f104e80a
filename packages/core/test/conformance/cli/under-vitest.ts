import { describe, it } from 'vitest'
import { storeConformance } from '../../../src/conformance/index.js'
import { mixed } from './stores.js'

storeConformance({ describe, it }, mixed)
