import { storeConformance } from '@stint/core/conformance'
import { conformance } from '@stint/store-sqlite/conformance'
import { describe, it } from 'vitest'
import { onSources } from '../../../scripts/store-tests/on-sources.js'

storeConformance({ describe, it }, onSources(conformance()))
