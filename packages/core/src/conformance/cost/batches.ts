/** What a batch costs whatever is in it (BATCH-3). Statements inside the process may grow with it, round trips and commits may not. */
import assert from 'node:assert/strict'
import type { JobRecord } from '../../record.js'
import type { Batch } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { cancel, expireTo, retry, succeed } from '../stage/commands.js'
import { changeAll, claim, idsOf, insertAll, newJobs, take, tokenOf } from '../stage/fixtures.js'
import type { Stage } from '../stage/stage.js'
import { costsOf } from './counters.js'

const MOST = 500

/** Brings about what a batch of so many items needs, and answers with the batch and with how many of its items have to be applied. */
type Prepare = (stage: Stage, items: number) => Promise<{ readonly batch: Batch; readonly applied: number }>

const held = async ({ a }: Stage, items: number): Promise<readonly JobRecord[]> => {
  await insertAll(a, newJobs(items, { queue: 'held' }))
  return take(a, { max: items, from: [{ queue: 'held', limit: items }] })
}

const BATCHES: Readonly<Record<string, Prepare>> = {
  async inserts(_, items) {
    return { batch: { inserts: newJobs(items) }, applied: items }
  },
  async 'inserts that are there already'({ a }, items) {
    const there = newJobs(items)
    await insertAll(a, there)
    return { batch: { inserts: there }, applied: 0 }
  },
  async 'changes by states'({ a }, items) {
    const changes = (await insertAll(a, newJobs(items))).map(cancel)
    return { batch: { changes }, applied: items }
  },
  async 'changes by tokens'(stage, items) {
    const changes = (await held(stage, items)).map((job) => succeed(job))
    return { batch: { changes }, applied: items }
  },
  async 'changes of leases that are over'(stage, items) {
    const changes = (await held(stage, items)).map((job) => expireTo('queued', job))
    stage.clock.move(60_000)
    return { batch: { changes }, applied: items }
  },
  async 'changes that take unique keys again'({ a }, items) {
    const key = await insertAll(
      a,
      newJobs(items).map((job) => ({ ...job, key: job.id })),
    )
    await changeAll(a, key.map(cancel))
    const changes = (await a.get(idsOf(key))).flatMap((job) => (job === null ? [] : [retry(job)]))
    return { batch: { changes }, applied: items }
  },
  async 'changes that are refused'(stage, items) {
    const changes = (await held(stage, items)).map((job) => succeed(job, 'token-of-nobody'))
    return { batch: { changes }, applied: 0 }
  },
  async beats(stage, items) {
    const beats = (await held(stage, items)).map((job) => ({ id: job.id, token: tokenOf(job), leaseMs: 45_000 }))
    return { batch: { beats }, applied: items }
  },
  async 'beats that are refused'(stage, items) {
    const beats = (await held(stage, items)).map(({ id }) => ({ id, token: 'token-of-nobody', progress: '1' }))
    return { batch: { beats }, applied: 0 }
  },
  async 'jobs for one claim'({ a }, items) {
    await insertAll(a, newJobs(items))
    return { batch: { claims: [claim({ max: items })] }, applied: items }
  },
  async 'ids for one claim'({ a }, items) {
    const ids = idsOf(await insertAll(a, newJobs(items)))
    return { batch: { claims: [claim({ max: items, from: [{ ids }] })] }, applied: items }
  },
  async 'claims of one entry'({ a }, items) {
    await insertAll(a, newJobs(items))
    return { batch: { claims: Array.from({ length: items }, () => claim()) }, applied: items }
  },
  async 'inserts, changes and beats, and a claim of as many,'(stage, items) {
    await insertAll(stage.a, newJobs(items, { queue: 'due' }))
    const each = Math.max(1, Math.floor((items - 1) / 3))
    const [settled, beaten] = [await held(stage, each), await held(stage, each)]
    const batch = {
      inserts: newJobs(each),
      changes: settled.map((job) => succeed(job)),
      beats: beaten.map((job) => ({ id: job.id, token: tokenOf(job), leaseMs: 45_000 })),
      claims: [claim({ max: each, from: [{ queue: 'due', limit: each }] })],
    }
    return { batch, applied: 4 * each }
  },
}

/** Played with one item once before: what an engine prepares at its first call of a kind would make the one look dearer than it is. */
async function costsNoMore(stage: Stage, prepare: Prepare): Promise<void> {
  let applied = 0
  const costOf = async (items: number) => {
    const prepared = await prepare(stage, items)
    const { batch } = prepared
    applied = prepared.applied
    let done = 0
    const costs = await costsOf(stage.options.engine, async () => {
      const { inserts, changes, beats, claims } = await stage.a.exchange(batch)
      done = inserts.filter(({ isNew }) => isNew).length + [...changes, ...beats].filter(({ ok }) => ok).length
      done += claims.reduce((sum, { jobs }) => sum + jobs.length, 0)
    })
    assert.equal(done, applied, 'as many items of the batch were applied as had to be')
    return costs
  }
  await costOf(1)
  const [one, many] = [await costOf(1), await costOf(MOST)]
  for (const [name, what] of [
    ['trips', 'round trips'],
    ['commits', 'commits'],
  ] as const) {
    const [few = 0, more = 0] = [one[name], many[name]]
    assert.ok(more <= few, `a batch of ${MOST} items made ${more} ${what}, a batch of one made ${few}`)
  }
  // A store that refuses everything may end without a commit.
  if (applied > 0) assert.ok((one.trips ?? 0) + (one.commits ?? 0) > 0, 'a write makes a round trip or a commit')
}

export const costOfBatches: readonly StoreCase[] = Object.entries(BATCHES).map(([what, prepare]) =>
  fact(
    `exchange › of 500 ${what} › makes no more round trips and commits than of one [BATCH-3]`,
    (stage) => costsNoMore(stage, prepare),
    NEEDS.counted,
  ),
)
