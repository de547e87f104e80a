import { conformance } from '@stint/store-postgres/conformance'
import { postgres } from '../../../scripts/servers/postgres.ts'
import { provesStore, RUNS_ON_SERVER } from '../../../scripts/store-tests/proves-store.js'
import { ownServer } from './support/own-server.js'

await provesStore(await ownServer('postgres', postgres), conformance, { runs: RUNS_ON_SERVER })
