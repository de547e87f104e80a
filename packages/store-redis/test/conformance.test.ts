import { conformance } from '@stint/store-redis/conformance'
import { inject } from 'vitest'
import { provesStore } from '../../../scripts/store-tests/proves-store.js'

await provesStore(inject('redisUrl'), conformance)
