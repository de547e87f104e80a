import { Bed, type Hand, type Leased, type Run, SUCCEEDED } from './bed.ts'
import type { Variant } from './table.ts'

const BATCH = 500
/** Leases that go on in each round. */
const BATCHES = 10

export interface Beats {
  readonly name: string
  readonly runs: readonly Run[]
  readonly hot: number | null
}

/** Five thousand leases go on, round by round, all variants by turns; the first round warms up. */
export async function beats(
  { url, pid, rounds }: { readonly url: string; readonly pid: number | null; readonly rounds: number },
  variants: Readonly<Record<string, Variant>>,
): Promise<Beats[]> {
  const sides = await Promise.all(
    Object.entries(variants).map(async ([name, variant], at) => {
      const bed = await Bed.make(url, `beats${at}`, variant, 1)
      const [hand] = bed.hands as [Hand]
      const held: Leased[][] = []
      await bed.withoutAutovacuum()
      for (let n = 0; n < BATCHES; n++) {
        await hand.enqueue(BATCH)
        held.push((await hand.settleAndTake(BATCH, [], SUCCEEDED)).taken)
      }
      return { name, bed, hand, held, runs: [] as Run[] }
    }),
  )
  for (let round = 0; round <= rounds; round++) {
    for (const { bed, hand, held, runs } of sides) {
      const run = await bed.measured(pid, async () => {
        let done = 0
        for (const some of held) done += await hand.beat(some)
        return done
      })
      if (round > 0) runs.push(run)
    }
  }
  const all = await Promise.all(sides.map(async ({ name, bed, runs }) => ({ name, runs, hot: await bed.hotShare() })))
  for (const { bed } of sides) await bed.drop()
  return all
}
