import { storeConformance } from '@stint/core/conformance'
import { conformance } from '@stint/store-postgres/conformance'
import { describe, it } from 'vitest'
import { postgres } from '../../../scripts/servers/postgres.ts'
import { onSources } from '../../../scripts/store-tests/on-sources.js'
import { ownServer } from './support/own-server.js'

/** Histories of the model: each is some hundred round trips here. `npm run conformance -- --store URL --runs 300` plays more. */
const RUNS = 20
const url = await ownServer('postgres', postgres)
if (url === null) it.skip('the conformance suite (skipped: there is no server)', () => {})
else
  await storeConformance(
    { describe, it },
    { ...onSources(conformance(url)), runs: RUNS, ...(process.env.ONLY && { only: process.env.ONLY.split(',') }) },
  )
