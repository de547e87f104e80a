import type { Context } from './context.ts'
import type { Figure } from './figures.ts'
import { MEASUREMENTS } from './measurements.ts'

/** Runs the named measurements one after the other; `told` hears each as it is done. */
export async function bench(
  context: Context,
  names: readonly string[],
  told: (figures: readonly Figure[]) => void = () => {},
): Promise<Figure[]> {
  const all: Figure[] = []
  for (const name of names) {
    const measure = MEASUREMENTS[name]
    if (measure === undefined) throw new TypeError(`there is no measurement '${name}'`)
    const figures = await measure(context)
    all.push(...figures)
    told(figures)
  }
  return all
}
