import { openStore } from '@stint/core'
import { type Context, freshName } from '../context.ts'
import { type Figure, median, rateBesideRaw, rateOf, spreadOf } from '../figures.ts'
import type { Loop } from '../loop.ts'
import { type Taken, taken } from '../meter.ts'
import { StoreLoop } from '../store-loop.ts'

/** Jobs of a round, by the size of its batches: each round takes some tenths of a second. */
const jobsFor = (size: number): number => (size === 1 ? 300 : size === 10 ? 2000 : 10_000)

interface Side {
  readonly loop: Loop
  readonly inserts: Taken[]
  readonly exchanges: Taken[]
  readonly upkeeps: Taken[]
}

/**
 * The heart of it: one exchange settles what the last one took and takes as many more, as fast as one connection does it. Beside it the bare
 * statements, round by round in turns, so that whatever else the machine does hits both.
 */
export async function exchange(context: Context): Promise<Figure[]> {
  const { place } = context
  const name = freshName()
  const loops: Loop[] = []
  try {
    const store = await openStore(place.url(name))
    await store.open()
    loops.push(new StoreLoop(store))
    const raw = await place.raw(freshName())
    if (raw !== null) loops.push(raw)
    const figures: Figure[] = []
    let done = 0
    for (const size of context.sizes) {
      const sides = await playSize(context, size, loops)
      figures.push(...figuresOf(size, sides))
      done += context.jobs(jobsFor(size)) * (context.rounds + 1)
    }
    const bytes = await place.bytes(name)
    if (bytes !== null)
      figures.push({ name: 'space: a finished job with its events', unit: 'bytes a job', value: bytes / done })
    return figures
  } finally {
    for (const loop of loops) await loop.close()
  }
}

async function playSize(context: Context, size: number, loops: readonly Loop[]): Promise<Side[]> {
  const sides = loops.map((loop): Side => ({ loop, inserts: [], exchanges: [], upkeeps: [] }))
  for (let round = 0; round <= context.rounds; round++) {
    // Who begins changes, so that neither always works in the other's wake.
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) await play(context, size, side)
  }
  return sides.map(({ loop, inserts, exchanges, upkeeps }) => ({
    loop,
    inserts: inserts.slice(1),
    exchanges: exchanges.slice(1),
    upkeeps: upkeeps.slice(1),
  }))
}

async function play(
  { place, jobs }: Context,
  size: number,
  { loop, inserts, exchanges, upkeeps }: Side,
): Promise<void> {
  const count = Math.max(size, jobs(jobsFor(size)))
  inserts.push(
    await taken(place.pid, async () => {
      for (let left = count; left > 0; left -= size) await loop.enqueue(Math.min(size, left))
      return count
    }),
  )
  exchanges.push(
    await taken(place.pid, async () => {
      let done = 0
      for (let got = await loop.exchange(size); got > 0; got = await loop.exchange(size)) done += got
      if (done !== count) throw new Error(`${done} jobs were taken of ${count}`)
      return done
    }),
  )
  upkeeps.push(
    await taken(place.pid, async () => {
      await loop.upkeep()
      return count
    }),
  )
}

function figuresOf(size: number, [store, raw]: readonly Side[]): Figure[] {
  if (store === undefined) return []
  const upkeep: Figure = {
    ...rateOf(`upkeep after ${size}s`, store.upkeeps),
    unit: 'ms',
    value: median(store.upkeeps.map(({ wallMs }) => wallMs)),
    spread: spreadOf(store.upkeeps.map(({ wallMs }) => wallMs)),
    note: 'one sweep and one look at the counts after each round',
  }
  if (raw === undefined)
    return [rateOf(`insert of ${size}`, store.inserts), rateOf(`exchange of ${size}`, store.exchanges), upkeep]
  return [
    rateBesideRaw(`insert of ${size}`, store.inserts, raw.inserts),
    rateBesideRaw(`exchange of ${size}`, store.exchanges, raw.exchanges),
    upkeep,
  ]
}
