import type { JobRecord } from '@stint/core'
import { type JobRow, jobOf, wholeOf } from '../record.js'
import { Columns } from './columns.js'
import { byKey, type Key, nameOf } from './read.js'
import type { Step } from './step.js'

/** Who wants a unique key. */
export interface Wish extends Key {
  readonly id: string
}

const WISHES = new Columns<Wish>(1, [
  ['queue', 'text', ({ queue }) => queue],
  ['key', 'text', ({ key }) => key],
  ['id', 'text', ({ id }) => id],
])
const IN_ORDER = `select u.queue, u.key, u.id from ${WISHES.text} order by u.queue, u.key`

const GRANT = `insert into stint.live_key(queue, key, id) ${IN_ORDER} on conflict do nothing returning queue, key`
const TAKEN = `select l.* from (${IN_ORDER}) u, lateral (
  select l.queue, l.key, l.id from stint.live_key l where l.queue = u.queue and l.key = u.key for update) l`
// In a statement of its own: the one before may have waited, and its snapshot is from before.
const HOLDERS = `select ${wholeOf('j')} from stint.job j where j.id = any($1::text[]) and j.state < 4`
const PLACES = `select u.id, l.rc, l.holder from ${WISHES.text}, lateral (
  select l.ctid as rc, l.id as holder from stint.live_key l where l.queue = u.queue and l.key = u.key limit 1) l`
const TAKE_OVER = `with p as materialized (${PLACES})
update stint.live_key l set id = p.id from p where l.ctid = any(array(select rc from p)) and l.ctid = p.rc`
const GIVE_BACK = `with p as materialized (${PLACES})
delete from stint.live_key where ctid = any(array(select rc from p where holder = id))`

/** Rows that vanish between two statements were freed by somebody who has just committed; nobody can do that for ever. */
const TRIES = 20

/**
 * Takes unique keys, each wished for once. Answers with the holders of those that are taken; all others are granted. `isFreed`: the holder
 * is ended by this very call, before the wish.
 */
export async function takeKeys(
  { session }: Step,
  wishes: readonly Wish[],
  isFreed: (wish: Wish, holder: string) => boolean = () => false,
): Promise<Map<string, JobRecord>> {
  const holders = new Map<string, JobRecord>()
  let open = wishes
  for (let tries = 0; open.length > 0; tries++) {
    if (tries === TRIES) throw new Error('unique keys are taken and freed faster than they can be looked at')
    const granted = new Set((await session.rows<Key>(GRANT, ...WISHES.values(open))).map(nameOf))
    open = open.filter((wish) => !granted.has(nameOf(wish)))
    if (open.length === 0) break
    // Nothing is locked for a holder that is live: who ends it just now must not wait for who waits for its id.
    for (const [name, job] of await byKey(session, open)) {
      const wish = open.find((one) => nameOf(one) === name) as Wish
      if (!isFreed(wish, job.id)) holders.set(name, job)
    }
    open = open.filter((wish) => !holders.has(nameOf(wish)))
    if (open.length === 0) break
    const taken = await session.rows<Wish>(TAKEN, ...WISHES.values(open))
    const jobs = await session.rows<JobRow>(
      HOLDERS,
      taken.map(({ id }) => id),
    )
    const live = new Map(jobs.map((row) => [row.id, jobOf(row)]))
    const stale = new Set<string>()
    for (const row of taken) {
      const job = live.get(row.id)
      const wish = open.find((one) => nameOf(one) === nameOf(row)) as Wish
      if (job !== undefined && job.queue === row.queue && job.key === row.key && !isFreed(wish, row.id))
        holders.set(nameOf(row), job)
      else stale.add(nameOf(row))
    }
    const own = open.filter((wish) => stale.has(nameOf(wish)))
    if (own.length > 0) await session.run(TAKE_OVER, ...WISHES.values(own))
    open = open.filter((wish) => !stale.has(nameOf(wish)) && !holders.has(nameOf(wish)))
  }
  return holders
}

export async function giveBack({ session }: Step, wishes: readonly Wish[]): Promise<void> {
  if (wishes.length > 0) await session.run(GIVE_BACK, ...WISHES.values(wishes))
}
