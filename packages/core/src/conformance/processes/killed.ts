/** Processes that are killed without warning, in the middle of what they do. */
import assert from 'node:assert/strict'
import { seamOf, systemClock } from '../../seam.js'
import type { Store } from '../../store.js'
import { NotExercised, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { expireTo, succeed } from '../stage/commands.js'
import {
  at,
  changeOne,
  eventsOf,
  idsOf,
  insertAll,
  listAll,
  must,
  newJobs,
  only,
  read,
  take,
} from '../stage/fixtures.js'
import { checkInvariants } from '../stage/invariants.js'
import { long } from './long.js'
import type { ToldWrite } from './orders.js'
import type { Remote } from './with-processes.js'
import { withOpenProcesses, withProcesses } from './with-processes.js'

const KILLS = 8
/** They are killed at a moment drawn from so many ms behind their first write. */
const WITHIN_MS = 30

const { random } = seamOf(null)
const wait = (ms: number): Promise<void> => new Promise((resolve) => void systemClock.after(ms, resolve))

/** Lets it write, and kills it; resolves when it is gone. */
async function killInMidWrite({ process, store }: Remote, name: string): Promise<readonly ToldWrite[]> {
  await store.open()
  const writing = process.order({ do: 'write on', name })
  writing.catch(() => {}) // it will be killed, or fails: both are told below
  await Promise.race([process.nextWrite(), writing])
  await Promise.race([wait(random() * WITHIN_MS), writing])
  await process.kill()
  await assert.rejects(writing, /SIGKILL/)
  return process.writes
}

/** What was acknowledged stands, at the version that was told or a later one; what was removed is gone. */
async function mustStand(store: Store, writes: readonly ToldWrite[]): Promise<void> {
  const done = writes.filter(({ isDone }) => isDone)
  const removed = new Set(done.flatMap((write) => write.removed))
  const mayBeRemoved = new Set(writes.flatMap((write) => write.removed))
  const latest = new Map(done.flatMap(({ jobs }) => jobs.map(({ id, version }) => [id, version] as const)))
  const ids = [...latest.keys()]
  for (let from = 0; from < ids.length; from += 500) {
    const some = ids.slice(from, from + 500)
    for (const [n, job] of (await store.get(some)).entries()) {
      const id = at(some, n)
      const version = latest.get(id) ?? 0
      if (removed.has(id)) assert.equal(job, null, `REMOVE-2: ${id} was removed, and is there`)
      else if (job === null) assert.ok(mayBeRemoved.has(id), `FAULT-3: ${id} was acknowledged, and is not there`)
      else
        assert.ok(job.version >= version, `FAULT-3: ${id} has version ${job.version} where ${version} was acknowledged`)
    }
  }
}

/** Kills that found a write begun and not acknowledged: the others only ended a process between two writes. */
const hits = (all: readonly (readonly ToldWrite[])[]): number =>
  all.filter((writes) => writes.at(-1)?.isDone === false).length

function mustHaveHit(all: readonly (readonly ToldWrite[])[]): void {
  if (hits(all) === 0) throw new NotExercised(`none of ${all.length} kills met a write under way`)
}

const inMidWrite: readonly StoreCase[] = [
  long(
    `a process killed in the middle of its writes, ${KILLS} times › every write that was acknowledged stands, and nothing is half [ATOM-1, FAULT-3]`,
    async (stage) => {
      const space = stage.elsewhere()
      const all: (readonly ToldWrite[])[] = []
      for (let nth = 0; nth < KILLS; nth++) {
        const kill = async ([remote]: readonly Remote[]): Promise<void> => {
          assert.ok(remote)
          all.push(await killInMidWrite(remote, `writer-${nth}`))
        }
        await withProcesses(stage, 1, kill, space)
      }
      const store = await stage.another({}, space)
      for (const writes of all) await mustStand(store, writes)
      await store.list({ walk: 'lease', overOnly: true, limit: 1000 })
      await checkInvariants(store)
      mustHaveHit(all)
    },
    NEEDS.survival,
  ),
  long(
    'a process killed in the middle of its writes while others write › costs none of them a write that was acknowledged, and they go on [ATOM-1, FAULT-3, FAULT-4]',
    async (stage) => {
      const all: (readonly ToldWrite[])[] = []
      await withProcesses(stage, 5, async (remotes) => {
        const [survivor, ...victims] = remotes
        assert.ok(survivor)
        await survivor.store.open()
        const writing = survivor.process.order({ do: 'write on', name: 'survivor', restMs: 10 })
        writing.catch(() => {})
        await Promise.all(victims.map(async (victim, n) => all.push(await killInMidWrite(victim, `victim-${n}`))))
        await Promise.race([survivor.process.nextWrite(), writing])
        await survivor.process.kill()
        all.push(survivor.process.writes)
      })
      for (const writes of all) await mustStand(stage.b, writes)
      await stage.b.list({ walk: 'lease', overOnly: true, limit: 1000 })
      mustHaveHit(all)
    },
    NEEDS.killBesideOthers,
  ),
]

const LEASE_MS = 1000

const withLeases: readonly StoreCase[] = [
  long(
    'a process killed while it holds leases › keeps them until they end; then another sweeps them and takes the jobs [FENCE-1, FENCE-2, GUARD-1, FAULT-3]',
    async (stage) => {
      await insertAll(stage.a, newJobs(5))
      await withOpenProcesses(stage, 2, async ([holder, other], [killed]) => {
        assert.ok(holder && other && killed)
        const jobs = await take(holder, { max: 5, leaseMs: LEASE_MS, workerId: 'killed' })
        assert.equal(jobs.length, 5)
        await killed.process.kill()
        assert.deepEqual(await take(other, { max: 5 }), [])
        const over = { walk: 'lease', overOnly: true, limit: 10 } as const
        assert.deepEqual(await listAll(other, over), [])
        stage.clock.move(LEASE_MS)
        const swept = await listAll(other, over)
        assert.deepEqual(idsOf(swept).sort(), idsOf(jobs).sort())
        for (const job of swept) await must(other, expireTo('queued', job))
        const taken = await take(other, { max: 5, token: 'of-another', workerId: 'another' })
        assert.deepEqual(idsOf(taken), idsOf(jobs))
        for (const job of jobs) {
          const [, , expired, leased] = await eventsOf(stage.b, job.id)
          assert.deepEqual([expired?.type, expired?.workerId, leased?.fence], ['lease_expired', 'killed', 4])
          assert.equal((await changeOne(stage.b, succeed(job))).ok, false, 'the token of the killed one is dead')
        }
      })
    },
  ),
  long(
    'a lease whose process was killed › is still good for whoever has its token, until it is taken over [FENCE-4, FENCE-1]',
    async (stage) => {
      const { id } = only(await insertAll(stage.a, newJobs(1)))
      const job = await withOpenProcesses(stage, 1, async ([holder], [killed]) => {
        assert.ok(holder && killed)
        const taken = only(await take(holder, { leaseMs: LEASE_MS }))
        await killed.process.kill()
        return taken
      })
      stage.clock.move(2 * LEASE_MS)
      await must(stage.b, succeed(job))
      assert.equal((await read(stage.a, id)).state, 'succeeded')
    },
  ),
]

export const killed: readonly StoreCase[] = [...inMidWrite, ...withLeases]
