/** `npm run bench:layouts`: layouts of the Postgres store side by side, by bare statements. Nothing is asserted but that each keeps the promises. */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { newestPostgres, postgres } from '../../scripts/servers/postgres.ts'
import { thisMachine } from '../machine.ts'
import { postgresPlace } from '../places/postgres.ts'
import { headOf } from '../report.ts'
import { beats } from './beats.ts'
import { burst } from './burst.ts'
import { feedCost } from './feed.ts'
import { beatsTable, burstTable, feedTable, steadyTable } from './report.ts'
import { steady } from './steady.ts'
import { BURSTS, STEADY, type Variant } from './table.ts'

const { values } = parseArgs({
  options: {
    /** Of `burst`, `beats`, `feed`, `steady`. */
    only: { type: 'string', default: 'burst,beats,feed,steady' },
    /** Names of variants, apart by `;`. */
    variants: { type: 'string' },
    sizes: { type: 'string', default: '10,100,500' },
    connections: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '60' },
    /** So many times the jobs of a round. */
    scale: { type: 'string', default: '1' },
    /** The newest Postgres there is here instead of the one on PATH. */
    newest: { type: 'boolean', default: false },
  },
})
const numbers = (text: string): number[] => text.split(',').map(Number)
const chosen = (all: Readonly<Record<string, Variant>>): Record<string, Variant> =>
  Object.fromEntries(Object.entries(all).filter(([name]) => values.variants?.split(';').includes(name) ?? true))
const JOBS: Readonly<Record<number, number>> = { 10: 5000, 100: 10_000, 500: 20_000 }
const only = values.only.split(',')
const rounds = Number(values.rounds)
const scale = Number(values.scale)

const machine = thisMachine()
const place = await postgresPlace(values.newest ? newestPostgres : postgres)
if (!place) process.exit(1)
const { pid } = place
const url = place.url('layouts')
/** A checkpoint in the middle of a round would make the log of those behind it longer. Only where the server is ours. */
async function withoutCheckpoints(): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query("alter system set checkpoint_timeout = '1h'")
  await client.query("alter system set max_wal_size = '32GB'")
  await client.query('select pg_reload_conf()')
  await client.end()
}
const load = (): string => `load ${loadavg()[0]?.toFixed(1)}`
try {
  if (pid !== null) await withoutCheckpoints()
  console.log(headOf(place, machine, rounds))
  for (const size of only.includes('burst') ? numbers(values.sizes) : []) {
    for (const connections of numbers(values.connections)) {
      const jobs = Math.max(size, Math.round((JOBS[size] ?? 5000) * scale))
      const before = load()
      const sides = await burst({ url, pid, size, connections, jobs, rounds }, chosen(BURSTS))
      const title = `Batches of ${size}, ${connections} connection(s), ${jobs} jobs a round, ${before} to ${load()}`
      console.log(burstTable(title, sides))
    }
  }
  if (only.includes('beats')) console.log(beatsTable(await beats({ url, pid, rounds }, chosen(BURSTS))))
  if (only.includes('feed')) {
    const kept = ['one row', 'one row, feed BRIN']
    const costs = []
    for (const name of kept) costs.push(await feedCost(url, name, BURSTS[name] as Variant, Math.round(40_000 * scale)))
    console.log(feedTable(costs))
  }
  if (only.includes('steady')) {
    const minutes = []
    for (const [name, variant] of Object.entries(chosen(STEADY))) {
      console.error(`${name}: ${load()}`)
      minutes.push(await steady({ url, pid, ms: Number(values.seconds) * 1000, windows: 6 }, name, variant))
    }
    console.log(steadyTable(minutes))
  }
} finally {
  await place.stop()
}
