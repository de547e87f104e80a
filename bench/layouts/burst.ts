import { Bed, type Run } from './bed.ts'
import { checkBooks, checkPromises } from './promises.ts'
import type { Variant } from './table.ts'

export interface Side {
  readonly name: string
  readonly inserts: readonly Run[]
  readonly exchanges: readonly Run[]
  readonly hot: number | null
  /** A finished job with its events and all that stands for it in any table or index, unused room included. */
  readonly bytesAJob: number
}

export interface Burst {
  readonly url: string
  readonly pid: number | null
  /** So many jobs go in and one exchange takes. */
  readonly size: number
  readonly connections: number
  /** Of a round. */
  readonly jobs: number
  readonly rounds: number
}

/** All variants by turns: each round every one once, and who begins changes. The first round warms up. */
export async function burst(given: Burst, variants: Readonly<Record<string, Variant>>): Promise<Side[]> {
  const sides = Object.entries(variants).map(([name, variant], at) => ({
    name,
    make: () => Bed.make(given.url, `l${given.size}x${given.connections}n${at}`, variant, given.connections),
    inserts: [] as Run[],
    exchanges: [] as Run[],
  }))
  const beds = new Map<string, Bed>()
  try {
    for (const { name, make } of sides) {
      const bed = await make()
      beds.set(name, bed)
      await bed.withoutAutovacuum()
      await checkPromises(bed)
    }
    for (let round = 0; round <= given.rounds; round++) {
      for (let n = 0; n < sides.length; n++) {
        const side = sides[(n + round) % sides.length] as (typeof sides)[number]
        const { insert, exchange } = await play(given, beds.get(side.name) as Bed)
        if (round === 0) continue
        side.inserts.push(insert)
        side.exchanges.push(exchange)
      }
    }
    return await Promise.all(
      sides.map(async ({ name, inserts, exchanges }) => {
        const bed = beds.get(name) as Bed
        await checkBooks(bed)
        const bytesAJob = (await bed.bytes()) / (given.jobs * (given.rounds + 1))
        return { name, inserts, exchanges, bytesAJob, hot: await bed.hotShare() }
      }),
    )
  } finally {
    for (const bed of beds.values()) await bed.drop()
  }
}

async function play({ pid, size, jobs }: Burst, bed: Bed): Promise<{ insert: Run; exchange: Run }> {
  let left = jobs
  const insert = await bed.measured(pid, async () => {
    await Promise.all(
      bed.hands.map(async (hand) => {
        while (left > 0) {
          const count = Math.min(size, left)
          left -= count
          await hand.enqueue(count)
        }
      }),
    )
    return jobs
  })
  const exchange = await bed.measured(pid, async () => {
    const done = await Promise.all(
      bed.hands.map(async (hand) => {
        let done = 0
        for (let got = await hand.exchange(size); got > 0; got = await hand.exchange(size)) done += got
        return done
      }),
    )
    const all = done.reduce((sum, one) => sum + one, 0)
    if (all !== jobs) throw new Error(`${all} jobs were taken of ${jobs}`)
    return all
  })
  await bed.sweep()
  await bed.vacuum()
  return { insert, exchange }
}
