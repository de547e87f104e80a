import { storeConformance } from '@stint/core/conformance'
import { describe, it } from 'vitest'
import { conformance } from '../src/conformance.js'

storeConformance({ describe, it }, conformance)
