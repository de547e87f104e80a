import { storeConformance } from '@stint/core/conformance'
import { conformance } from '@stint/store-redis/conformance'
import { describe, inject, it } from 'vitest'
import { onSources } from '../../../scripts/store-tests/on-sources.js'

const url = inject('redisClusterUrl')
if (url === null) it.skip('the conformance suite on a cluster (skipped: there is no server)', () => {})
else
  await storeConformance(
    { describe, it },
    {
      ...onSources({ ...conformance(url), name: 'redis-cluster' }),
      ...(process.env.ONLY && { only: process.env.ONLY.split(',') }),
    },
  )
