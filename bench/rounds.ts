import type { Context } from './context.ts'
import { type Taken, taken } from './meter.ts'

/** The same work so often, the first time not counted. It answers for how many jobs it was. */
export async function rounds({ place, rounds: counted }: Context, work: () => Promise<number>): Promise<Taken[]> {
  await work()
  const took: Taken[] = []
  for (let n = 0; n < counted; n++) took.push(await taken(place.pid, work))
  return took
}
