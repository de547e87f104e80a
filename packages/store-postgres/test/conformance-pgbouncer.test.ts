import { conformance } from '@stint/store-postgres/conformance'
import { pgbouncerBefore } from '../../../scripts/servers/pgbouncer.ts'
import { postgres } from '../../../scripts/servers/postgres.ts'
import { provesStore } from '../../../scripts/store-tests/proves-store.js'
import { ownServer } from './support/own-server.js'

/**
 * What a pooler could bend: sessions, transactions and who comes between. The rest goes the same way as without one, and since nothing is
 * prepared each statement takes two to three times as long here. Its server connections serve whoever asks, so no space's can be cut.
 */
const RUNS = 10
const ONLY = ['open', 'transactions', 'restore', 'model', 'UNIQ-4']
const server = await ownServer('postgres', postgres)
const url = server === null ? null : await ownServer('pgbouncer', pgbouncerBefore(server))
await provesStore(url, (at) => conformance(`${at}?prepared=false`), { only: ONLY, runs: RUNS, caseMs: 90_000 })
