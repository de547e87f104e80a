import { Bed, type Hand } from './bed.ts'
import type { Variant } from './table.ts'

const BATCH = 500
const PAGE = 500

export interface FeedCost {
  readonly name: string
  readonly fresh: number
  readonly afterPurge: number
  readonly indexBytes: number
}

/** Pages that a page of the feed reads, before and after the older half of all jobs was removed and as many came anew: freed room is used again. */
export async function feedCost(url: string, name: string, variant: Variant, jobs: number): Promise<FeedCost> {
  const bed = await Bed.make(url, 'feed', variant, 1)
  try {
    const [hand] = bed.hands as [Hand]
    const run = async (): Promise<void> => {
      for (let left = jobs; left > 0; left -= BATCH) {
        await hand.enqueue(BATCH)
        await hand.exchange(BATCH)
      }
      while ((await hand.exchange(BATCH)) > 0);
    }
    await run()
    await bed.keeper.rows('vacuum analyze event')
    const fresh = await pagesRead(bed)
    await bed.keeper.rows(
      `delete from event where tx < (select percentile_disc(0.5) within group (order by tx) from event)`,
    )
    await bed.keeper.rows('vacuum event')
    await run()
    await bed.keeper.rows('vacuum analyze event')
    const afterPurge = await pagesRead(bed)
    const [row] = await bed.keeper.rows(`select pg_relation_size('event_feed')::float8 as bytes`)
    return { name, fresh, afterPurge, indexBytes: row?.bytes as number }
  } finally {
    await bed.drop()
  }
}

/** The median of windows all over the feed. A bitmap is what a BRIN index can do, so it is allowed here. */
async function pagesRead({ keeper }: Bed): Promise<number> {
  const pages: number[] = []
  for (const share of [0.1, 0.3, 0.5, 0.7, 0.9]) {
    const [at] = await keeper.rows(`select percentile_disc(${share}) within group (order by tx)::text as tx from event`)
    const text = `with p as (select * from event where tx >= ${at?.tx} and tx < ${at?.tx}::bigint + 3) select * from p order by tx, job_id, seq limit ${PAGE}`
    await keeper.rows('set enable_bitmapscan = on')
    const [plan] = await keeper.rows(`explain (analyze, buffers, format json) ${text}`)
    await keeper.rows('set enable_bitmapscan = off')
    const root = (plan?.['QUERY PLAN'] as [{ Plan: Record<string, number> }] | undefined)?.[0].Plan
    pages.push((root?.['Shared Hit Blocks'] ?? 0) + (root?.['Shared Read Blocks'] ?? 0))
  }
  return pages.sort((a, b) => a - b)[2] as number
}
