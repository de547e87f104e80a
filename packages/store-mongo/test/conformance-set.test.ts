import { conformance } from '@stint/store-mongo/conformance'
import { inject } from 'vitest'
import { provesStore, RUNS_ON_SERVER } from '../../../scripts/store-tests/proves-store.js'

await provesStore(inject('mongoSetUrl'), conformance, { runs: RUNS_ON_SERVER })
