import type { Redis } from 'ioredis'
import { ANSWERED, growing } from './commands/script.js'
import { incompatible } from './failures.js'

/**
 * The keys of a store, all under `{prefix}:` and so in one slot of a cluster:
 * - `m` hash: `schema`, the version of this layout; `feed`, the last position given.
 * - `j:<id>` hash, the truth of a job: `s` its small fields by their places (library.ts), the bodies `p r c l x g f`, and each event by its number.
 * - `r:<queue>|<type>` sorted set of queued jobs; the score is (100 − priority)·2^45 + runAt, exact as a double. `q:<queue>`: its types.
 * - `l` sorted set of leases by their end · `ids` sorted set of all ids · `t:<state>` sorted sets of ended jobs by their end.
 * - `k` hash of live keys · `n` hash of counts · `s:<kind>` hashes of settings · `h` channel of hints.
 * - `f` stream: an entry holds job and number of up to 32 events of one call, and its id is the position of the first, with which their texts begin too.
 *   `g` hash: how many events are left of an entry that lost some.
 */
export const SCHEMA = 1

/** Idempotent, so any number may open at once. Answers with the version that is there. */
export const PREPARE = growing(
  ANSWERED,
  `call('HSETNX', KEYS[1], 'schema', '${SCHEMA}')
return answered(call('HGET', KEYS[1], 'schema'))`,
)

export function checkSchema(found: string): void {
  if (Number(found) === SCHEMA) return
  throw incompatible(
    `The keys in Redis were made by a newer @stint/store-redis: they have version ${found}, this one knows ${SCHEMA}. Update the package in this program; nothing was changed.`,
    `schema ${found}`,
    `schema ${SCHEMA}`,
  )
}

/** What the server says of how it keeps its data. */
export interface Durability {
  readonly version: string
  readonly evicts: string
  readonly isReplica: boolean
  readonly isCluster: boolean
  readonly hasLog: boolean
  /** null: nobody may ask. */
  readonly syncs: string | null
}

export async function readDurability(redis: Pick<Redis, 'info' | 'config'>): Promise<Durability> {
  const info = await redis.info()
  const said = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? ''
  // A managed server often has no CONFIG; what it does not tell is not promised.
  const config = (await redis.config('GET', 'appendfsync').catch(() => [])) as readonly string[]
  return {
    version: said('redis_version'),
    evicts: said('maxmemory_policy'),
    isReplica: said('role') === 'slave',
    isCluster: said('cluster_enabled') === '1',
    hasLog: said('aof_enabled') === '1',
    syncs: config[1] ?? null,
  }
}

const OLDEST = 7

/** Refuses a server that cannot keep what the store promises (OPEN-3). */
export function checkServer({ version, evicts, isReplica }: Durability): void {
  if (Number.parseInt(version, 10) < OLDEST)
    throw incompatible(
      `This server is too old: Stint needs Redis ${OLDEST} or newer. (redis_version is ${version}.)`,
      `redis_version ${version}`,
      `redis_version ${OLDEST} or newer`,
    )
  if (isReplica) throw incompatible('This server is a replica. Connect to the primary.', 'role slave', 'role master')
  // The volatile policies take only keys with an expiry, of which the store has none.
  if (evicts.startsWith('allkeys'))
    throw incompatible(
      `This server throws jobs away when its memory is full. Set maxmemory-policy to noeviction, or use another server than the cache. (maxmemory-policy is ${evicts}.)`,
      `maxmemory-policy ${evicts}`,
      'maxmemory-policy noeviction',
    )
}
