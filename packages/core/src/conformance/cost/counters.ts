import type { EngineHooks } from '../options.js'

/** What a store's package may count of its engine, by the name of its hook. */
export type Counted = 'trips' | 'statements' | 'commits'

const NAMES: readonly Counted[] = ['trips', 'statements', 'commits']

export type Costs = Readonly<Partial<Record<Counted, number>>>

export const countedBy = (engine: EngineHooks | undefined): readonly Counted[] =>
  NAMES.filter((name) => engine?.[name] !== undefined)

/** What all stores of the suite did meanwhile, so nothing else may be under way. */
export async function costsOf(engine: EngineHooks | undefined, work: () => Promise<unknown>): Promise<Costs> {
  const counters = countedBy(engine).map((name) => [name, engine?.[name] ?? (() => 0)] as const)
  const before = counters.map(([, read]) => read())
  await work()
  return Object.fromEntries(counters.map(([name, read], n) => [name, read() - (before[n] ?? 0)]))
}
