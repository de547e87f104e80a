/** What a process of the suite does by itself. */
import type { JobRecord } from '../../record.js'
import { systemClock } from '../../seam.js'
import type { Claim, Store } from '../../store.js'
import { failTo, succeed } from '../stage/commands.js'
import { claim, newJob, tokenOf } from '../stage/fixtures.js'
import type { ClaimAll, ToldWrite, WriteOn } from './orders.js'

/** An engine that is asked for what others are writing may say "come again" often, but not for ever. */
const MOST_IN_VAIN = 100

export async function claimAll(store: Store, { queue, max, workerId }: ClaimAll): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0, inVain = 0; inVain < MOST_IN_VAIN; n++) {
    const over = { token: `${workerId}-${n}`, workerId, max, from: [{ queue, limit: max }] }
    const { jobs, nextDueInMs } = await claimed(store, over)
    ids.push(...jobs.map(({ id }) => id))
    if (jobs.length > 0) inVain = 0
    else if (nextDueInMs === null) return ids
    else inVain++
  }
  return ids
}

async function claimed(store: Store, over: Partial<Claim>) {
  const [result] = (await store.exchange({ claims: [claim(over)] })).claims
  if (result === undefined) throw new Error('a claim was not answered')
  return result
}

type Write = (work: () => Promise<readonly JobRecord[]>, removing?: readonly string[]) => Promise<readonly JobRecord[]>

/** Rounds of every kind of write, over jobs of its own, without an end. */
export async function writeOn(
  store: Store,
  { name, restMs = 0 }: WriteOn,
  tell: (write: ToldWrite) => void,
): Promise<never> {
  let n = 0
  const write: Write = async (work, removed = []) => {
    n++
    tell({ n, isDone: false, jobs: [], removed })
    const jobs = await work()
    tell({ n, isDone: true, jobs: jobs.map(({ id, version }) => ({ id, version })), removed })
    if (restMs > 0) await new Promise<void>((resolve) => void systemClock.after(restMs, resolve))
    return jobs
  }
  for (;;) await round(store, `${name}-${n}`, write)
}

async function round(store: Store, name: string, write: Write): Promise<void> {
  const ids = [0, 1, 2, 3].map((i) => `${name}-${i}`)
  const jobs = ids.map((id) => newJob({ id, queue: 'written', key: id }))
  await write(async () => (await store.exchange({ inserts: jobs })).inserts.map(({ job }) => job))
  const over = { token: name, workerId: name, max: 3, from: [{ ids: ids.slice(0, 3) }] }
  const [settled, failed, beaten] = await write(async () => (await claimed(store, over)).jobs)
  if (!settled || !failed || !beaten) throw new Error(`the claim of ${name} took not all that it asked for`)
  await write(async () => {
    const changes = [succeed(settled), failTo('dead', failed)].map((change) => ({ ...change, returning: true }))
    const beats = [{ id: beaten.id, token: tokenOf(beaten), progress: '1', returning: true }]
    const result = await store.exchange({ changes, beats })
    return [...result.changes, ...result.beats].flatMap(({ job }) => job ?? [])
  })
  await write(async () => {
    const [isGone] = await store.remove([{ id: failed.id, version: failed.version + 1 }])
    if (!isGone) throw new Error(`${failed.id} was not removed`)
    return []
  }, [failed.id])
  await write(async () => {
    await store.configure([{ kind: 'schedule', name, value: '1', ifVersion: 0 }])
    return []
  })
}
