import { storeConformance } from '@stint/core/conformance'
import { conformance } from '@stint/store-redis/conformance'
import { describe, inject, it } from 'vitest'
import { onSources } from '../../../scripts/store-tests/on-sources.js'

const url = inject('redisUrl')
if (url === null) it.skip('the conformance suite (skipped: there is no server)', () => {})
else
  await storeConformance(
    { describe, it },
    { ...onSources(conformance(url)), ...(process.env.ONLY && { only: process.env.ONLY.split(',') }) },
  )
