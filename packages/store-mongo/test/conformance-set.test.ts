import { storeConformance } from '@stint/core/conformance'
import { conformance } from '@stint/store-mongo/conformance'
import { describe, inject, it } from 'vitest'
import { onSources } from '../../../scripts/store-tests/on-sources.js'

/** Histories of the model: each is some hundred round trips here. `npm run conformance -- --store URL --runs 300` plays more. */
const RUNS = 20
const url = inject('mongoSetUrl')
if (url === null) it.skip('the conformance suite (skipped: there is no server)', () => {})
else
  await storeConformance(
    { describe, it },
    { ...onSources(conformance(url)), runs: RUNS, ...(process.env.ONLY && { only: process.env.ONLY.split(',') }) },
  )
